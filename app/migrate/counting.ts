/** Counts what has been read of a topic, by where a key's records lie in the one log and where in the other. */
import { clockTicks } from '../../schemas/topics.ts'
import { partitionOf } from '../../streams/partition.ts'
import { checksumOf, Tally } from '../copy/tally.ts'
import type { Chunk } from '../copy/topic-reader.ts'
import type { Reached } from './book.ts'

/** How many partitions the topic had, and has. */
export interface Between {
  readonly from: number
  readonly to: number
}

export class Counting {
  readonly #between: Between
  readonly #isSource: boolean
  readonly #tally: Tally
  #misplaced: number
  #last: number

  /** `isSource`: they are read from the log that is copied from; `was`: go on from there. */
  constructor(between: Between, isSource: boolean, was: Reached | undefined) {
    this.#between = between
    this.#isSource = isSource
    this.#tally = new Tally(between.from, between.to, was?.pairs)
    this.#misplaced = was?.misplaced ?? 0
    this.#last = was?.last ?? -1
  }

  /** Up to and with these. */
  add({ records, positions }: Chunk): Reached {
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
    return { positions, pairs: this.#tally.pairs(), misplaced: this.#misplaced, last: this.#last }
  }
}
