/**
 * Fetching, with offsets of our own (Fetch v16, KIP-98 for what is committed). The client's own reader hands out records
 * of aborted transactions (two in one answer, or one larger than an answer): what an answer's batches are worth is
 * decided here.
 */
import { createAPI, fetchV17, type Reader, readKnownTaggedFields } from '@platformatic/kafka'
import { batchesIn, type StoredBatch } from './record-batch.ts'

/** What one partition's part of an answer holds. */
export interface Fetched {
  readonly topicId: string
  readonly partition: number
  readonly errorCode: number
  /** Offsets: of the first record kept, after the last that is committed or aborted, after the last of all. */
  readonly start: number
  readonly stableEnd: number
  readonly end: number
  /** Batches that are committed, or all if that was asked for, from the first that is not all below the offset asked for. */
  readonly batches: readonly StoredBatch[]
  /** Where to fetch next; undefined: there was nothing. */
  readonly next: number | undefined
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly partitions: readonly Fetched[]
}

interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** Whose records: of all, also where their transaction is open or aborted, or those that are committed. */
export const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1
const NO_SESSION = [0, -1] as const

const fetchApi = createAPI<Parameters<typeof fetchV17.createRequest>, FetchAnswer>(
  1,
  16,
  fetchV17.createRequest,
  parseAnswer,
)

/** The arguments of a fetch, of committed records unless said otherwise. */
export const fetchRequest = (
  maxWaitMs: number,
  maxBytes: number,
  topics: fetchV17.FetchRequestTopic[],
  isolation = READ_COMMITTED,
): Parameters<typeof fetchV17.createRequest> => [maxWaitMs, 1, maxBytes, isolation, ...NO_SESSION, topics, [], '']
export { fetchApi }

function parseAnswer(_: number, __: number, ___: number, reader: Reader): FetchAnswer {
  reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt32()
  const topics = reader.readArray(r => {
    const topicId = r.readUUID()
    return r.readArray(r => parsePartition(r, topicId), true, false)
  })
  readKnownTaggedFields(reader, {})
  return { errorCode, partitions: topics.flat() }
}

function parsePartition(r: Reader, topicId: string): Fetched {
  const partition = r.readInt32()
  const errorCode = r.readInt16()
  const end = Number(r.readInt64())
  const stableEnd = Number(r.readInt64())
  const start = Number(r.readInt64())
  const aborted = r.readNullableArray(a => ({ producerId: a.readInt64(), firstOffset: Number(a.readInt64()) })) ?? []
  r.readInt32()
  const sizePlusOne = r.readUnsignedVarInt()
  const size = Math.max(0, sizePlusOne - 1)
  const bytes = size === 0 ? Buffer.alloc(0) : r.buffer.slice(r.position, r.position + size)
  r.skip(size)
  readKnownTaggedFields(r, {})
  const batches = batchesIn(bytes)
  const last = batches.at(-1)
  return {
    ...{ topicId, partition, errorCode, start, stableEnd, end },
    batches: committed(batches, aborted),
    next: last && last.lastOffset + 1,
  }
}

/** A producer's batches are aborted from the first offset that the answer names for it up to its abort marker. */
function committed(batches: readonly StoredBatch[], aborted: readonly Aborted[]): StoredBatch[] {
  const waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<bigint>()
  const kept: StoredBatch[] = []
  for (const batch of batches) {
    while (waiting[0] && waiting[0].firstOffset <= batch.lastOffset) {
      aborting.add(waiting[0].producerId)
      waiting.shift()
    }
    if (batch.control === 'abort') aborting.delete(batch.producerId)
    if (batch.control === null && !(batch.transactional && aborting.has(batch.producerId))) kept.push(batch)
  }
  return kept
}
