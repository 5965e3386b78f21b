/** The read model as other processes see it: read only, while the sinks write to it. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { VERSION } from './schema.ts'
import { errcodeOf, VIEWS_FILE } from './views.ts'

/** There is no read model yet, or not one of this version: the process that runs the sinks has still to make it. */
export class ViewsUnavailable extends Error {
  override readonly name = 'ViewsUnavailable'
}

/** Reads within one state of the file. */
export interface Snapshot {
  /* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what its columns are */
  readonly all: <R>(sql: string, ...values: readonly SQLInputValue[]) => R[]
  readonly get: <R>(sql: string, ...values: readonly SQLInputValue[]) => R | undefined
  /* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */
}

export interface ViewsReader {
  /** Everything that the work reads belongs to one moment. Keep it short: it blocks this thread. Throws `ViewsUnavailable`. */
  snapshot<T>(work: (at: Snapshot) => T): T
  close(): void
}

interface Connection extends Snapshot {
  readonly db: DatabaseSync
  readonly file: string
}

/** Statements of one connection that are kept prepared: the lists' filters make many texts. */
const PREPARED = 200

/** Read the data directory's read model. It is opened when first needed, and again when another file takes its place. */
export function openReader(dir: string): ViewsReader {
  const path = join(dir, VIEWS_FILE)
  let open: Connection | undefined
  const close = () => {
    open?.db.close()
    open = undefined
  }
  const connection = (): Connection => {
    const file = fileAt(path)
    if (open && open.file !== file) close()
    return (open ??= connect(path, file))
  }
  return {
    snapshot(work) {
      const { db, all, get } = connection()
      try {
        db.exec('BEGIN')
        if (versionOf({ all, get }) !== VERSION) throw new ViewsUnavailable('the read model is being made')
        return work({ all, get })
      } catch (error) {
        if (!isOfFile(error)) throw error
        close()
        throw new ViewsUnavailable(`the read model can't be read now: ${error.message}`, { cause: error })
      } finally {
        if (open?.db.isTransaction) open.db.exec('COMMIT')
      }
    },
    close,
  }
}

/** Which file lies there now: one that was deleted and made anew is another. */
function fileAt(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new ViewsUnavailable('there is no read model yet')
  return `${found.dev}/${found.ino}`
}

function connect(path: string, file: string): Connection {
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 })
    const statements = new Map<string, StatementSync>()
    const prepared = (sql: string): StatementSync => {
      let statement = statements.get(sql)
      if (statement) return statement
      if (statements.size >= PREPARED) statements.clear()
      statements.set(sql, (statement = db.prepare(sql)))
      return statement
    }
    return {
      db,
      file,
      all: (sql, ...values) => prepared(sql).all(...values) as never,
      get: (sql, ...values) => prepared(sql).get(...values) as never,
    }
  } catch (error) {
    if (!isOfFile(error)) throw error
    throw new ViewsUnavailable(`the read model can't be opened now: ${error.message}`, { cause: error })
  }
}

/** Of a file that has only just been made there is none. */
const versionOf = (at: Snapshot): number | undefined =>
  at.get<object>(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`) &&
  Number(at.get<{ value: string }>(`SELECT value FROM meta WHERE name = 'version'`)?.value)

/** SQLITE_BUSY, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_NOTADB: anything else is a bug of ours. */
const isOfFile = (error: unknown): error is Error => [5, 10, 11, 14, 26].includes(errcodeOf(error))
