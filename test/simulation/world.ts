/**
 * What is simulated: a topology in which every fault of the engine leaves a mark. `tally` adds up the deeds of a key
 * (a deed counted twice or not at all shows for ever), rings three times a key and chokes on poison; `board` sees the
 * tallies of other keys by group; a sink takes the boards out, to a far side that drops what it has a token of.
 */
import assert from 'node:assert/strict'
import type { Wire } from '../../streams/event.ts'
import { heard, known, type PlainList } from '../../streams/evidence.ts'
import type { Disk } from '../../streams/log/memory.ts'
import { drop, processor } from '../../streams/processor.ts'
import { type AnySink, Unavailable, Unwritable } from '../../streams/sink.ts'
import type { Letter } from '../../streams/task.ts'
import { hours, type Instant, later } from '../../streams/time.ts'
import { type AnyTopic, type Codec, emit, type Emission, type Occurred, type Topic } from '../../streams/topic.ts'
import type { Random } from './random.ts'

const json = <V>(): Codec<V> => ({
  encode: value => Buffer.from(JSON.stringify(value)),
  decode: bytes => JSON.parse(Buffer.from(bytes).toString()) as V,
})
const topic = <V>(name: string, keyOf: (value: V) => string): Topic<string, V> => ({
  ...{ name, codec: json<V>(), keyOf },
  identityOf: value => JSON.stringify(value),
})

export interface Deed extends Occurred {
  readonly key: string
  readonly amount: number
  readonly poison: boolean
}
interface Tally extends Occurred {
  readonly key: string
  readonly group: string
  readonly n: number
  readonly sum: number
  readonly rings: number
}
interface Board extends Occurred {
  readonly group: string
  readonly version: number
  readonly total: number
  readonly rings: number
}
interface Dead extends Occurred {
  readonly hop: string
  readonly at: string
}

export const deeds = topic<Deed>('deeds', deed => deed.key)
export const tallies = topic<Tally>('tallies', tally => tally.group)
export const boards = topic<Board>('boards', board => board.group)
export const dead = topic<Dead>('dead', letter => letter.at)
export const clock = topic<Occurred>('clock.tick.v1', () => '')

/** JSON all the way: the envelope and the payload. */
export const wire: Wire = {
  contentOf: payload => payload,
  seal: (_, envelope, payload) => Buffer.from(JSON.stringify({ envelope, payload: Buffer.from(payload).toString() })),
  open(of, bytes, cause) {
    const { envelope, payload } = JSON.parse(Buffer.from(bytes).toString()) as { envelope: never; payload: string }
    const value = of.codec.decode(Buffer.from(payload)) as Occurred
    return { ...(envelope as object), occurredAt: value.occurredAt, cause, value } as never
  },
}

export const deadLetter = ({ hop, record, tick }: Letter): Emission<string> =>
  emit(dead, { occurredAt: tick, hop, at: `${record.topic}/${record.partition}/${record.offset}` })

const RINGS = 3
export const firstRing = (key: string): Instant => hours(1 + (key.charCodeAt(1) % 3)) as Instant

interface Head {
  readonly n: number
  readonly sum: number
  readonly rings: number
}
const counted: PlainList<number> = { name: 'counted', codec: json() }
const groupOf = (key: string) => `g${key.charCodeAt(1) % 2}`
const say = (key: string, occurredAt: Instant, head: Head) =>
  emit(tallies, { occurredAt, key, group: groupOf(key), ...head })

const tally = processor({ name: 'tally', head: json<Head>(), keeps: [counted], emits: [tallies] })
  .on(deeds, (head = { n: 0, sum: 0, rings: 0 }, kept, event) => {
    const { key, amount, poison } = event.value
    const row = heard(counted, { ...event, value: amount })
    if (kept.has(row)) return drop('heard before')
    if (poison) throw new Error('poison')
    const next = { ...head, n: head.n + 1, sum: head.sum + amount }
    return {
      head: next,
      put: [row],
      emit: [say(key, event.occurredAt, next)],
      ...(head.n === 0 ? { wakeAt: firstRing(key) } : {}),
    }
  })
  .onWake((head = { n: 0, sum: 0, rings: 0 }, _, at) => {
    const next = { ...head, rings: head.rings + 1 }
    // A handler is not told its key when it wakes: rings are told together, and known by their times.
    return {
      head: next,
      emit: [emit(tallies, { occurredAt: at, key: 'ring', group: 'rings', ...next, n: 0, sum: 0 })],
      wakeAt: next.rings < RINGS ? later(at, hours(1)) : 'never',
    }
  })

