/**
 * How far Odoo has been read, and what of each record was said last: the state of a task of the log, whose commits hold it
 * together with the records that were said. So nothing is lost or said twice however the reader ends, and there is one who reads.
 */
import { commit } from '../../streams/commit.ts'
import {
  type Checkpoint,
  type Held,
  type Log,
  NOTHING_YET,
  type Outgoing,
  type StateChange,
} from '../../streams/log/log.ts'
import { NEVER_YET } from '../../streams/time.ts'

/** The task, and the group that it is alone in. */
export const ODOO_TASK = 'poll-odoo'

/** A pass through what was written since a time, where that is more than a page. */
export interface Pass {
  /** The latest write_date that there was when it began. */
  readonly marker: string
  /** All that was written before this second has been read. */
  readonly second: string
  /** null: the page begins with the second; else of this very second all up to this id has been read. */
  readonly afterId: number | null
}
/** How far a model is. Times as Odoo writes them. */
export interface Progress {
  /** All that Odoo showed when its latest write_date was this one has been read; null: nothing has. */
  readonly cursor: string | null
  readonly pass: Pass | null
  /** The first pass has come to its end. */
  readonly synced: boolean
  /** Rows read in the first pass. */
  readonly read: number
  /** The highest id that was ever read. */
  readonly topId: number
  /** What was asked for: if that is another now, all is read again. */
  readonly asked: string
}
const NOT_BEGUN: Progress = { cursor: null, pass: null, synced: false, read: 0, topId: 0, asked: '' }

/** What was said last of a record. */
export interface Seen {
  readonly hash: string
  readonly revision: number
  readonly writeDate: string | null
  readonly deleted: boolean
}
export interface SeenRow extends Seen {
  readonly id: number
}
/** A record that changed, so that what points to it is to be read again. `id` null: all of it, for one is gone. */
export interface Owed {
  readonly model: string
  readonly id: number | null
}

/** What a page came to. */
export interface Entry {
  readonly model: string
  readonly records: readonly Outgoing[]
  readonly seen: readonly SeenRow[]
  readonly progress?: Progress
  readonly owed?: readonly Owed[]
  readonly paid?: readonly Owed[]
}

/** Records whose rows share a key: what is loaded at a time. */
const SHELF = 1_000
const PROGRESS = 'progress'
const OWED = 'owed'

export class OdooBook {
  readonly #held: Held
  readonly #database: string
  #checkpoint: Checkpoint

  private constructor(held: Held, database: string) {
    this.#held = held
    this.#database = database
    this.#checkpoint = { ...NOTHING_YET, ...held.checkpoint }
  }

  static async claim(log: Log, database: string): Promise<OdooBook> {
    return new OdooBook(await log.claim(ODOO_TASK), database)
  }

  progressOf(model: string): Progress {
    const row = this.#held.state.load(this.#key(model)).find(({ list }) => list === PROGRESS)
    return row ? (JSON.parse(text(row.bytes)) as Progress) : NOT_BEGUN
  }

  /** What was said last of these records, by id. */
  seen(model: string, ids: readonly number[]): Map<number, Seen> {
    const wanted = new Set(ids)
    const found = new Map<number, Seen>()
    for (const shelf of new Set(ids.map(shelfOf)))
      for (const [id, seen] of this.#shelf(model, shelf)) if (wanted.has(id)) found.set(id, seen)
    return found
  }

  /** What was said last of the records with after < id ≤ until, by id. */
  seenBetween(model: string, after: number, until: number): Map<number, Seen> {
    const found = new Map<number, Seen>()
    for (let shelf = shelfOf(after + 1); shelf <= shelfOf(until); shelf++)
      for (const [id, seen] of this.#shelf(model, shelf)) if (id > after && id <= until) found.set(id, seen)
    return found
  }

  /** What is still to be read again. */
  owed(): Owed[] {
    return this.#held.state.load(this.#key(OWED)).map(({ bytes }) => JSON.parse(text(bytes)) as Owed)
  }

  /** Commit a page. One at a time. Rejects as a commit does: then nobody knows, and the book is to be claimed anew. */
  async write({ model, records, seen, progress, owed = [], paid = [] }: Entry): Promise<void> {
    const row = (key: string, list: string, id: string, value: unknown): StateChange => ({
      ...{ key: this.#key(key), list, at: NEVER_YET, id, dense: false },
      bytes: value === null ? null : Buffer.from(JSON.stringify(value)),
    })
    const changes = [
      ...seen.map(({ id, ...said }) => row(`${model}/${shelfOf(id)}`, 'seen', String(id), said)),
      ...(progress ? [row(model, PROGRESS, '', progress)] : []),
      ...paid.map(debt => row(OWED, OWED, nameOf(debt), null)),
      ...owed.map(debt => row(OWED, OWED, nameOf(debt), debt)),
    ]
    const { counters } = this.#checkpoint
    const checkpoint = { ...this.#checkpoint, counters: { ...counters, out: counters.out + records.length } }
    await commit(this.#held, { outputs: records, deadLetters: [], changes, alarms: [], checkpoint })
    this.#checkpoint = checkpoint
  }

  async close(): Promise<void> {
    await this.#held.release().catch(() => undefined)
  }

  #shelf(model: string, shelf: number): (readonly [id: number, seen: Seen])[] {
    return this.#held.state
      .load(this.#key(`${model}/${shelf}`))
      .map(({ id, bytes }) => [Number(id), JSON.parse(text(bytes)) as Seen] as const)
  }

  #key(name: string): string {
    return `${this.#database}/${name}`
  }
}

const shelfOf = (id: number): number => Math.floor(id / SHELF)
const nameOf = ({ model, id }: Owed): string => `${model}/${id ?? 'all'}`
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
