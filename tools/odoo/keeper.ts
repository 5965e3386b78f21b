/** Keeps the stand-in's rows in a SQLite file: who starts it again finds the same records under the same numbers. */
import { DatabaseSync } from 'node:sqlite'
import type { Row } from './store.ts'

/** A record as a commit left it; null: it is gone. */
export interface Kept {
  readonly model: string
  readonly id: number
  readonly row: Row | null
}

export interface Keeper {
  /** By model, in the order of ids. */
  load(): Iterable<Kept>
  /** All of a commit, or nothing of it. */
  save(written: readonly Kept[]): void
}

/** A process that is killed loses nothing; a machine that loses its power may lose the last commits. */
export function fileKeeper(path: string): Keeper & { close(): void } {
  const db = new DatabaseSync(path)
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS kept (model TEXT, id INTEGER, row TEXT, PRIMARY KEY (model, id)) WITHOUT ROWID;
  `)
  const put = db.prepare('INSERT OR REPLACE INTO kept VALUES (?, ?, ?)')
  return {
    *load() {
      const all = db.prepare('SELECT model, id, row FROM kept ORDER BY model, id').iterate()
      for (const { model, id, row } of all as Iterable<{ model: string; id: number; row: string | null }>)
        yield { model, id, row: row === null ? null : (JSON.parse(row) as Row) }
    },
    save(written) {
      db.exec('BEGIN')
      for (const { model, id, row } of written) put.run(model, id, row === null ? null : JSON.stringify(row))
      db.exec('COMMIT')
    },
    close() {
      db.close()
    },
  }
}
