/**
 * How far a migration is, kept in the log that it fills: a task of that log, whose commits hold records together with
 * how far they bring it. So whoever goes on after a kill knows exactly what is there, and there is one who writes.
 */
import { randomUUID } from 'node:crypto'
import { commit } from '../../streams/commit.ts'
import {
  Fenced,
  type Held,
  type Log,
  LogUnavailable,
  NOTHING_YET,
  type Outgoing,
  type StateChange,
} from '../../streams/log/log.ts'
import { pause } from '../../streams/together.ts'
import type { Pairs } from '../copy/tally.ts'
import { MIGRATION } from '../open-log.ts'
import { readersOf } from './at-rest.ts'
import { MigrationRefused } from './refused.ts'

/** What of a topic has been copied, or found there. */
export interface Reached {
  /** By partition of the log that it was read from: the offset of the next record. */
  readonly positions: readonly number[]
  readonly pairs: Pairs
  /** Records that lie in another partition than their key's: nobody knows in which order they are to be. */
  readonly misplaced: number
  /** Checksum of the last record; -1: there was none. */
  readonly last: number
}
export type Column = 'copied' | 'checked'
export interface Page {
  readonly topic: string
  readonly column: Column
  readonly reached: Reached
}
interface About {
  /** The other log's id. */
  readonly from: string
  readonly begunAt: string
  readonly finishedAt: string | null
  /** Which process wrote last. */
  readonly by: string
}

const ABOUT = 'about'
const TRIES = 10
const RETRY_MS = 1_000
export const ELSEWHERE = 'choose another MILEPOST_NAMESPACE, or MILEPOST_DATA'

export class Book {
  readonly #log: Log
  #held: Held
  #about: About
  #reclaiming: Promise<void> | undefined

  private constructor(log: Log, held: Held, about: About) {
    this.#log = log
    this.#held = held
    this.#about = about
  }

  /** Open the book of a log that is to be filled from another, or begin one in an empty log. Throws `MigrationRefused`. */
  static async open(log: Log, from: string, topics: readonly string[]): Promise<Book> {
    const held = await log.claim(MIGRATION)
    const known = aboutIn(held)
    if (!known && (await isUsed(log, topics)))
      throw new MigrationRefused(`somebody else has written to that log: ${ELSEWHERE}`)
    if (known && known.from !== from)
      throw new MigrationRefused(
        `the migration into that log was begun from another one (${known.from.slice(0, 8)}, this is ${from.slice(0, 8)}): ${ELSEWHERE}`,
      )
    const begun = known ?? { from, begunAt: new Date().toISOString(), finishedAt: null }
    const book = new Book(log, held, { ...begun, by: randomUUID() })
    await book.#commit([], [])
    return book
  }

  get finishedAt(): string | null {
    return this.#about.finishedAt
  }

  /** How far a topic is; undefined: not begun. */
  of(topic: string, column: Column): Reached | undefined {
    const row = this.#held.state.load(topic).find(({ list }) => list === column)
    return row && (JSON.parse(Buffer.from(row.bytes).toString()) as Reached)
  }

  /** Commit records together with what they bring topics to. One at a time. */
  write(records: readonly Outgoing[], pages: readonly Page[]): Promise<void> {
    return this.#commit(
      records,
      pages.map(({ topic, column, reached }) => rowOf(topic, column, reached)),
    )
  }

  /** From now on the log is whole. */
  async finish(): Promise<void> {
    const finished = { ...this.#about, finishedAt: new Date().toISOString() }
    await this.#commit([], [], finished)
    this.#about = finished
  }

  /**
   * Do something that starts from what the book says, again where the log was away meanwhile. Rejects with
   * `MigrationRefused` where another process has taken over.
   */
  async persist<T>(work: () => Promise<T>, until: AbortSignal): Promise<T> {
    for (let left = TRIES; ; left--)
      try {
        return await work()
      } catch (error) {
        const mayPass = error instanceof LogUnavailable || error instanceof Fenced
        if (!mayPass || left === 0) throw error
        await pause(RETRY_MS, until)
        until.throwIfAborted()
        await this.#reclaim()
      }
  }

  async close(): Promise<void> {
    await this.#held.release().catch(() => undefined)
  }

  /** Nobody knows whether the last commit has been; and one that takes too long is fenced off by the brokers too. */
  #reclaim(): Promise<void> {
    this.#reclaiming ??= this.#claim().finally(() => (this.#reclaiming = undefined))
    return this.#reclaiming
  }
  async #claim(): Promise<void> {
    this.#held = await this.#log.claim(MIGRATION)
    if (aboutIn(this.#held)?.by !== this.#about.by)
      throw new MigrationRefused('another milepost migrate has taken over')
  }

  async #commit(outputs: readonly Outgoing[], rows: readonly StateChange[], about = this.#about): Promise<void> {
    // While it has an intent nobody else may run on this log.
    const intent = about.finishedAt === null ? { token: about.from, ranges: {}, excluded: [] } : null
    const changes = [...rows, rowOf(ABOUT, '', about)]
    const work = { outputs, deadLetters: [], changes, alarms: [], checkpoint: { ...NOTHING_YET, intent } }
    await commit(this.#held, work)
  }
}

const rowOf = (key: string, list: string, said: unknown): StateChange => ({
  ...{ key, list, at: 0, id: '', dense: false },
  bytes: Buffer.from(JSON.stringify(said)),
})

function aboutIn({ state }: Held): About | undefined {
  const [row] = state.load(ABOUT)
  return row && (JSON.parse(Buffer.from(row.bytes).toString()) as About)
}

/** Whether there are records or tasks in a log. */
export async function isUsed(log: Log, topics: readonly string[]): Promise<boolean> {
  for (const topic of topics)
    for (let partition = 0; partition < log.partitionsOf(topic); partition++)
      if ((await log.bounds(topic, partition)).end > 0) return true
  for (const { task } of readersOf(log)) if (await log.checkpointOf(task)) return true
  return false
}
