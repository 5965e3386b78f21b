/** An installation made by hand that has come to rest, and what of it has to be found again after it was moved. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readersOf } from '../../app/migrate/at-rest.ts'
import { migrate, type Report, type Wish } from '../../app/migrate/migrate.ts'
import { type Config, loadConfig } from '../../app/config.ts'
import { openLog, type OurLog } from '../../app/open-log.ts'
import { processors } from '../../app/pipeline.ts'
import { allTopics } from '../../app/topic-named.ts'
import { localWire } from '../../schemas/codec.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { clockTicks, deadLetters, shipmentMilestones, telematicsPositions } from '../../schemas/topics.ts'
import { commit } from '../../streams/commit.ts'
import { type AlarmChange, NOTHING_YET, type Outgoing, place, type StateChange } from '../../streams/log/log.ts'
import { outgoing } from '../../streams/outgoing.ts'
import { partitionOf } from '../../streams/partition.ts'
import type { Instant } from '../../streams/time.ts'
import { tasksOf } from '../../streams/topology.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { positions } from '../support/positions.ts'

export type Env = Readonly<Record<string, string>>
export interface Place {
  readonly root: string
  readonly config: (name: string, env?: Env) => Config
}
export function placeFor(t: Pick<TestContext, 'after'>): Place {
  const root = mkdtempSync(join(tmpdir(), 'milepost-migrate-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const config: Place['config'] = (name, env = {}) =>
    loadConfig({ MILEPOST_CONFIG: join(root, 'none'), MILEPOST_DATA: join(root, name), ...env })
  return { root, config }
}
export const four: Env = { MILEPOST_PARTITIONS: '4' }

export const moved = (from: Config, to: Config, other: Partial<Wish> = {}): Promise<Report> =>
  migrate({
    ...{ from, to, wait: false, until: new AbortController().signal },
    told: () => undefined,
    progress: () => undefined,
    ...other,
  })

const at = (n: number) => n as Instant
const said = (n: number) => ({ source: 'test', emittedAt: null, receivedAt: at(n), cause: null })
const CAUSE = 'ab'.repeat(16)
export const KEYS = Array.from({ length: 40 }, (_, n) => `key-${n}`)

const milestone = (shipmentId: string, revision: number) => ({
  ...{ occurredAt: at(revision), shipmentId, stopId: 'A', code: 'delivered', classifier: 'actual' as const },
  ...{ claimedBy: 'carrier:acme', claims: [], customerId: null, carrierId: null, companyId: null },
  ...{ revision, retracted: revision % 5 === 0 },
})
const fix = (position: ReturnType<typeof positions>[number]) => ({
  ...{ ...position, occurredAt: at(Date.parse(position.occurredAt)) },
  ...{ courseDeg: null, altitudeM: null, accuracyM: null, ignition: null, odometerM: null, attributes: null },
})
export const TICKS = 3

/** Records of all kinds: `count` positions of each vehicle, revised milestones, ticks, what can't be read, and a letter of it. */
export async function append(log: OurLog, count: number, from = 0): Promise<void> {
  const record = (topic: unknown, value: { occurredAt: Instant }, n = 1) =>
    outgoing(localWire, log.partitionsOf, topic as AnyTopic, value, said(n))
  const poison: Outgoing = {
    ...{ topic: shipmentMilestones.name, key: 'key-1', cause: CAUSE, value: Buffer.from('poison') },
    partition: partitionOf('key-1', log.partitionsOf(shipmentMilestones.name)),
  }
  const letter = deadLetterOf({ hop: 'nobody', record: { ...poison, offset: 0 }, reason: 'poison', tick: at(1) })
  for (let n = from; n < from + count; n += 100)
    await log.append(
      KEYS.flatMap(key => positions(key, n, Math.min(100, from + count - n))).map(each =>
        record(telematicsPositions, fix(each)),
      ),
    )
  await log.append([poison, record(deadLetters, letter.value, from)])
  for (let revision = from + 1; revision <= from + 4; revision++)
    await log.append(KEYS.map(key => record(shipmentMilestones, milestone(key, revision))))
  await log.append(Array.from({ length: TICKS }, (_, n) => record(clockTicks, { occurredAt: at(from + n) }, from + n)))
}

