import type { DatabaseSync } from 'node:sqlite'
import type { AlarmChange, StateChange } from '../log.ts'

/** Changes the state of tasks, within whatever transaction is open. */
export class StateWriter {
  readonly #putRow
  readonly #removeRow
  readonly #putBlock
  readonly #removeBlock
  readonly #putAlarm
  readonly #removeAlarm
  readonly #clear

  constructor(db: DatabaseSync) {
    this.#putRow = db.prepare('INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?)')
    this.#removeRow = db.prepare('DELETE FROM state WHERE task = ? AND key = ? AND list = ? AND at = ? AND id = ?')
    this.#putBlock = db.prepare('INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)')
    this.#removeBlock = db.prepare('DELETE FROM blocks WHERE task = ? AND key = ? AND list = ? AND block = ?')
    this.#putAlarm = db.prepare('INSERT OR REPLACE INTO alarms VALUES (?, ?, ?)')
    this.#removeAlarm = db.prepare('DELETE FROM alarms WHERE task = ? AND key = ?')
    this.#clear = ['state', 'blocks', 'alarms'].map(table => db.prepare(`DELETE FROM ${table} WHERE task = ?`))
  }

  change(task: number, changes: Iterable<StateChange>): void {
    for (const { key, list, at, id, dense, bytes } of changes)
      if (dense && bytes) this.#putBlock.run(task, key, list, at, bytes)
      else if (dense) this.#removeBlock.run(task, key, list, at)
      else if (bytes) this.#putRow.run(task, key, list, at, id, bytes)
      else this.#removeRow.run(task, key, list, at, id)
  }

  setAlarms(task: number, alarms: Iterable<AlarmChange>): void {
    for (const { key, at } of alarms)
      if (at === null) this.#removeAlarm.run(task, key)
      else this.#putAlarm.run(task, key, at)
  }

  /** Forget everything of a task. */
  clear(task: number): void {
    for (const table of this.#clear) table.run(task)
  }
}
