import type { StatementSync } from 'node:sqlite'
import { type AlarmChange, type Checkpoint, Fenced, type Outgoing, type StateChange, type Transaction } from '../log.ts'
import type { EmbeddedLog } from './embedded.ts'
import { batchesOf } from './batch.ts'
import { explained } from '../state/errors.ts'

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
    return this.#do(() => this.#log.state.change(this.#id, state))
  }

  setAlarms(alarms: readonly AlarmChange[]): Promise<void> {
    return this.#do(() => this.#log.state.setAlarms(this.#id, alarms))
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
