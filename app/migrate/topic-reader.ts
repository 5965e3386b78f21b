/** Reads all partitions of a topic on from where one has been, and counts what there is on the way. */
import { clockTicks } from '../../schemas/topics.ts'
import type { Recorded, Tail } from '../../streams/log/log.ts'
import { partitionOf } from '../../streams/partition.ts'
import type { OurLog } from '../open-log.ts'
import type { Reached } from './book.ts'
import { checksumOf, Tally } from './tally.ts'

export interface Chunk {
  readonly records: readonly Recorded[]
  readonly bytes: number
  /** Up to and with these records. */
  readonly reached: Reached
}
/** How many partitions the topic had, and has. */
export interface Between {
  readonly from: number
  readonly to: number
}

const MOST = { records: 40_000, bytes: 8 << 20 }
const WAIT_MS = 100

export class TopicReader {
  readonly #log: OurLog
  readonly #tails: readonly Tail[]
  readonly #ends: readonly number[]
  readonly #between: Between
  readonly #isSource: boolean
  readonly #tally: Tally
  #misplaced: number
  #last: number
  #told: string

  private constructor(log: OurLog, tails: Tail[], ends: number[], between: Between, isSource: boolean, was: Reached) {
    this.#log = log
    this.#tails = tails
    this.#ends = ends
    this.#between = between
    this.#isSource = isSource
    this.#tally = new Tally(between.from, between.to, was.pairs)
    this.#misplaced = was.misplaced
    this.#last = was.last
    this.#told = JSON.stringify(was.positions)
  }

  /** Read up to what there is now. `isSource`: the log is the one that is copied from. */
  static async of(
    log: OurLog,
    topic: string,
    between: Between,
    isSource: boolean,
    was: Reached | undefined,
  ): Promise<TopicReader> {
    const partitions = Array.from({ length: log.partitionsOf(topic) }, (_, n) => n)
    const from: Reached = was ?? { positions: partitions.map(() => 0), pairs: [], misplaced: 0, last: -1 }
    const bounds = await Promise.all(partitions.map(n => log.bounds(topic, n)))
    const ends = bounds.map(({ start, end }) => (start < end ? end : 0))
    const tails = partitions.map(n => log.tail(topic, n, from.positions[n] ?? 0))
    return new TopicReader(log, tails, ends, between, isSource, from)
  }

  /** What comes next; undefined: that was all. */
  async next(until: AbortSignal): Promise<Chunk | undefined> {
    for (let seen = -1; ;) {
      until.throwIfAborted()
      const { records, bytes } = await this.#take()
      if (records.length > 0 || this.#isThrough()) {
        const reached = this.#reached(records)
        const positions = JSON.stringify(reached.positions)
        if (positions === this.#told) return undefined
        this.#told = positions
        return { records, bytes, reached }
      }
      seen = await this.#log.changed(seen, WAIT_MS)
    }
  }

  close(): void {
    for (const tail of this.#tails) tail.close()
  }

  /** A key's records in their order, for they lie in one partition. */
  async #take(): Promise<{ records: Recorded[]; bytes: number }> {
    const records: Recorded[] = []
    let bytes = 0
    for (let more = true; more;) {
      more = false
      for (const tail of this.#tails) {
        if (records.length >= MOST.records || bytes >= MOST.bytes) return { records, bytes }
        const limit = { records: MOST.records - records.length, bytes: MOST.bytes - bytes }
        for (const record of await tail.take(limit)) {
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

  #reached(records: readonly Recorded[]): Reached {
    const { from, to } = this.#between
    for (const record of records) {
      const checksum = checksumOf(record)
      // A tick that says the same as the one before it says nothing: see end-with-tick.ts.
      const isRepeated = record.topic === clockTicks.name && checksum === this.#last
      this.#last = checksum
      if (isRepeated) continue
      const [was, is] = [partitionOf(record.key, from), partitionOf(record.key, to)]
      if (record.partition !== (this.#isSource ? was : is)) this.#misplaced++
      this.#tally.add(was, this.#isSource ? is : record.partition, checksum)
    }
    const positions = this.#tails.map(({ position }) => position)
    return { positions, pairs: this.#tally.pairs(), misplaced: this.#misplaced, last: this.#last }
  }
}