const latest: PlainList<Tally> = { name: 'latest', codec: json() }
const board = processor({ name: 'board', head: json<number>(), keeps: [latest], emits: [boards] }).on(
  tallies,
  (version = 0, kept, { value }) => {
    const identity = value.n === 0 ? `ring ${version}` : value.key
    const before = kept.get(latest, identity)?.value
    if (before && before.n >= value.n) return drop('older')
    const row = known(latest, identity, value)
    const all = kept.with([row]).all(latest)
    const total = all.reduce((sum, t) => sum + t.sum, 0)
    const rings = all.filter(t => t.n === 0).length
    return {
      head: version + 1,
      put: [row],
      emit: [emit(boards, { occurredAt: value.occurredAt, group: value.group, version: version + 1, total, rings })],
    }
  },
)

export const processors = [tally, board]

/** The world outside: it drops what it has a token of, whatever the rows are, as ClickHouse does. */
export class Outside {
  readonly #tokens = new Set<string>()
  readonly rows: string[] = []

  sink(random: Random, calm: () => boolean): AnySink {
    return {
      name: 'outside',
      reads: boards as AnyTopic,
      write: async ({ token, events }) => {
        await Promise.resolve()
        const bad = events.find(event => (event.value as Board).version % 7 === 6)
        if (bad) throw new Unwritable('the far side takes no sixths', bad.eventId)
        if (!calm() && random.chance(0.1)) throw new Unavailable('not now', 1)
        if (!this.#tokens.has(token)) for (const { value } of events) this.rows.push(nameOf(value as Board))
        this.#tokens.add(token)
        if (!calm() && random.chance(0.1)) throw new Unavailable('the answer was lost', 1)
      },
    }
  }
}
const nameOf = ({ group, version }: Board) => `${group} ${version}`

/** What must be on the disk and outside when everything has been heard, whatever happened on the way. */
export function verify(disk: Disk, outside: Outside): void {
  const read = <V>(of: Topic<string, V>) =>
    [...disk.records].flatMap(([at, records]) =>
      at.startsWith(`${of.name}/`) ? records.map(record => ({ record, event: wire.open(of, record.value, null) })) : [],
    )
  const given = new Map(read(deeds).map(({ event }) => [(event as { eventId: string }).eventId, event.value as Deed]))
  const told = read(tallies).map(({ event }) => event.value as Tally)

  const keys = [...new Set([...given.values()].map(deed => deed.key))].sort()
  const living = keys.filter(key => [...given.values()].some(deed => deed.key === key && !deed.poison))
  for (const key of living) {
    const own = [...given.values()].filter(deed => deed.key === key && !deed.poison)
    const versions = told.filter(t => t.key === key)
    assert.deepEqual(
      versions.map(t => t.n),
      own.map((_, i) => i + 1),
      `each tally of ${key} is told once, in order`,
    )
    assert.equal(
      versions.at(-1)?.sum,
      own.reduce((sum, deed) => sum + deed.amount, 0),
      `the sum of ${key}`,
    )
  }
  assert.deepEqual(
    told
      .filter(t => t.group === 'rings')
      .map(t => t.occurredAt)
      .sort((a, b) => a - b),
    living.flatMap(key => Array.from({ length: RINGS }, (_, i) => firstRing(key) + hours(i))).sort((a, b) => a - b),
    'every alarm rings once, at its time',
  )
  const letters = read(dead).map(({ event }) => event.value as Dead)
  assert.deepEqual(
    letters
      .filter(l => l.hop === 'tally')
      .map(l => l.at)
      .sort(),
    read(deeds)
      .filter(({ event }) => (event.value as Deed).poison)
      .map(({ record }) => `${record.topic}/${record.partition}/${record.offset}`)
      .sort(),
    'every poison record is a dead letter once',
  )
  const shown = read(boards)
  assert.equal(shown.length, told.length, 'each tally makes one board')
  const [unwritable, writable] = [true, false].map(bad =>
    shown.filter(({ event }) => ((event.value as Board).version % 7 === 6) === bad),
  )
  assert.deepEqual(
    letters
      .filter(l => l.hop === 'outside')
      .map(l => l.at)
      .sort(),
    unwritable?.map(({ record }) => `${record.topic}/${record.partition}/${record.offset}`).sort(),
    'what the far side can’t take is a dead letter once',
  )
  assert.deepEqual(
    outside.rows.toSorted(),
    writable?.map(({ event }) => nameOf(event.value as Board)).sort(),
    'outside has every board once',
  )
}