/** Let every task have read all, and keep something of each key: `round` tells it apart. */
export async function rest(log: OurLog, round: number): Promise<void> {
  const clock = await log.bounds(clockTicks.name, 0)
  const ofProcessors = new Map(
    processors.flatMap(processor =>
      tasksOf(processor, log.partitionsOf).map((task, n, all) => [task, [n, all.length]]),
    ),
  )
  for (const { task, reads } of readersOf(log)) {
    const [partition = 0, count = 0] = ofProcessors.get(task) ?? []
    const keys = ofProcessors.has(task) ? KEYS.filter(key => partitionOf(key, count) === partition) : []
    const ends = await Promise.all(reads.map(({ topic, partition: n }) => log.bounds(topic, n)))
    const offsets = Object.fromEntries(reads.map(({ topic, partition: n }, i) => [place(topic, n), ends[i]?.end ?? 0]))
    const held = await log.claim(task)
    await commit(held, {
      ...{ outputs: [], deadLetters: [], changes: keys.flatMap(key => kept(key, round)) },
      alarms: keys.map((key): AlarmChange => ({ key, at: at(1_000 * round + key.length) })),
      checkpoint: {
        offsets: { ...offsets, ...(ofProcessors.has(task) ? { [place(clockTicks.name, 0)]: clock.end } : {}) },
        ...{ tick: at(round), counters: { in: 10, out: 3, deadLetters: 1, dropped: { old: 2 } }, intent: null },
      },
    })
    await held.release()
  }
}
const kept = (key: string, round: number): StateChange[] => [
  { key, list: '', at: 0, id: '', dense: false, bytes: Buffer.from(`${key} head ${round}`) },
  // Of the first round only: in the next it goes.
  { key, list: 'heard', at: 5, id: 'first', dense: false, bytes: round === 1 ? Buffer.from('first') : null },
  { key, list: 'heard', at: round, id: 'id', dense: false, bytes: Buffer.from('row') },
  { key, list: 'track', at: 3_600_000 * round, id: '', dense: true, bytes: Buffer.from(`block ${round}`) },
]

/** An embedded log at rest, closed. */
export async function filled(config: Config, count = 25): Promise<void> {
  const log = openLog(config)
  await append(log, count)
  await rest(log, 1)
  await log.close()
}

/** What has to be the same, whatever the log and its partitions: each key's records in their order, and all that is kept of it. */
export async function contentOf(log: OurLog) {
  const records: Record<string, Record<string, string[]>> = {}
  for (const { name: topic } of allTopics) {
    const byKey: Record<string, string[]> = (records[topic] = {})
    for (let partition = 0; partition < log.partitionsOf(topic); partition++)
      for (const { key, value, cause } of await allOf(log, topic, partition)) {
        if (partitionOf(key, log.partitionsOf(topic)) !== partition) throw new Error(`${topic}: ${key} is misplaced`)
        const content =
          value[0] === 0 ? Buffer.from(value.subarray(5)).toString('base64') : Buffer.from(value).toString()
        const all = (byKey[key] ??= [])
        // That it is as late as before says nothing new, and may be said once more.
        if (topic !== clockTicks.name || all.at(-1) !== `${content} `) all.push(`${content} ${cause ?? ''}`)
      }
  }
  const state: Record<string, string> = {}
  const counters: Record<string, number> = {}
  for (const { name, handlers } of processors)
    for (const [partition, task] of tasksOf({ name, handlers } as never, log.partitionsOf).entries()) {
      const mine = (key: string) => {
        if (partitionOf(key, log.partitionsOf([...handlers.keys()][0] ?? '')) !== partition)
          throw new Error(`${task} keeps ${key}`)
        return `${name} ${key}`
      }
      const { rows, alarms } = await log.stateOf(task)
      for (const { key, list, at: when, id, dense, bytes } of rows())
        state[`${mine(key)} ${list} ${when} ${id} ${String(dense)}`] = Buffer.from(bytes).toString()
      for (const alarm of alarms()) state[`${mine(alarm.key)} rings`] = String(alarm.at)
      const { counters: counted, tick } = (await log.checkpointOf(task)) ?? NOTHING_YET
      counters[`${name} in`] = (counters[`${name} in`] ?? 0) + counted.in
      counters[`${name} old`] = (counters[`${name} old`] ?? 0) + (counted.dropped['old'] ?? 0)
      counters[`${name} tick`] = tick
    }
  return { records, state, counters }
}

type Content = Awaited<ReturnType<typeof contentOf>>
/** Where two differ, in a few lines: nothing if they are equal. */
export function differing(expected: Content, found: Content): string[] {
  const flat = ({ records, state, counters }: Content) => ({
    ...Object.fromEntries(
      Object.entries(records).flatMap(([topic, byKey]) =>
        Object.entries(byKey).map(([key, all]) => [`${topic} ${key}`, `${all.length} records: ${all.join()}`]),
      ),
    ),
    ...state,
    ...counters,
  })
  const [one, other]: Record<string, unknown>[] = [flat(expected), flat(found)]
  return [...new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})])]
    .filter(name => one?.[name] !== other?.[name])
    .map(name => `${name}: ${String(one?.[name]).slice(0, 80)} instead of ${String(other?.[name]).slice(0, 80)}`)
    .slice(0, 10)
}

async function allOf(log: OurLog, topic: string, partition: number) {
  const all = []
  const { start, end } = await log.bounds(topic, partition)
  for (let next = start; next < end;) {
    const some = await log.read(topic, partition, next, { records: 100_000, bytes: Infinity })
    if (some.length === 0) break
    for (const record of some) all.push(record)
    next = (some.at(-1)?.offset ?? end) + 1
  }
  return all
}
