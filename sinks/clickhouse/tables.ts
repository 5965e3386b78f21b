/**
 * Every retained topic has a table: its columns are the fields of the topic's schema in snake_case. A new table is a line
 * here and a migration (test/sinks/clickhouse/tables.test.ts compares the two).
 */
import { currentSchema } from '../../schemas/registry.ts'
import * as topics from '../../schemas/topics.ts'
import { type Batch, type Sink, Unwritable } from '../../streams/sink.ts'
import type { Topic } from '../../streams/topic.ts'
import type { ClickHouse } from './client.ts'
import { BadRow, rowEncoder } from './rows.ts'

export interface Table<V> {
  readonly name: string
  readonly reads: Topic<string, V>
  /** Columns that are not called as their field in snake_case, by field. */
  readonly renamed: Readonly<Record<string, string>>
}

const table = <V>(name: string, reads: Topic<string, V>, renamed: Readonly<Record<string, string>> = {}): Table<V> => ({
  ...{ name, reads, renamed },
})

export const tables = [
  table('vehicle_positions', topics.vehiclePositions),
  table('carrier_events', topics.carrierEvents),
  table('reference_links', topics.referenceLinks),
  table('shipment_events', topics.shipmentEvents),
  table('shipment_plans', topics.shipmentPlans),
  table('vehicle_assignments', topics.vehicleAssignments),
  table('shipment_sightings', topics.shipmentSightings),
  table('shipment_milestones', topics.shipmentMilestones),
  table('shipment_etas', topics.shipmentEtas),
  table('cases', topics.cases),
  table('case_actions', topics.caseActions),
  // Whose lag it is matters more to readers than who measured it.
  table('event_lag', topics.eventLags, { ofSource: 'source', source: 'measured_by' }),
  table('refused', topics.refusals),
  table('late', topics.lates),
  table('dead_letters', topics.deadLetters),
  table('audit', topics.audits),
] as const

/** The sink of a table; its name is `clickhouse/TABLE`. */
export function tableSink<V>({ name, reads, renamed }: Table<V>, clickhouse: ClickHouse): Sink<V> {
  const encode = rowEncoder(currentSchema(reads.name).schema, renamed)
  return {
    name: `clickhouse/${name}`,
    reads,
    async write({ token, events }: Batch<V>) {
      try {
        await clickhouse.insert(name, encode(events), { token })
      } catch (error) {
        if (!(error instanceof BadRow)) throw error
        const event = events[error.index]
        if (event === undefined) throw error
        throw new Unwritable(`${name}: ${error.message}`, event.eventId, { cause: error })
      }
    },
  }
}

export const tableSinks = (clickhouse: ClickHouse): Sink<never>[] =>
  tables.map(one => tableSink(one as unknown as Table<never>, clickhouse))
