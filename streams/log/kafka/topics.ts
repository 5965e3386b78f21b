/** The topics that an installation has on Kafka, and how they are kept. */
import { createTopicsV7, deleteRecordsV2 } from '@platformatic/kafka'
import { LogRefused } from '../log.ts'
import type { Cluster, Topic } from './cluster.ts'
import { answered, KafkaError } from './errors.ts'

export interface Wanted {
  /** As the brokers call it. */
  readonly name: string
  readonly partitions: number
  /** Kept for good but for what is trimmed; the newest record of each key; or that, in small pieces because it is read whole. */
  readonly kept: 'all' | 'newest' | 'newest, small'
}

/** The largest record: a body that was refused is kept with its bytes. */
const MAX_BYTES = 12 << 20
/** A process that was away for longer than this forgets its snapshot: rows may have been deleted without a trace since. */
export const TOMBSTONES_MS = 7 * 24 * 3_600_000
const TOPIC_ALREADY_EXISTS = 36
const CREATE_TIMEOUT_MS = 30_000
const TRIM_TIMEOUT_MS = 10_000
const USUAL_REPLICATION = 3

const configs = (kept: Wanted['kept'], replication: number): Record<string, string> => ({
  'max.message.bytes': String(MAX_BYTES),
  // What is trimmed is trimmed by when it came, and only once everyone has read it.
  'message.timestamp.type': 'LogAppendTime',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'min.insync.replicas': String(Math.max(1, replication - 1)),
  ...(kept === 'all'
    ? { 'cleanup.policy': 'delete' }
    : {
        'cleanup.policy': 'compact',
        'delete.retention.ms': String(TOMBSTONES_MS),
        'min.cleanable.dirty.ratio': kept === 'newest' ? '0.3' : '0.1',
        'segment.bytes': String(kept === 'newest' ? 128 << 20 : 16 << 20),
      }),
})

/** Make those that are missing; one that is there keeps the partitions that it has. Resolves to all of them. */
export async function ensureTopics(
  cluster: Cluster,
  wanted: readonly Wanted[],
  replication: number | undefined,
  mayMake: boolean,
): Promise<ReadonlyMap<string, Topic>> {
  const names = wanted.map(({ name }) => name)
  const there = await cluster.persist('look for the topics', () => cluster.topics(names))
  const missing = wanted.filter(({ name }) => !there.has(name))
  if (missing.length === 0) return there
  const [first] = missing
  if (!mayMake)
    throw new LogRefused(
      `there is no topic ${first?.name ?? ''} on Kafka: start Milepost there first, or say with MILEPOST_NAMESPACE how its topics begin`,
    )
  await cluster.persist('make the topics', () => create(cluster, missing, replication))
  return cluster.persist('look for the new topics', async () => {
    const all = await cluster.topics(names)
    // A broker may not have heard of all of them yet.
    if (names.some(name => !all.get(name)?.leaders.every(leader => leader >= 0))) throw new KafkaError(5, 'new topics')
    return all
  })
}

async function create(cluster: Cluster, wanted: readonly Wanted[], replication: number | undefined): Promise<void> {
  const copies = replication ?? Math.min(USUAL_REPLICATION, cluster.brokerCount)
  const requested = wanted.map(({ name, partitions, kept }) => ({
    ...{ name, numPartitions: partitions, replicationFactor: copies, assignments: [] },
    configs: Object.entries(configs(kept, copies)).map(([name, value]) => ({ name, value })),
  }))
  const { topics } = await answered(cluster.askAny(createTopicsV7.api, requested, CREATE_TIMEOUT_MS, false))
  for (const { name, errorCode, errorMessage } of topics)
    if (errorCode !== 0 && errorCode !== TOPIC_ALREADY_EXISTS)
      throw new KafkaError(errorCode, `topic ${name} (${errorMessage ?? ''})`)
}

/** Let go of a partition's records before an offset. Resolves to the first that is kept. */
export async function deleteBefore(cluster: Cluster, name: string, partition: number, offset: number): Promise<number> {
  return cluster.persist(`trim ${name}/${partition}`, async () => {
    const leader = cluster.leaderOf(name, partition)
    const asked = [{ name, partitions: [{ partitionIndex: partition, offset: BigInt(offset) }] }]
    const { topics } = await answered(cluster.ask('ask', leader, deleteRecordsV2.api, asked, TRIM_TIMEOUT_MS))
    const [trimmed] = topics[0]?.partitions ?? []
    if (!trimmed || trimmed.errorCode !== 0) throw new KafkaError(trimmed?.errorCode ?? -1, `trim ${name}`)
    return Number(trimmed.lowWatermark)
  })
}
