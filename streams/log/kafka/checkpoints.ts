/**
 * What every task of the installation last committed, known in every process: a compacted topic of one partition that each
 * commit also writes to. A task's own truth is its changelog; this is for the others, who look often and must not wait.
 */
import { type Checkpoint, LogUnavailable, type Recorded, type Tail } from '../log.ts'
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

/** Longer than the brokers take to end what a dead process has left open: 15 s, and up to 10 more until they look. */
const OPEN_MS = 60_000
const AT_A_TIME = { records: 1_000, bytes: 4 << 20 }

export class Checkpoints {
  readonly #tail: Tail
  readonly #last = new Map<string, Recorded>()
  readonly #parsed = new WeakMap<Recorded, Standing>()
  #position = 0

  constructor(tail: Tail) {
    this.#tail = tail
  }

  /** How far it has been heard. */
  get position(): number {
    return this.#position
  }

  /** Hear what has come. */
  async follow(): Promise<void> {
    for (;;) {
      const records = await this.#tail.take(AT_A_TIME)
      for (const record of records) this.#last.set(record.key, record)
      this.#position = this.#tail.position
      if (records.length === 0) return
    }
  }

  /** Hear what was written before an offset; `news` resolves when something may have come. */
  async hearUpTo(end: number, news: (seen: number) => Promise<number>): Promise<void> {
    const until = performance.now() + OPEN_MS
    for (let seen = -1; ;) {
      await this.follow()
      if (this.#position >= end) return
      if (performance.now() > until)
        throw new LogUnavailable('Kafka: a transaction in the checkpoints stays open; the brokers end it soon')
      seen = await news(seen)
    }
  }

  /** The last record of a key that was heard, also of one that is no task. */
  last(key: string): Recorded | undefined {
    return this.#last.get(key)
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
