/** Everything that leaves the pipeline: a table a retained topic, and the control tower's read model. */
import { type ClickHouse } from '../sinks/clickhouse/client.ts'
import { tables, tableSinks } from '../sinks/clickhouse/tables.ts'
import { controlTowerSinks } from '../sinks/control-tower/sinks.ts'
import type { Views } from '../sinks/control-tower/views.ts'
import type { AnySink } from '../streams/sink.ts'

export const clickhouseSinks = (clickhouse: ClickHouse): readonly AnySink[] =>
  tableSinks(clickhouse) as readonly AnySink[]
export const towerSinks = (views: Views): readonly AnySink[] => controlTowerSinks(views)

/** Their names and topics, known without anything being open. */
export const sinkNames = (): readonly { readonly name: string; readonly reads: string }[] => [
  ...tables.map(({ name, reads }) => ({ name: `clickhouse/${name}`, reads: reads.name })),
  // A sink touches its views only when it writes.
  ...controlTowerSinks(undefined as unknown as Views).map(({ name, reads }) => ({ name, reads: reads.name })),
]
