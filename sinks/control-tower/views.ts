/**
 * The read model's file, as its one writer has it: the process that runs the sinks. It is filled from the log and can be
 * filled again; readers (reader.ts) use it at the same time from other processes.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Unavailable } from '../../streams/sink.ts'
import { CHANGED, REFRESH, TABLES, VERSION } from './schema.ts'

export const VIEWS_FILE = 'views.sqlite'

/**
 * Open the read model in a data directory, emptied if it was not filled from this log, by this version, without a gap.
 * A sink that has not filled it from the start (`isFilled`) has to be rewound to the start of the log first.
 */
export function openViews(dir: string, logId: string): Views {
  const path = join(dir, VIEWS_FILE)
  try {
    return opened(new Views(path), logId)
  } catch (error) {
    if (!isDamage(error)) throw error
    discard(path)
    return opened(new Views(path), logId)
  }
}

function opened(views: Views, logId: string): Views {
  const boot = bootId()
  const was = views.meta()
  // A commit here is not forced to the disk: after a power cut the last ones may be gone though the log has them as
  // delivered. Such a file was left open (it names a boot), and by another boot than this one.
  const whole = was.get('left_open_in') === undefined || was.get('left_open_in') === boot
  const ours = was.get('version') === String(VERSION) && was.get('log') === logId
  if (!ours || !whole) views.empty({ version: String(VERSION), log: logId, made: crypto.randomUUID() })
  views.durably(() => views.setMeta('left_open_in', boot))
  return views
}

/** The run of this machine; where it does not tell, every start counts as another. */
function bootId(): string {
  const file = '/proc/sys/kernel/random/boot_id'
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : crypto.randomUUID()
}

/** What readers follow. */
export type Changing = 'vehicle' | 'shipment' | 'case'
export type Note = (what: Changing, id: string) => void

export class Views {
  readonly #path: string
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#path = path
    this.#db = new DatabaseSync(path, { timeout: 1_000 })
    try {
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000')
      this.#db.exec(
        'CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
      )
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** A prepared statement; the same text is prepared once. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (!statement) this.#statements.set(text, (statement = this.#db.prepare(text)))
    return statement
  }

  /**
   * All of the work or none of it. The work notes what it changed: readers hear of that, and how shipments stand is worked
   * out anew. Throws `Unavailable` when the file can't be written now (full disk, busy).
   */
  write(work: (note: Note) => void): void {
    const changed = new Map<Changing, Set<string>>()
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      work((what, id) => {
        const ids = changed.get(what)
        if (ids) ids.add(id)
        else changed.set(what, new Set([id]))
      })
      for (const shipmentId of changed.get('shipment') ?? []) this.sql(REFRESH).run(shipmentId)
      for (const [what, ids] of changed) for (const id of ids) this.sql(CHANGED).run(what, id)
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) rollback(this.#db)
      if (isDamage(error)) this.#discard()
      if (mayPass(error)) throw new Unavailable(`${VIEWS_FILE}: ${(error as Error).message}`, 1_000, { cause: error })
      throw error
    }
  }

  /** Whether this sink began at the start of the log. */
  isFilled(sink: string): boolean {
    return this.meta().has(`filled by ${sink}`)
  }
  /** The sink's offsets have been set to the start of the log, and that is committed: it fills the file from there. */
  filled(sink: string): void {
    this.setMeta(`filled by ${sink}`, 'from the start')
  }

  meta(): ReadonlyMap<string, string> {
    const rows = this.#db.prepare('SELECT name, value FROM meta').all() as { name: string; value: string }[]
    return new Map(rows.map(({ name, value }) => [name, value]))
  }

  setMeta(name: string, value: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(name, value)
  }

  /** In one transaction, so that a reader sees the old rows or none. */
  empty(meta: Readonly<Record<string, string>>): void {
    this.#statements.clear()
    const tables = this.#db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'meta'`)
      .all()
    this.#db.exec('BEGIN IMMEDIATE')
    for (const { name } of tables) this.#db.exec(`DROP TABLE "${String(name)}"`)
    this.#db.exec(TABLES)
    this.#db.exec('DELETE FROM meta')
    for (const [name, value] of Object.entries(meta)) this.setMeta(name, value)
    this.#db.exec('COMMIT')
  }

  /** Forced to the disk, with all that was committed before. */
  durably(work: () => void): void {
    this.#db.exec('PRAGMA synchronous = FULL')
    work()
    this.#db.exec('PRAGMA synchronous = NORMAL')
  }

  close(): void {
    if (!this.#db.isOpen) return
    this.#statements.clear()
    this.durably(() => this.#db.exec(`DELETE FROM meta WHERE name = 'left_open_in'`))
    this.#db.close()
  }

  /** The file is damaged: the next start makes a new one. */
  #discard(): void {
    this.#db.close()
    discard(this.#path)
  }
}

function discard(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

/** SQLite has rolled back by itself after some errors. */
function rollback(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // there was nothing left to roll back
  }
}

/** SQLite's primary result code; 0 where it is none of SQLite's errors. */
export const errcodeOf = (error: unknown): number => ((error as { errcode?: number } | null)?.errcode ?? 0) & 0xff

/** SQLITE_CORRUPT, SQLITE_NOTADB (sqlite.org/rescode.html). */
export const isDamage = (error: unknown): boolean => [11, 26].includes(errcodeOf(error))
/** SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN. */
const mayPass = (error: unknown): boolean => [5, 10, 13, 14].includes(errcodeOf(error))
