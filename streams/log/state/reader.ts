import type { DatabaseSync } from 'node:sqlite'
import type { Alarm, StateReader, StateRow, StoredBlock } from '../log.ts'
import { explained } from './errors.ts'

/** The committed state of one task, read from the file that holds it. */
export function stateReader(db: DatabaseSync, path: string, task: number): StateReader {
  const rows = db.prepare('SELECT list, at, id, bytes FROM state WHERE task = ? AND key = ?')
  const block = db.prepare('SELECT bytes FROM blocks WHERE task = ? AND key = ? AND list = ? AND block = ?')
  const before = db.prepare(
    'SELECT block AS start, bytes FROM blocks WHERE task = ? AND key = ? AND list = ? AND block < ? ORDER BY block DESC LIMIT 1',
  )
  const after = db.prepare(
    'SELECT block AS start, bytes FROM blocks WHERE task = ? AND key = ? AND list = ? AND block > ? ORDER BY block LIMIT 1',
  )
  const alarms = db.prepare('SELECT key, at FROM alarms WHERE task = ? AND at <= ? ORDER BY at, key LIMIT ?')
  const read = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw explained(error, path)
    }
  }
  return {
    load: key => read(() => rows.all(task, key) as unknown as StateRow[]),
    block: (key, list, at) => read(() => block.get(task, key, list, at) as { bytes: Uint8Array } | undefined)?.bytes,
    nextBlock: (key, list, at, direction) => {
      const bound = Number.isFinite(at) ? at : Math.sign(at) * Number.MAX_SAFE_INTEGER
      return read(() => (direction < 0 ? before : after).get(task, key, list, bound) as StoredBlock | undefined)
    },
    alarms: (until, limit) =>
      read(() => alarms.all(task, until, limit) as unknown as Alarm[]).map(({ key, at }) => ({ key, at })),
  }
}
