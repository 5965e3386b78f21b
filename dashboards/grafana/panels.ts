/** Panels that ask ClickHouse, with what all of them have in common; where they lie is board.ts's concern. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import { PanelBuilder as BarsBuilder } from '@grafana/grafana-foundation-sdk/barchart'
import {
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** Chosen in each dashboard, so that one may have several ClickHouse. */
export const CLICKHOUSE: DataSourceRef = { type: 'grafana-clickhouse-datasource', uid: '${datasource}' }
const REF = 'A'

/** As the plugin keeps a query that was written by hand (grafana/clickhouse-datasource, src/types/sql.ts). */
export interface ClickHouseQuery extends Dataquery {
  readonly refId: string
  readonly datasource: DataSourceRef
  readonly editorType: 'sql'
  readonly queryType: 'timeseries' | 'table'
  /** 0: a column of times makes series; 1: rows. */
  readonly format: 0 | 1
  readonly rawSql: string
}

const query = (rawSql: string, queryType: ClickHouseQuery['queryType']): Builder<Dataquery> => ({
  build: (): ClickHouseQuery => ({
    ...{ refId: REF, datasource: CLICKHOUSE, editorType: 'sql', queryType },
    format: queryType === 'timeseries' ? 0 : 1,
    rawSql: rawSql.trim().replace(/\n {2,}/g, '\n'),
    _implementsDataqueryVariant: () => undefined,
  }),
})

/** From which values on which colour; the first holds below all. */
export type Steps = readonly [below: string, ...from: (readonly [value: number, color: string])[]]
export interface Look {
  readonly title: string
  /** What it shows and how to read it. */
  readonly says: string
  readonly sql: string
  /** https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit */
  readonly unit?: string
  readonly steps?: Steps
  /** Of 24 columns. */
  readonly width?: number
  readonly height?: number
  /** By column: its unit, where it is not the panel's. */
  readonly units?: Readonly<Record<string, string>>
  /** By column: where a click on a value leads. */
  readonly links?: Readonly<Record<string, string>>
}

export const COLORS = { good: 'green', bad: 'red', warning: 'orange', none: 'text' } as const

const thresholds = ([below, ...from]: Steps) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ color: below, value: null }, ...from.map(([value, color]): Threshold => ({ color, value }))])

type AnyPanel = SeriesBuilder | TableBuilder | StatBuilder | BarsBuilder

function common<B extends AnyPanel>(panel: B, look: Look, width: number, height: number): B {
  panel.title(look.title).description(look.says).datasource(CLICKHOUSE)
  panel.span(look.width ?? width).height(look.height ?? height)
  panel.unit(look.unit ?? 'short')
  if (look.steps) panel.thresholds(thresholds(look.steps))
  for (const [column, unit] of Object.entries(look.units ?? {}))
    panel.overrideByName(column, [{ id: 'unit', value: unit }])
  for (const [column, url] of Object.entries(look.links ?? {}))
    panel.overrideByName(column, [{ id: 'links', value: [{ title: 'Control tower', url, targetBlank: true }] }])
  return panel
}

const LEGEND = () =>
  new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([])

/** One row, a figure a column. */
export const stat = (look: Look): Panel =>
  common(new StatBuilder(), look, 6, 4)
    .withTarget(query(look.sql, 'table'))
    .graphMode(BigValueGraphMode.None)
    .colorMode(look.steps ? BigValueColorMode.Value : BigValueColorMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('/.*/').values(false))
    .build()

/** A column `time`, perhaps one of names, and figures. */
export const series = (look: Look & { readonly stacked?: boolean; readonly every?: string }): Panel => {
  const panel = common(new SeriesBuilder(), look, 12, 8)
    .withTarget(query(look.sql, 'timeseries'))
    .legend(LEGEND())
    .showPoints(VisibilityMode.Auto)
    .fillOpacity(look.stacked ? 30 : 8)
    .min(0)
  if (look.stacked) panel.stacking({ build: () => ({ mode: StackingMode.Normal, group: 'A' }) })
  if (look.every !== undefined) panel.interval(look.every)
  return panel.build()
}

export const table = (look: Look): Panel =>
  common(new TableBuilder(), look, 24, 9).withTarget(query(look.sql, 'table')).filterable(true).build()

/** A first column of names, and figures. */
export const bars = (look: Look & { readonly across?: boolean }): Panel =>
  common(new BarsBuilder(), look, 12, 8)
    .withTarget(query(look.sql, 'table'))
    .orientation(look.across ? VizOrientation.Horizontal : VizOrientation.Vertical)
    .legend(LEGEND())
    .showValue(VisibilityMode.Auto)
    .build()
