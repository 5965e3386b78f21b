/** Whether everything is there once: the log's topics against one another, ClickHouse's tables against the topics. */
import type { Opened } from '../../app/open-log.ts'
import { readAll } from '../../app/read-topic.ts'
import * as topics from '../../schemas/topics.ts'
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { tables } from '../../sinks/clickhouse/tables.ts'
import type { Topic } from '../../streams/topic.ts'
import type { Totals } from '../feeder/world.ts'

export interface TopicCount {
  readonly records: number
  /** Distinct eventIds. */
  readonly events: number
  /** Distinct facts: what `identityOf` tells apart. */
  readonly facts: number
  /** Records that say their fact for the first time. */
  readonly first: number
}
export type Counts = ReadonlyMap<string, TopicCount>

/** Count all that the log holds, by topic. */
export async function countsOf(opened: Opened): Promise<Counts> {
  const counts = new Map<string, TopicCount>()
  const all = Object.values(topics).filter(one => typeof one === 'object') as unknown as Topic<string, object>[]
  for (const topic of all) {
    let [records, first] = [0, 0]
    const [events, facts] = [new Set<string>(), new Set<string>()]
    for await (const { event } of readAll(opened, topic)) {
      records++
      events.add(event.eventId)
      facts.add(topic.identityOf(event.value))
      if ('revision' in event.value && event.value.revision === 1) first++
    }
    counts.set(topic.name, { records, events: events.size, facts: facts.size, first })
  }
  return counts
}

const NOTHING: TopicCount = { records: 0, events: 0, facts: 0, first: 0 }
const of = (counts: Counts, { name }: { readonly name: string }) => counts.get(name) ?? NOTHING

/** What comes from outside may be appended twice: its sender was not answered and sent it again. */
const HEARD: ReadonlySet<string> = new Set(
  [
    ...[topics.telematicsPositions, topics.carrierEvents, topics.shipmentRequests],
    ...[topics.deliveries, topics.sourcesHeard, topics.clockTicks, topics.refusals],
  ].map(({ name }) => name),
)

/** What is wrong with the log after a world of these totals was sent: empty if nothing is. */
export function faultsOfLog(counts: Counts, totals: Totals): string[] {
  const faults: string[] = []
  const expect = (what: string, expected: number, found: number) => {
    if (expected !== found) faults.push(`log: ${what}: ${expected} expected, ${found} found`)
  }
  // All that was sent was answered with 2xx, so it has to be here; the clock's fix is one of the positions.
  expect('distinct positions', totals.positions, of(counts, topics.telematicsPositions).events)
  expect('distinct plans', totals.plans, of(counts, topics.shipmentRequests).events)
  expect('distinct carrier events', totals.carrierEventVersions, of(counts, topics.carrierEvents).events)
  expect('cleaned positions', totals.positions, of(counts, topics.vehiclePositions).facts)
  for (const topic of [topics.deadLetters, topics.refusals, topics.lates])
    expect(`records in ${topic.name}`, 0, of(counts, topic).records)
  for (const [name, { records, events }] of counts)
    if (!HEARD.has(name) && records !== events) faults.push(`log: ${name}: ${records - events} records are there twice`)
  return faults
}

/** What ClickHouse has too many or too few of. */
export async function faultsOfTables(counts: Counts, clickhouse: ClickHouse): Promise<string[]> {
  const faults: string[] = []
  const count = async (what: string, from: string) => {
    const [row] = await clickhouse.query<{ n: string }>(`SELECT ${what} AS n FROM ${from}`)
    return Number(row?.n)
  }
  const expect = (what: string, expected: number, found: number) => {
    if (expected !== found) faults.push(`ClickHouse: ${what}: ${expected} expected, ${found} found`)
  }
  for (const { name, reads } of tables) {
    const { records, events, facts } = of(counts, reads)
    const keepsRevisions = reads.name !== topics.vehiclePositions.name
    expect(`${name} FINAL`, keepsRevisions ? events : facts, await count('count()', `${name} FINAL`))
    // The tables would forgive a batch that was inserted twice; it must not have been.
    if (keepsRevisions && !HEARD.has(reads.name))
      expect(`${name}, before merging`, records, await count('count()', name))
  }
  // What a view has summed up can't be forgiven at all.
  expect(
    'positions in position_lag',
    of(counts, topics.vehiclePositions).first,
    await count('sum(positions)', 'position_lag'),
  )
  return faults
}
