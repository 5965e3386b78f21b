/**
 * What every task of the installation last committed, known in every process: a compacted topic of one partition that each
 * commit also writes to. A task's own truth is its changelog; this is for the others, who look often and must not wait.
 */
import type { Checkpoint, Recorded, Tail } from '../log.ts'
import type { BatchRecord } from './record-batch.ts'

export interface Standing {
  readonly checkpoint: Checkpoint
  /** Its last owner had it when it wrote this, and did not let go of it. */
  readonly held: boolean
}

export const standingRecord = (task: string, standing: Standing): BatchRecord => ({
  key: Buffer.from(task),
  value: Buffer.from(JSON.stringify(standing)),
  cause: null,
})

const AT_A_TIME = { records: 1_000, bytes: 4 << 20 }

export class Checkpoints {
  readonly #tail: Tail
  readonly #last = new Map<string, Recorded>()
  readonly #parsed = new WeakMap<Recorded, Standing>()

  constructor(tail: Tail) {
    this.#tail = tail
  }

  /** How far it has been read. */
  get position(): number {
    return this.#tail.position
  }

  /** Hear what has come. */
  async follow(): Promise<void> {
    for (;;) {
      const records = await this.#tail.take(AT_A_TIME)
      if (records.length === 0) return
      for (const record of records) this.#last.set(record.key, record)
    }
  }

  of(task: string): Standing | undefined {
    const record = this.#last.get(task)
    if (!record) return undefined
    let standing = this.#parsed.get(record)
    if (!standing) {
      standing = JSON.parse(Buffer.from(record.value).toString()) as Standing
      this.#parsed.set(record, standing)
    }
    return standing
  }
}
