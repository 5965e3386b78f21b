import { LogRefused, LogUnavailable } from '../log.ts'

// Result codes of SQLite (sqlite.org/rescode.html).
export const BUSY = 5
const [NOMEM, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB] = [7, 10, 11, 13, 14, 26]

export const errorCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined

/** The error with what to do about it: `LogUnavailable` where the same thing may succeed later. */
export function explained(error: unknown, path: string): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const code = errorCode(error)
  if (code === undefined) return error
  const why = { cause: error }
  if (code === FULL)
    return new LogUnavailable(`the disk of ${path} is full: make room, Milepost goes on by itself`, why)
  if (code === BUSY) return new LogUnavailable(`${path} is held by another writer`, why)
  if (code === IOERR || code === NOMEM) return new LogUnavailable(`${path} can't be written: ${error.message}`, why)
  if (code === CORRUPT || code === NOTADB)
    return new LogRefused(`${path} is damaged or no database: restore a backup, or move it away to start anew`, why)
  if (code === CANTOPEN)
    return new Error(`${path} can't be opened: ${error.message}; check its owner and permissions`, why)
  return error
}
