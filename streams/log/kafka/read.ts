import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadLimit, Recorded } from '../log.ts'
import type { Cluster } from './cluster.ts'
import { answered, KafkaError } from './errors.ts'
import { fetchApi, fetchRequest, type Fetched } from './fetch.ts'
import type { Offsets } from './offsets.ts'
import { type Place, recordsOf } from './tails.ts'

const FETCH_BYTES = 4 << 20
const OFFSET_OUT_OF_RANGE = 1
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
