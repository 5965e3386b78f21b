/**
 * A hold: for a moment no task of an installation commits, in whichever process it runs, so that what is read meanwhile is
 * all of one moment. Afterwards everything goes on by itself.
 *
 * The holder (1) writes a record to the checkpoints and waits until it is durable; (2) takes the transactional id of every
 * task, which ends what is open and fences off every owner; (3) does its work; (4) writes a record that ends it. A claim
 * (a) takes its task's id, (b) reads the checkpoints up to the end that they have then, (c) waits while there is a hold,
 * and only then (d) restores and writes.
 *
 * So between 2 and 4 nobody commits. Who took the id before 2 is fenced off by 2, whatever it read. Who takes it after 2
 * does so after 1, and b comes after a: it reads the record of 1. Were 2 done before 1, or b before a, a claim could come
 * between the two, see no hold, and have an id that nobody takes any more.
 *
 * Nobody waits for a holder that died: a claim waits for so long from when its process first heard of the hold, each by a
 * clock that never goes back; and one that is old by the wall clock is none. Whoever holds must have done its work within
 * less, counted from before 1. And it looks whether it did hold: each claim, and each commit, writes to the checkpoints
 * before or with anything else, so where their end has not moved nobody has written, whatever clocks, or processes of an
 * older release, which know of no hold, may have done.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { each } from '../../together.ts'
import { type Millis, minutes, seconds } from '../../time.ts'
import { LogUnavailable, type Recorded } from '../log.ts'
import { KafkaAppender } from './appender.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Cluster } from './cluster.ts'
import type { Offsets } from './offsets.ts'
import { fetchStretch } from './read.ts'
import { laneOf, type Place } from './task.ts'
import { recordsOf } from './tails.ts'
import { Transactions } from './transactions.ts'

/** No task is called so: a task is named after a processor or a sink. */
const KEY = 'hold'
/** For so long may be held; and so long claims wait for it, unless told otherwise. */
const HOLD_MS = seconds(15)
const WAIT_MS = seconds(20)
/** Of an older one, by whoever's wall clock, its holder is dead. */
const OLD_MS = minutes(3)
const LOOK_MS = 20
const TRIES = 4
const BETWEEN_MS = 500

/** A record of the checkpoints. */
interface Hold {
  readonly id: string
  /** For people: HOST, process. */
  readonly by: string
  /** By the wall clock, milliseconds. */
  readonly at: number
  readonly over: boolean
}

export interface HoldNeeds {
  readonly cluster: Cluster
  readonly offsets: Offsets
  /** What has been heard of the topic of this name. */
  readonly checkpoints: Checkpoints
  readonly name: string
  readonly now: () => number
  readonly waitMs: Millis | undefined
}

export class Holds {
  readonly #needs: HoldNeeds
  readonly #by = `${hostname()}, ${process.pid}`
  readonly #appender: KafkaAppender
  #heard = { id: '', since: 0 }
  #following: Promise<void> | undefined

  constructor(needs: HoldNeeds) {
    this.#needs = needs
    this.#appender = new KafkaAppender(needs.cluster, () => needs.name)
  }

  /** Wait while there is a hold, of which anybody wrote before this was called. */
  async heldUp(): Promise<void> {
    for (let last = await this.#newest(); last && this.#binds(last);) {
      await this.#follow()
      const heard = this.#needs.checkpoints.last(KEY)
      if (heard && heard.offset > last.offset) last = heard
    }
  }

  /**
   * Do something while none of these tasks commits; resolves to it, and to how long that was. Where the hold did not
   * hold it is all done again, a few times; then rejects with `LogUnavailable`.
   */
  async during<T>(tasks: readonly Place[], work: () => Promise<T>, until: AbortSignal): Promise<[T, heldMs: Millis]> {
    for (let left = TRIES; ; left--) {
      until.throwIfAborted()
      // Another's, if there is one, first: it would end ours.
      await this.heldUp()
      const [done, failure] = await this.#once(tasks, work)
      if (done) return done
      if (left <= 1) throw failure
      await sleep(BETWEEN_MS)
    }
  }

  async #once<T>(
    tasks: readonly Place[],
    work: () => Promise<T>,
  ): Promise<[[T, heldMs: Millis], undefined] | [undefined, LogUnavailable]> {
    const { cluster, now } = this.#needs
    const id = randomUUID()
    const begun = performance.now()
    let done: T
    let broken: string | undefined
    try {
      await this.#say({ id, at: now(), by: this.#by, over: false })
      await each(tasks, place => Transactions.take(cluster, laneOf(place), place.transactionalId))
      const before = await this.#end()
      done = await work()
      if ((await this.#end()) !== before)
        broken = 'a task was run all the same: by another release, or where the clock is wrong by minutes'
      if (performance.now() - begun > HOLD_MS)
        broken = `it took ${Math.round(performance.now() - begun)} ms, and nobody waits for longer than ${HOLD_MS}`
    } catch (error) {
      if (error instanceof LogUnavailable) return [undefined, error]
      throw error
    } finally {
      // Without it all wait a little longer.
      await this.#say({ id, at: now(), by: this.#by, over: true }).catch(() => undefined)
    }
    if (broken !== undefined) return [undefined, new LogUnavailable(`the tasks could not be held: ${broken}`)]
    return [[done, performance.now() - begun], undefined]
  }

  #say(hold: Hold): Promise<void> {
    const value = Buffer.from(JSON.stringify(hold))
    return this.#appender.append([{ topic: '', partition: 0, key: KEY, value, cause: null }])
  }

  #end(): Promise<number> {
    return this.#needs.offsets.find(this.#needs.name, 0, { at: 'end' })
  }

  /**
   * What was said last by now. What is not committed is read too: a transaction that some dead process left open would
   * keep us from looking behind it for many seconds, and no hold is part of one.
   */
  async #newest(): Promise<Recorded | undefined> {
    const { cluster, checkpoints, name } = this.#needs
    const end = await this.#end()
    await checkpoints.follow()
    let newest = checkpoints.last(KEY)
    for (let from = checkpoints.position; from < end;) {
      const stretch = { name, partition: 0, from, end, uncommitted: true }
      const { batches, next } = await cluster.persist('look for a hold', () => fetchStretch(cluster, 'ask', stretch))
      const records = batches.flatMap(batch => recordsOf({ topic: '', partition: 0, name }, batch, from))
      newest = records.findLast(({ key }) => key === KEY) ?? newest
      from = next
    }
    return newest
  }

  #binds({ value }: Recorded): boolean {
    const { id, at, over } = JSON.parse(Buffer.from(value).toString()) as Hold
    if (over || Math.abs(this.#needs.now() - at) > OLD_MS) return false
    if (this.#heard.id !== id) this.#heard = { id, since: performance.now() }
    return performance.now() - this.#heard.since < (this.#needs.waitMs ?? WAIT_MS)
  }

  /** Hear what has come a moment later, once for all who wait. */
  #follow(): Promise<void> {
    this.#following ??= sleep(LOOK_MS)
      .then(() => this.#needs.checkpoints.follow())
      .finally(() => (this.#following = undefined))
    return this.#following
  }
}
