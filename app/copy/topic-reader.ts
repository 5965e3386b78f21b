/** Reads all partitions of a topic on from where one has been, up to where one wants to be. */
import type { Log, Recorded, Tail } from '../../streams/log/log.ts'

export interface Chunk {
  /** Those of a partition in their order. */
  readonly records: readonly Recorded[]
  readonly bytes: number
  /** By partition: how far these bring it. */
  readonly positions: readonly number[]
}

const MOST = { records: 40_000, bytes: 8 << 20 }
const WAIT_MS = 100

export class TopicReader {
  readonly #log: Log
  readonly #tails: readonly Tail[]
  readonly #from: readonly number[]
  readonly #ends: readonly number[]
  #told: string

  private constructor(log: Log, tails: readonly Tail[], from: readonly number[], ends: readonly number[]) {
    this.#log = log
    this.#tails = tails
    this.#from = from
    this.#ends = ends
    this.#told = JSON.stringify(from)
  }

  /** From these offsets up to those, by partition: from the beginning, and to what there is now. */
  static async of(log: Log, topic: string, from?: readonly number[], ends?: readonly number[]): Promise<TopicReader> {
    const partitions = Array.from({ length: log.partitionsOf(topic) }, (_, n) => n)
    const begin = from ?? partitions.map(() => 0)
    const bounds = ends ? [] : await Promise.all(partitions.map(n => log.bounds(topic, n)))
    const untils = ends ?? bounds.map(({ start, end }) => (start < end ? end : 0))
    const tails = partitions.map(n => log.tail(topic, n, begin[n] ?? 0))
    return new TopicReader(log, tails, begin, untils)
  }

  /** What comes next; undefined: that was all. */
  async next(until: AbortSignal): Promise<Chunk | undefined> {
    for (let seen = -1; ;) {
      until.throwIfAborted()
      const { records, bytes } = await this.#take()
      if (records.length > 0 || this.#isThrough()) {
        const furthest = (n: number) => Math.max(this.#ends[n] ?? 0, this.#from[n] ?? 0)
        const positions = this.#tails.map(({ position }, n) => Math.min(position, furthest(n)))
        const told = JSON.stringify(positions)
        if (told === this.#told) return undefined
        this.#told = told
        return { records, bytes, positions }
      }
      seen = await this.#log.changed(seen, WAIT_MS)
    }
  }

  close(): void {
    for (const tail of this.#tails) tail.close()
  }

  async #take(): Promise<{ records: Recorded[]; bytes: number }> {
    const records: Recorded[] = []
    let bytes = 0
    for (let more = true; more;) {
      more = false
      for (const [n, tail] of this.#tails.entries()) {
        if (tail.position >= (this.#ends[n] ?? 0)) continue
        if (records.length >= MOST.records || bytes >= MOST.bytes) return { records, bytes }
        const limit = { records: MOST.records - records.length, bytes: MOST.bytes - bytes }
        for (const record of await tail.take(limit)) {
          if (record.offset >= (this.#ends[n] ?? 0)) break
          records.push(record)
          bytes += record.value.length
          more = true
        }
      }
    }
    return { records, bytes }
  }

  #isThrough(): boolean {
    return this.#tails.every(({ position }, n) => position >= (this.#ends[n] ?? 0))
  }
}
