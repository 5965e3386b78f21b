/**
 * Brings records out to a sink, exactly once in effect: the batch's exact ranges are committed as an intent, the
 * batch is written with a token made of them, then the offsets are committed and the intent cleared. Whoever finds
 * an intent reads exactly these ranges again and writes them with the same token.
 */
import { commit, COMMIT, type CommitStep } from './commit.ts'
import { digest, type Event, type Wire } from './event.ts'
import {
  type Checkpoint,
  type Held,
  type Intent,
  type Log,
  type Outgoing,
  place,
  type Recorded,
  type Tail,
} from './log/log.ts'
import { outgoing } from './outgoing.ts'
import { type AnySink, Unwritable } from './sink.ts'
import type { Letter } from './task.ts'
import type { Instant } from './time.ts'
import type { AnyTopic, Emission } from './topic.ts'

export interface SinkEngine {
  readonly log: Log
  readonly wire: Wire
  readonly deadLetter: (letter: Letter) => Emission<string>
  /** The most records of one batch, over all partitions. */
  readonly records: number
  readonly bytes: number
  /** Only the simulation passes fewer. */
  readonly steps?: readonly CommitStep[]
}

type Ranges = Record<string, [from: number, until: number]>

export class Delivery {
  readonly sink: AnySink
  readonly #engine: SinkEngine
  readonly #held: Held
  #checkpoint: Checkpoint
  /** By partition, from where the next batch begins. */
  #tails: readonly Tail[] = []
  #failed = false

  private constructor(engine: SinkEngine, sink: AnySink, held: Held) {
    this.#engine = engine
    this.sink = sink
    this.#held = held
    this.#checkpoint = held.checkpoint
    this.#tail()
  }

  /** Become the one who writes to this sink. Throws `Taken`. */
  static async claim(engine: SinkEngine, sink: AnySink): Promise<Delivery> {
    return new Delivery(engine, sink, await engine.log.claim(sink.name))
  }

