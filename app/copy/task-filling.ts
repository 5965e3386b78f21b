/** What a task of another log keeps, given to a task of this one. */
import type { AlarmChange, Checkpoint, Held, StateChange } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'
import type { OurLog } from '../open-log.ts'
import { StateTally } from './tally.ts'

/** What a task was given. */
export interface Kept {
  readonly task: string
  readonly tally: StateTally
  readonly checkpoint: Checkpoint
}

/** Of one commit. */
const ROWS = 8_000

/** A task that is being filled. */
export class TaskFilling {
  readonly #tally = new StateTally()
  readonly #held: Held
  readonly #mostBytes: number
  #rows: StateChange[] = []
  #alarms: AlarmChange[] = []
  #bytes = 0

  private constructor(held: Held, mostBytes: number) {
    this.#held = held
    this.#mostBytes = mostBytes
  }

  /** What an attempt that was broken off has left goes first: the other log may have gone on since. */
  static async of(target: OurLog, task: string, mostBytes: number): Promise<TaskFilling> {
    const filling = new TaskFilling(await target.claim(task), mostBytes)
    for (let left = true; left;) {
      const { rows, alarms } = await target.stateOf(task)
      filling.#rows = first(rows()).map(row => ({ ...row, bytes: null }))
      filling.#alarms = first(alarms()).map(({ key }) => ({ key, at: null }))
      left = filling.#rows.length + filling.#alarms.length > 0
      if (left) await filling.flush()
    }
    return filling
  }

  /** True: it is enough for a commit. */
  row(row: StateChange): boolean {
    this.#tally.addRow(row)
    this.#bytes += row.bytes?.length ?? 0
    return this.#rows.push(row) >= ROWS || this.#bytes >= this.#mostBytes
  }
  alarm(alarm: AlarmChange & { readonly at: Instant }): boolean {
    this.#tally.addAlarm(alarm)
    return this.#alarms.push(alarm) >= ROWS
  }

  /** The task is as it has to be. */
  async finish(checkpoint: Checkpoint): Promise<Kept> {
    await this.flush(checkpoint)
    return { task: this.#held.task, tally: this.#tally, checkpoint }
  }

  async flush(checkpoint?: Checkpoint): Promise<void> {
    const [rows, alarms] = [this.#rows, this.#alarms]
    this.#rows = []
    this.#alarms = []
    this.#bytes = 0
    const tx = await this.#held.begin()
    try {
      await tx.fence()
      await tx.change(rows)
      await tx.setAlarms(alarms)
      if (checkpoint) await tx.checkpoint(checkpoint)
      await tx.commit()
    } catch (error) {
      await tx.abort()
      throw error
    }
  }

  async release(): Promise<void> {
    await this.#held.release().catch(() => undefined)
  }
}

function first<T>(all: Iterable<T>): T[] {
  const some: T[] = []
  for (const one of all) if (some.push(one) >= ROWS) break
  return some
}
