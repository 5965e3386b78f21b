import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadLimit, Recorded } from '../log.ts'
import type { Cluster } from './cluster.ts'
import { answered, KafkaError } from './errors.ts'
import { fetchApi, fetchRequest, type Fetched, READ_UNCOMMITTED } from './fetch.ts'
import type { Offsets } from './offsets.ts'
import type { StoredBatch } from './record-batch.ts'
import { type Place, recordsOf } from './tails.ts'

const FETCH_BYTES = 4 << 20
const OFFSET_OUT_OF_RANGE = 1
const OFFSET_NOT_AVAILABLE = 78
/** How long the end of a transaction that is committed may take to reach a partition. */
const MARKED_WITHIN_MS = 1_000
const LOOK_MS = 2

export interface Reading {
  readonly cluster: Cluster
  readonly offsets: Offsets
  readonly of: Place
  /** Whoever reads has committed up to here: that is waited for. */
  readonly committed: number
}

/** What is committed at and after an offset now; waits for the brokers, but for no record to be written. */
export async function readCommitted(
  { cluster, offsets, of, committed }: Reading,
  from: number,
  { records: most, bytes: mostBytes }: ReadLimit,
): Promise<readonly Recorded[]> {
  const { name, partition } = of
  const until = performance.now() + MARKED_WITHIN_MS
  for (let next = from; ;) {
    const fetched = await cluster.persist(`read ${name}/${partition}`, () => fetchOnce(cluster, of, next))
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) {
      // The answer does not tell where the partition begins.
      const start = await offsets.find(name, partition, { at: 'start' })
      if (next >= start) return []
      next = start
    } else if (fetched.stableEnd < committed && performance.now() < until) await sleep(LOOK_MS)
    else {
      const records = fetched.batches.flatMap(batch => recordsOf(of, batch, next))
      if (records.length > 0) return within(records, most, mostBytes)
      if (fetched.next === undefined || fetched.next >= fetched.stableEnd) return []
      next = fetched.next
    }
  }
}

/** At least one; the bytes may be passed by the last. */
function within(records: readonly Recorded[], most: number, mostBytes: number): readonly Recorded[] {
  let bytes = 0
  const until = records.findIndex(({ value }, n) => {
    const over = n > 0 && (n >= most || bytes >= mostBytes)
    bytes += value.length
    return over
  })
  return until < 0 ? records : records.slice(0, until)
}

async function fetchOnce(cluster: Cluster, { name, partition }: Place, from: number): Promise<Fetched> {
  const where = { partition, currentLeaderEpoch: -1, fetchOffset: BigInt(from), lastFetchedEpoch: -1 }
  const topics = [{ topicId: cluster.topic(name).id, partitions: [{ ...where, partitionMaxBytes: FETCH_BYTES }] }]
  const leader = cluster.leaderOf(name, partition)
  const answer = await answered(cluster.ask('read', leader, fetchApi, ...fetchRequest(0, FETCH_BYTES, topics)))
  const [fetched] = answer.partitions
  if (!fetched) throw new KafkaError(answer.errorCode, name)
  if (fetched.errorCode !== 0 && fetched.errorCode !== OFFSET_OUT_OF_RANGE)
    throw new KafkaError(fetched.errorCode, `${name}/${partition}`)
  return fetched
}

/** Of a partition as the brokers call it: what was written from an offset on and before another. */
export interface Stretch {
  readonly name: string
  readonly partition: number
  readonly from: number
  readonly end: number
  /** Also what is not committed, or was aborted. */
  readonly uncommitted?: boolean
}

/** The first batches of a stretch, and where to go on: at its end, where nothing more is left of it. */
export async function fetchStretch(
  cluster: Cluster,
  lane: string,
  { name, partition, from, end, uncommitted = false }: Stretch,
): Promise<{ batches: readonly StoredBatch[]; next: number }> {
  const where = { partition, currentLeaderEpoch: -1, fetchOffset: BigInt(from), lastFetchedEpoch: -1 }
  const topics = [{ topicId: cluster.topic(name).id, partitions: [{ ...where, partitionMaxBytes: FETCH_BYTES }] }]
  const request = fetchRequest(0, FETCH_BYTES, topics, uncommitted ? READ_UNCOMMITTED : undefined)
  const answer = await answered(cluster.ask(lane, cluster.leaderOf(name, partition), fetchApi, ...request))
  const [fetched] = answer.partitions
  if (!fetched || fetched.errorCode !== 0) throw new KafkaError(fetched?.errorCode ?? answer.errorCode, name)
  const { batches, next, stableEnd, end: written } = fetched
  // Nothing is there because compaction took it, or because a broker does not give it yet.
  if (next === undefined && (uncommitted ? written : stableEnd) < end) throw new KafkaError(OFFSET_NOT_AVAILABLE, name)
  return { batches, next: next ?? end }
}
