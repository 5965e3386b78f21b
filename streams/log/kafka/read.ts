import type { ReadLimit, Recorded } from '../log.ts'
import type { Cluster } from './cluster.ts'
import { answered, KafkaError } from './errors.ts'
import { fetchApi, fetchRequest, type Fetched } from './fetch.ts'
import { type Place, recordsOf } from './tails.ts'

const FETCH_BYTES = 4 << 20
const OFFSET_OUT_OF_RANGE = 1

/** What is committed at and after an offset now; waits for the brokers, but for no record to be written. */
export async function readCommitted(
  cluster: Cluster,
  of: Place,
  from: number,
  { records: most, bytes: mostBytes }: ReadLimit,
): Promise<readonly Recorded[]> {
  for (let next = from; ;) {
    const fetched = await cluster.persist(`read ${of.name}/${of.partition}`, () => fetchOnce(cluster, of, next))
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE && next >= fetched.start) return []
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) next = fetched.start
    else {
      const records = fetched.batches.flatMap(batch => recordsOf(of, batch, next))
      if (records.length > 0) return within(records, most, mostBytes)
      if (fetched.next === undefined || fetched.next >= fetched.stableEnd) return []
      next = fetched.next
    }
  }
}

function within(records: readonly Recorded[], most: number, mostBytes: number): readonly Recorded[] {
  let bytes = 0
  const until = records.findIndex(({ value }, n) => n > 0 && (n >= most || (bytes += value.length) >= mostBytes))
  return until < 0 ? records.slice(0, most) : records.slice(0, until)
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