  /** Start over: the far side is empty and gets everything again that the log still holds. */
  async rewind(): Promise<void> {
    await this.#commit({ ...this.#checkpoint, offsets: {}, intent: null })
    this.#tail()
  }
  release(): Promise<void> {
    return this.#held.release()
  }
  close(): void {
    for (const tail of this.#tails) tail.close()
  }

  #tail(): void {
    this.close()
    const { log } = this.#engine
    const { name } = this.sink.reads
    const { offsets, intent } = this.#checkpoint
    this.#tails = Array.from({ length: log.partitionsOf(name) }, (_, partition) => {
      const at = place(name, partition)
      return log.tail(name, partition, intent?.ranges[at]?.[1] ?? offsets[at] ?? 0)
    })
  }

  /**
   * Bring out one batch; false: there was none. Rejects with `Unavailable` (call again later: the same batch comes),
   * or with what the log throws (then claim again).
   */
  async step(): Promise<boolean> {
    if (this.#failed) throw new Error(`${this.sink.name} has failed and must be claimed again`)
    const intent = this.#checkpoint.intent ?? (await this.#intend())
    if (!intent) return this.#pass()
    const records = this.#read ?? (await this.#recordsOf(intent.ranges))
    const { events, letters, tick } = this.#open(records, intent)
    try {
      if (events.length > 0) await this.sink.write({ token: intent.token, events })
    } catch (error) {
      if (!(error instanceof Unwritable)) throw error
      const excluded = [...intent.excluded, error.eventId]
      if (!events.some(({ eventId }) => eventId === error.eventId))
        throw new Error(`${this.sink.name}: ${error.message}`, { cause: error })
      this.#reasons.set(error.eventId, error.message)
      await this.#commit({
        ...this.#checkpoint,
        intent: { ...intent, excluded, token: this.#tokenOf(intent.ranges, excluded) },
      })
      return true
    }
    await this.#commit(this.#after(intent, tick, events.length, letters.length), letters)
    this.#read = undefined
    return true
  }

  /** Nothing to write; a tail may have moved past what is no record, and nobody is to wait for that. */
  async #pass(): Promise<false> {
    const { name } = this.sink.reads
    const { offsets } = this.#checkpoint
    const positions = this.#tails.map(({ position }, partition) => [place(name, partition), position] as const)
    if (positions.some(([at, position]) => position > (offsets[at] ?? 0)))
      await this.#commit({ ...this.#checkpoint, offsets: { ...offsets, ...Object.fromEntries(positions) } })
    return false
  }

  readonly #reasons = new Map<string, string>()
  /** The records of the intent's ranges, if it was us who read them. */
  #read: readonly Recorded[] | undefined

  /** Decide what the next batch is, and commit that before anything of it is written. */
  async #intend(): Promise<Intent | undefined> {
    const { records: most, bytes } = this.#engine
    const { name } = this.sink.reads
    const ranges: Ranges = {}
    const read: Recorded[] = []
    let left = most
    for (const [partition, tail] of this.#tails.entries()) {
      if (left === 0) break
      const records = await tail.take({ records: left, bytes })
      const [first, last] = [records[0], records.at(-1)]
      if (!first || !last) continue
      ranges[place(name, partition)] = [first.offset, last.offset + 1]
      left -= records.length
      for (const record of records) read.push(record)
    }
    if (read.length === 0) return undefined
    const intent: Intent = { ranges, excluded: [], token: this.#tokenOf(ranges, []) }
    await this.#commit({ ...this.#checkpoint, intent })
    this.#read = read
    return intent
  }

  /**
   * Of the exact ranges, and of the claim: what is delivered again after a rewind is another batch to a far side that
   * remembers tokens. A batch that is repeated comes with the token of its intent, whoever repeats it.
   */
  #tokenOf(ranges: Intent['ranges'], excluded: readonly string[]): string {
    const exact = Object.entries(ranges).map(([at, [from, until]]) => `${at}:${from}-${until}`)
    return digest(this.#engine.log.id, this.sink.name, this.#held.epoch, ...exact, ...excluded)
  }

  async #recordsOf(ranges: Intent['ranges']): Promise<Recorded[]> {
    const { log } = this.#engine
    const all: Recorded[] = []
    for (const [at, [from, until]] of Object.entries(ranges)) {
      const partition = Number(at.slice(at.lastIndexOf('/') + 1))
      let next = from
      // The first and the last of a range are records; between them offsets may be missing.
      while (next < until) {
        const limit = { records: until - next, bytes: Infinity }
        const records = (await log.read(this.sink.reads.name, partition, next, limit)).filter(r => r.offset < until)
        const [first, last] = [records[0], records.at(-1)]
        if (!first || !last || (next === from && first.offset !== from))
          throw new Error(`${this.sink.name}: ${at} no longer holds offset ${next}, which was to be written`)
        for (const record of records) all.push(record)
        next = last.offset + 1
      }
    }
    return all
  }

  /** `tick`: the latest receivedAt so far, which dates those that can't be read. */
  #open(records: readonly Recorded[], intent: Intent): { events: Event<never>[]; letters: Outgoing[]; tick: Instant } {
    const events: Event<never>[] = []
    const dead: { readonly record: Recorded; readonly reason: string }[] = []
    let { tick } = this.#checkpoint
    for (const record of records) {
      try {
        const event = this.#engine.wire.open(this.sink.reads, record.value, record.cause)
        if (event.receivedAt > tick) tick = event.receivedAt
        if (intent.excluded.includes(event.eventId))
          dead.push({ record, reason: this.#reasons.get(event.eventId) ?? 'unwritable' })
        else events.push(event)
      } catch (error) {
        dead.push({ record, reason: error instanceof Error ? error.message : String(error) })
      }
    }
    const letters = dead.map(({ record, reason }) => this.#letter(record, reason, tick))
    return { events, letters, tick }
  }

  #letter(record: Recorded, reason: string, receivedAt: Instant): Outgoing {
    const { wire, log, deadLetter } = this.#engine
    const { topic, value } = deadLetter({ hop: this.sink.name, record, reason, tick: receivedAt })
    const said = { source: this.sink.name, emittedAt: null, receivedAt, cause: record.cause }
    return outgoing(wire, log.partitionsOf, topic as AnyTopic, value, said)
  }

  #after({ ranges }: Intent, tick: Instant, written: number, dead: number): Checkpoint {
    const { offsets, counters } = this.#checkpoint
    const reached = Object.entries(ranges).map(([at, [, until]]) => [at, until] as const)
    return {
      tick,
      intent: null,
      offsets: { ...offsets, ...Object.fromEntries(reached) },
      counters: {
        ...counters,
        in: counters.in + written + dead,
        out: counters.out + written,
        deadLetters: counters.deadLetters + dead,
      },
    }
  }

  async #commit(checkpoint: Checkpoint, deadLetters: readonly Outgoing[] = []): Promise<void> {
    try {
      const work = { outputs: [], deadLetters, changes: [], alarms: [], checkpoint }
      await commit(this.#held, work, this.#engine.steps ?? COMMIT)
      this.#checkpoint = checkpoint
    } catch (error) {
      this.#failed = true
      throw error
    }
  }
}
