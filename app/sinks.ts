/** Everything that leaves the pipeline: a table a retained topic, the control tower's read model, and what Odoo shows. */
import { type ClickHouse } from '../sinks/clickhouse/client.ts'
import { tables, tableSinks } from '../sinks/clickhouse/tables.ts'
import { controlTowerSinks } from '../sinks/control-tower/sinks.ts'
import type { Views } from '../sinks/control-tower/views.ts'
import type { OdooGate } from '../sinks/odoo/gate.ts'
import { odooSinks } from '../sinks/odoo/sinks.ts'
import type { AnySink } from '../streams/sink.ts'
import type { Config } from './config.ts'

export const clickhouseSinks = (clickhouse: ClickHouse): readonly AnySink[] =>
  tableSinks(clickhouse) as readonly AnySink[]
export const towerSinks = (views: Views): readonly AnySink[] => controlTowerSinks(views)

/** Those that run where the settings name an Odoo. */
export const isOfOdoo = (name: string): boolean => name.startsWith('odoo/')
/** All names and topics, known without anything being open. */
export const sinkNames = (): readonly { readonly name: string; readonly reads: string }[] => [
  ...tables.map(({ name, reads }) => ({ name: `clickhouse/${name}`, reads: reads.name })),
  // A sink touches its views only when it writes.
  ...controlTowerSinks(undefined as unknown as Views).map(({ name, reads }) => ({ name, reads: reads.name })),
  ...odooSinks(undefined as unknown as OdooGate, { tower: '', log: '' }).map(({ name, reads }) => ({
    ...{ name, reads: reads.name },
  })),
]
/**
 * Those that have written everything before an installation moves. What goes to Odoo may have to wait for long, and starts
 * over in the new place: there it is written again, over what is there.
 */
export const drainedSinks = (): ReturnType<typeof sinkNames> => sinkNames().filter(({ name }) => !isOfOdoo(name))
/** Those that run with these settings. */
export const sinksOf = (config: Pick<Config, 'odooUrl'>): ReturnType<typeof sinkNames> =>
  sinkNames().filter(({ name }) => config.odooUrl !== undefined || !isOfOdoo(name))
