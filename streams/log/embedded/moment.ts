/**
 * A data file as it was at one moment while others go on writing to it: for a copy of it, together with what else has
 * to be of that moment.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Instant, Millis } from '../../time.ts'
import { type Checkpoint, LogRefused } from '../log.ts'
import { explained } from '../state/errors.ts'
import { transact } from '../state/transact.ts'
import { FILE, LAYOUT, openDataFile } from './file.ts'

export interface MomentOptions {
  /** Whether this is the moment, by what tasks have committed. */
  readonly when: (checkpointOf: (task: string) => Checkpoint | undefined) => boolean
  /** How long to wait for it; then any moment will do. */
  readonly patienceMs: Millis
  /** Done while nobody can commit: all writers wait for it. */
  readonly meanwhile: () => Promise<void>
}

const LOOK_MS = 2
const BUSY_MS = 10_000
/** Of 4 KiB: what is copied between two reports. */
const PAGES = 2_000

export class Moment {
  /** By the wall clock. */
  readonly takenAt: Instant
  readonly logId: string
  readonly layout = LAYOUT
  /** How long nobody could commit. */
  readonly heldMs: Millis
  readonly #db: DatabaseSync
  readonly #path: string

  private constructor(db: DatabaseSync, path: string, takenAt: Instant, heldMs: Millis) {
    this.#path = path
    this.takenAt = takenAt
    this.heldMs = heldMs
    this.#db = db
    this.logId = String(db.prepare("SELECT value FROM about WHERE name = 'log id'").get()?.['value'])
  }

  /** Throws what `meanwhile` throws, or `LogUnavailable` where a writer holds the file for too long. The file must be there. */
  static async of(directory: string, { when, patienceMs, meanwhile }: MomentOptions): Promise<Moment> {
    const path = join(directory, FILE)
    const open = () => new DatabaseSync(path, { timeout: BUSY_MS })
    const [held, kept] = [open(), open()]
    try {
      const one = held.prepare('SELECT checkpoint FROM tasks WHERE task = ?')
      const checkpointOf = (task: string) => {
        const row = one.get(task)
        return row && (JSON.parse(String(row['checkpoint'])) as Checkpoint)
      }
      const until = performance.now() + patienceMs
      const isIt = () => when(checkpointOf) || performance.now() > until
      for (;;) {
        while (!isIt()) await pause(LOOK_MS)
        held.exec('BEGIN IMMEDIATE')
        const begun = performance.now()
        try {
          if (!isIt()) continue
          // What a transaction has read once it reads until its end.
          kept.exec('BEGIN')
          kept.prepare('SELECT 1 FROM about').get()
          const takenAt = Date.now() as Instant
          await meanwhile()
          return new Moment(kept, path, takenAt, performance.now() - begun)
        } finally {
          held.exec('ROLLBACK')
        }
      }
    } catch (error) {
      kept.close()
      throw explained(error, path)
    } finally {
      held.close()
    }
  }

  checkpointOf(task: string): Checkpoint | undefined {
    const row = this.#db.prepare('SELECT checkpoint FROM tasks WHERE task = ?').get(task)
    return row && (JSON.parse(String(row['checkpoint'])) as Checkpoint)
  }

  get sizeBytes(): number {
    const pragma = (name: string) => Number(Object.values(this.#db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
    return pragma('page_count') * pragma('page_size')
  }

  /** Throws `LogRefused` where the file is damaged: half a second a gigabyte. */
  check(): void {
    const { quick_check: says } = this.#db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
    if (says !== 'ok')
      throw new LogRefused(`${this.#path} is damaged (${says.split('\n').at(-1) ?? ''}): restore an older backup`)
  }

  /** Write it to a file that is not there yet. `told` hears now and then how many bytes are written; throwing, it ends the copying. */
  async copyTo(path: string, told: (doneBytes: number) => void): Promise<void> {
    const { sizeBytes } = this
    try {
      await backup(this.#db, path, {
        rate: PAGES,
        progress: ({ totalPages, remainingPages }) => {
          told(sizeBytes * (1 - remainingPages / totalPages))
        },
      })
    } catch (error) {
      throw explained(error, path)
    }
    told(sizeBytes)
  }

  /** Until then the file's write-ahead log grows by all that is written. */
  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }
}

/** Make a copied data file a log of its own: with another id, its tasks owned by nobody. Resolves to the id. */
export function refound(directory: string): string {
  const { db } = openDataFile(directory, new Map(), false)
  try {
    const id = randomBytes(16).toString('hex')
    transact(db, () => {
      db.prepare("UPDATE about SET value = ? WHERE name = 'log id'").run(id)
      db.exec('UPDATE tasks SET owner = NULL')
    })
    return id
  } finally {
    db.close()
  }
}
