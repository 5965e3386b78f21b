import type { StatementSync } from 'node:sqlite'
import { type AlarmChange, type Checkpoint, Fenced, type Outgoing, type StateChange, type Transaction } from '../log.ts'
import type { EmbeddedLog } from './embedded.ts'
import { batchesOf } from './batch.ts'
import { explained } from './file.ts'

/** One commit of a task within `BEGIN IMMEDIATE`: from `begin` on nobody else writes, so the fence holds until the commit. */
export class EmbeddedTransaction implements Transaction {
  readonly #log: EmbeddedLog
  readonly #id: number
  readonly #task: string
  readonly #epoch: number
  readonly #free: () => void

  constructor(log: EmbeddedLog, id: number, task: string, epoch: number, free: () => void) {
    this.#log = log
    this.#id = id
    this.#task = task
    this.#epoch = epoch
    this.#free = free
  }

  fence(): Promise<void> {
    return this.#do(() => {
      const { epoch } = this.#prepare('SELECT epoch FROM tasks WHERE id = ?').get(this.#id) as { epoch: number }
      if (epoch !== this.#epoch)
        throw new Fenced(`${this.#task} has been taken by another owner (epoch ${epoch}, ours is ${this.#epoch})`)
    })
  }

  append(records: readonly Outgoing[]): Promise<void> {
    return this.#do(() => this.#log.write(batchesOf(records)))
  }

  change(state: readonly StateChange[]): Promise<void> {
    return this.#do(() => {
      if (state.length === 0) return
      const putRow = this.#prepare('INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?)')
      const removeRow = this.#prepare('DELETE FROM state WHERE task = ? AND key = ? AND list = ? AND at = ? AND id = ?')
      const putBlock = this.#prepare('INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?)')
      const removeBlock = this.#prepare('DELETE FROM blocks WHERE task = ? AND key = ? AND list = ? AND block = ?')
      for (const { key, list, at, id, dense, bytes } of state)
        if (dense && bytes) putBlock.run(this.#id, key, list, at, bytes)
        else if (dense) removeBlock.run(this.#id, key, list, at)
        else if (bytes) putRow.run(this.#id, key, list, at, id, bytes)
        else removeRow.run(this.#id, key, list, at, id)
    })
  }

  setAlarms(alarms: readonly AlarmChange[]): Promise<void> {
    return this.#do(() => {
      for (const { key, at } of alarms)
        if (at === null) this.#prepare('DELETE FROM alarms WHERE task = ? AND key = ?').run(this.#id, key)
        else this.#prepare('INSERT OR REPLACE INTO alarms VALUES (?, ?, ?)').run(this.#id, key, at)
    })
  }

  checkpoint(checkpoint: Checkpoint): Promise<void> {
    return this.#do(() => {
      this.#prepare('UPDATE tasks SET checkpoint = ?, renewedAt = ? WHERE id = ?').run(
        JSON.stringify(checkpoint),
        this.#log.now(),
        this.#id,
      )
    })
  }

  commit(): Promise<void> {
    return this.#do(() => {
      this.#log.db.exec('COMMIT')
      this.#log.committed()
      this.#free()
    })
  }

  abort(): Promise<void> {
    return this.#do(() => {
      try {
        if (this.#log.db.isTransaction) this.#log.db.exec('ROLLBACK')
      } finally {
        this.#free()
      }
    })
  }

  #prepare(sql: string): StatementSync {
    return this.#log.prepared(sql)
  }

  #do(work: () => void): Promise<void> {
    try {
      work()
      return Promise.resolve()
    } catch (error) {
      return Promise.reject(explained(error, this.#log.path))
    }
  }
}
