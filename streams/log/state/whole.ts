import type { DatabaseSync } from 'node:sqlite'
import type { Alarm, StateChange } from '../log.ts'
import { explained } from './errors.ts'

/** All that a task keeps. Whoever reads it must not let it be changed meanwhile. */
export interface WholeState {
  /** Rows and blocks, those of a key together within each of the two. */
  readonly rows: () => Iterable<StateChange & { readonly bytes: Uint8Array }>
  readonly alarms: () => Iterable<Alarm>
}

export const NO_STATE: WholeState = { rows: () => [], alarms: () => [] }

/** The committed state of one task, read from the file that holds it. */
export function wholeState(db: DatabaseSync, path: string, task: number): WholeState {
  function* all<T>(sql: string): Generator<T> {
    try {
      for (const row of db.prepare(sql).iterate(task)) yield row as T
    } catch (error) {
      throw explained(error, path)
    }
  }
  type Row = Omit<StateChange, 'dense' | 'bytes'> & { readonly bytes: Uint8Array }
  return {
    rows: function* () {
      for (const row of all<Row>(
        'SELECT key, list, at, id, bytes FROM state WHERE task = ? ORDER BY key, list, at, id',
      ))
        yield { ...row, dense: false }
      for (const block of all<Omit<Row, 'id'>>(
        'SELECT key, list, block AS at, bytes FROM blocks WHERE task = ? ORDER BY key, list, block',
      ))
        yield { ...block, id: '', dense: true }
    },
    alarms: () => all<Alarm>('SELECT key, at FROM alarms WHERE task = ? ORDER BY key'),
  }
}
