/** What is wrong with a dashboard as Grafana will load it, each in a sentence. */
import type { Panel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard } from '../../dashboards/grafana/board.ts'
import type { ClickHouseQuery } from '../../dashboards/grafana/panels.ts'

export const panelsOf = ({ panels = [] }: Dashboard): Panel[] =>
  panels.filter((panel): panel is Panel => panel.type !== 'row')
export const variablesOf = ({ templating }: Dashboard): readonly VariableModel[] => templating.list ?? []
export const queryOf = ({ targets = [] }: Panel): ClickHouseQuery => targets[0] as ClickHouseQuery
/** The SQL of what is chosen from. */
export const sqlOf = ({ query }: VariableModel): string =>
  typeof query === 'object' && typeof query['rawSql'] === 'string' ? query['rawSql'] : ''

const UNITS = new Set(['short', 'percentunit', 's', 'ms', 'm', 'cps'])
const COLUMNS = 24

export function faultsOf(board: Dashboard): string[] {
  const faults: string[] = []
  const all = board.panels ?? []
  const ids = all.map(({ id }) => id)
  if (ids.some(id => id === undefined) || new Set(ids).size < ids.length)
    faults.push('panels share an id, or have none')
  for (const [n, one] of all.entries()) {
    const { x, y, w, h } = one.gridPos ?? { x: -1, y: -1, w: 0, h: 0 }
    if (x < 0 || y < 0 || w < 1 || h < 1 || x + w > COLUMNS) faults.push(`${one.title ?? ''} lies outside of the grid`)
    for (const other of all.slice(n + 1)) {
      const at = other.gridPos ?? { x: -1, y: -1, w: 0, h: 0 }
      const apart = x + w <= at.x || at.x + at.w <= x || y + h <= at.y || at.y + at.h <= y
      if (!apart) faults.push(`${one.title ?? ''} lies over ${other.title ?? ''}`)
    }
  }
  const names = variablesOf(board).map(({ name }) => name)
  if (names[0] !== 'datasource') faults.push('the data source is not chosen first')
  for (const panel of panelsOf(board)) faults.push(...faultsOfPanel(panel, names))
  return faults
}

function faultsOfPanel(panel: Panel, names: readonly string[]): string[] {
  const faults: string[] = []
  const { title = '', description = '', datasource, fieldConfig, targets = [] } = panel
  if (title === '' || description === '') faults.push(`${title}: it does not say what it shows`)
  if (!UNITS.has(fieldConfig?.defaults.unit ?? '')) faults.push(`${title}: no unit`)
  if (targets.length !== 1) faults.push(`${title}: ${targets.length} queries`)
  for (const { uid } of [datasource ?? {}, queryOf(panel).datasource])
    if (uid !== '${datasource}')
      faults.push(`${title}: it asks ${uid ?? 'nobody'}, and not the data source that is chosen`)
  const asked = [...queryOf(panel).rawSql.matchAll(/\$\{(\w+)|, \$(\w+)\)/g)].map(([, a, b]) => a ?? b ?? '')
  for (const name of asked) if (!names.includes(name)) faults.push(`${title}: there is no variable ${name}`)
  const isSeries = queryOf(panel).queryType === 'timeseries'
  if (isSeries !== (panel.type === 'timeseries')) faults.push(`${title}: its query is not of its kind`)
  return faults
}
