/**
 * How far a migration is, kept in the log that it fills: a task of that log, whose commits hold records together with
 * how far they bring it. So whoever goes on after a kill knows exactly what is there, and there is one who writes.
 */
import { commit } from '../../streams/commit.ts'
import { Fenced, type Held, LogUnavailable, NOTHING_YET, type Outgoing, type StateChange } from '../../streams/log/log.ts'
import { pause } from '../../streams/together.ts'
import { MIGRATION, type OurLog } from '../open-log.ts'
import { MigrationRefused } from './refused.ts'
import type { Pairs } from './tally.ts'

/** What of a topic has been copied, or found there. */
export interface Reached {
  /** By partition of the log that it was read from: the offset of the next record. */
  readonly positions: readonly number[]
  readonly pairs: Pairs
  /** Records that lie in another partition than their key's: nobody knows in which order they are to be. */
  readonly misplaced: number
}
export type Column = 'copied' | 'checked'
interface About {
  /** The other log's id. */
  readonly from: string
  readonly begunAt: string
  readonly finishedAt: string | null
}
export interface Page {
  readonly topic: string
  readonly column: Column
  readonly reached: Reached
}

const ABOUT = 'about'
const PATIENCE = 10
const RETRY_MS = 1_000

export class Book {
  readonly #log: OurLog
  #held: Held
  #about: About

  private constructor(log: OurLog, held: Held, about: About) {
    this.#log = log
    this.#held = held
    this.#about = about
  }

  /** Open the book of a log that is to be filled from another, or begin one in an empty log. Throws `MigrationRefused`. */
  static async open(log: OurLog, from: string, topics: readonly string[], tasks: readonly string[]): Promise<Book> {
    const isNew = (await log.checkpointOf(MIGRATION)) === undefined
    if (isNew) await refuseUsed(log, topics, tasks)
    const held = await log.claim(MIGRATION)
    const known = aboutIn(held)
    if (known && known.from !== from)
      throw new MigrationRefused(
        `the migration into this log was begun from another log (${known.from.slice(0, 8)}, this one is ${from.slice(0, 8)}): choose another MILEPOST_NAMESPACE, or MILEPOST_DATA`,
      )
    const book = new Book(log, held, known ?? { from, begunAt: new Date().toISOString(), finishedAt: null })
    if (!known) await book.#commit([], [])
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

  /** Commit records together with what they bring a topic to. */
  write(records: readonly Outgoing[], { topic, column, reached }: Page): Promise<void> {
    return this.#commit(records, [rowOf(topic, column, reached)])
  }

  /** From now on the log is whole. */
  async finish(): Promise<void> {
    const finished = { ...this.#about, finishedAt: new Date().toISOString() }
    await this.#commit([], [], finished)
    this.#about = finished
  }

  /**
   * Do something that starts from what the book says, again where the log was away meanwhile. Rejects with
   * `MigrationRefused` where another has taken over.
   */
  async persist<T>(work: () => Promise<T>, until: AbortSignal): Promise<T> {
    for (let left = PATIENCE; ; left--)
      try {
        return await work()
      } catch (error) {
        if (error instanceof Fenced) throw new MigrationRefused('another milepost migrate has taken over', { cause: error })
        if (!(error instanceof LogUnavailable) || left === 0) throw error
        await pause(RETRY_MS, until)
        until.throwIfAborted()
        // Nobody knows whether the last commit has been.
        this.#held = await this.#log.claim(MIGRATION)
        this.#about = aboutIn(this.#held) ?? this.#about
      }
  }

  async close(): Promise<void> {
    await this.#held.release().catch(() => undefined)
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

/** Whoever has records or tasks of its own is no empty log. */
async function refuseUsed(log: OurLog, topics: readonly string[], tasks: readonly string[]): Promise<void> {
  const elsewhere = 'choose another MILEPOST_NAMESPACE, or MILEPOST_DATA'
  for (const topic of topics)
    for (let partition = 0; partition < log.partitionsOf(topic); partition++)
      if ((await log.bounds(topic, partition)).end > 0)
        throw new MigrationRefused(`there are records in ${topic} already, put there by somebody else: ${elsewhere}`)
  for (const task of tasks)
    if (await log.checkpointOf(task)) throw new MigrationRefused(`${task} has run on that log: ${elsewhere}`)
}
