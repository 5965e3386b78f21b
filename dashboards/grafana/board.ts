/** A dashboard of rows of panels: laid out in Grafana's 24 columns, numbered, and with its variables. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type GridPos,
  type Panel,
  QueryVariableBuilder,
  type RowPanel,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { CLICKHOUSE } from './panels.ts'

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}
/** What the viewer chooses from; all, unless chosen. */
export interface Choice {
  readonly name: string
  readonly label: string
  /** One column. */
  readonly sql: string
}
export interface Board {
  readonly uid: string
  readonly title: string
  readonly says: string
  /** How far back it looks: `now-24h`. */
  readonly from: string
  readonly refresh: string
  readonly choices: readonly Choice[]
  readonly rows: readonly Row[]
}

/* eslint-disable @typescript-eslint/no-deprecated -- the second version is only for Grafana 13, which reads this one too */
/** As Grafana keeps it, first version. */
export type Dashboard = ReturnType<DashboardBuilder['build']>
const begin = (title: string) => new DashboardBuilder(title)
/* eslint-enable @typescript-eslint/no-deprecated */

const COLUMNS = 24
const TAG = 'milepost'
/** Where the control tower is, for links to it. */
const TOWER = 'tower'
const TOWER_URL = 'http://127.0.0.1:8080'

export function dashboardOf({ uid, title, says, from, refresh, choices, rows }: Board): Dashboard {
  const built = begin(title)
    .uid(uid)
    .description(says)
    .tags([TAG])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: 'now' })
    .timezone('browser')
    .refresh(refresh)
    .links([
      new DashboardLinkBuilder('Milepost')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    ])
    .variables([
      new DatasourceVariableBuilder('datasource').label('ClickHouse').type(CLICKHOUSE.type ?? ''),
      ...choices.map(({ name, label, sql }) =>
        new QueryVariableBuilder(name)
          .label(label)
          .datasource(CLICKHOUSE)
          .query({ editorType: 'sql', rawSql: sql })
          .definition(sql)
          .refresh(VariableRefresh.OnTimeRangeChanged)
          .sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
          .multi(true)
          .includeAll(true)
          .current({ text: 'All', value: '$__all' }),
      ),
      new TextBoxVariableBuilder(TOWER)
        .label('Control tower')
        .defaultValue(TOWER_URL)
        .current({ text: TOWER_URL, value: TOWER_URL }),
    ])
    .build()
  return { ...built, panels: laidOut(rows) }
}

/** From left to right, then below what is highest; a row begins below all. */
function laidOut(rows: readonly Row[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = []
  let [id, y] = [0, 0]
  for (const { title, panels } of rows) {
    placed.push({ type: 'row', title, id: ++id, collapsed: false, panels: [], gridPos: at(0, y++, COLUMNS, 1) })
    let [x, height] = [0, 0]
    for (const panel of panels) {
      const { w = COLUMNS, h = 8 } = panel.gridPos ?? {}
      if (x + w > COLUMNS) [x, y, height] = [0, y + height, 0]
      placed.push({ ...panel, id: ++id, gridPos: at(x, y, w, h) })
      x += w
      height = Math.max(height, h)
    }
    y += height
  }
  return placed
}

const at = (x: number, y: number, w: number, h: number): GridPos => ({ x, y, w, h })

/** Rows of the chosen values of a column only. */
export const chosen = (column: string, choice: string): string =>
  `$__conditionalAll(${column} IN (\${${choice}:singlequote}), $${choice})`
/** A page of the control tower, for a column whose values are shipments. */
export const shipmentPage = `\${${TOWER}}/?shipment=\${__value.raw}`
