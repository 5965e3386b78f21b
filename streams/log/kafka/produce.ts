/**
 * Producing, idempotent and with acks from all replicas in sync (Produce v11): a batch that is sent again after a lost
 * answer has the numbers that it had, and is written once.
 */
import { createAPI, produceV11, Writer } from '@platformatic/kafka'
import type { Cluster } from './cluster.ts'
import { answered, isPassing, KafkaError } from './errors.ts'
import { type BatchRecord, type Compression, encodeBatch, splitBySize } from './record-batch.ts'

/** Who writes: an id and an epoch that the cluster gave, and how many records each partition has had from them. */
export interface Producer {
  readonly id: bigint
  readonly epoch: number
  readonly transactionalId: string | null
  /** By partition: the number of its next record. */
  readonly sequences: Map<string, number>
}

/** Records of one partition; `topic` as the brokers call it. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly BatchRecord[]
}

interface Encoded {
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly bytes: Buffer
}

/** Encoded bytes of one batch; a record that is larger goes alone. */
const BATCH_BYTES = 800_000
const COMPRESSION: Compression = 'lz4'
const ACKS_ALL = -1
const WRITE_TIMEOUT_MS = 5_000
const DUPLICATE_SEQUENCE_NUMBER = 46

type RequestArguments = [transactionalId: string | null, batches: readonly Encoded[]]
const produceApi = createAPI<RequestArguments, produceV11.ProduceResponse>(
  0,
  11,
  (transactionalId: string | null, batches: readonly Encoded[]) =>
    Writer.create()
      .appendString(transactionalId)
      .appendInt16(ACKS_ALL)
      .appendInt32(WRITE_TIMEOUT_MS)
      .appendArray([...Map.groupBy(batches, ({ topic }) => topic)], (w, [topic, partitions]) => {
        w.appendString(topic).appendArray(partitions, (w, { partition, bytes }) => {
          w.appendInt32(partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes)
        })
      })
      .appendTaggedFields(),
  produceV11.parseResponse,
)

/**
 * Write all of it; a request holds at most one batch of a partition, so large ones follow one another. Resolves to the
 * offset after the last record of each partition, by `topic/partition` as the brokers call it; -1 where a repeated answer
 * did not tell.
 */
export async function produce(
  cluster: Cluster,
  lane: string,
  producer: Producer,
  batches: readonly Batch[],
  patienceMs?: number,
): Promise<Map<string, number>> {
  const runs = batches.map(({ topic, partition, records }) => ({
    ...{ topic, partition },
    left: splitBySize(records, BATCH_BYTES),
  }))
  const ends = new Map<string, number>()
  for (;;) {
    const round = runs.flatMap(({ topic, partition, left }) => {
      const records = left.shift()
      return records ? [encode(producer, topic, partition, records)] : []
    })
    if (round.length === 0) return ends
    const missing = new Set(round)
    await cluster.persist('write', () => send(cluster, lane, producer, missing, ends), patienceMs)
  }
}

function encode(producer: Producer, topic: string, partition: number, records: readonly BatchRecord[]): Encoded {
  const at = `${topic}/${partition}`
  const firstSequence = producer.sequences.get(at) ?? 0
  producer.sequences.set(at, (firstSequence + records.length) % 2 ** 31)
  const bytes = encodeBatch(records, {
    producerId: producer.id,
    producerEpoch: producer.epoch,
    firstSequence,
    transactional: producer.transactionalId !== null,
    timestampMs: Date.now(),
    compression: COMPRESSION,
  })
  return { topic, partition, count: records.length, bytes }
}

/** Send what is missing, to each leader its part; throws if some of it still is. What has been written is not sent again. */
async function send(
  cluster: Cluster,
  lane: string,
  { transactionalId }: Producer,
  missing: Set<Encoded>,
  ends: Map<string, number>,
): Promise<void> {
  const byLeader = Map.groupBy(missing, ({ topic, partition }) => cluster.leaderOf(topic, partition))
  const failures: Error[] = []
  const sent = [...byLeader].map(async ([leader, batches]) => {
    try {
      const { responses } = await answered(cluster.ask(lane, leader, produceApi, transactionalId, batches))
      for (const { name, partitionResponses } of responses)
        for (const { index, errorCode, baseOffset } of partitionResponses) {
          const batch = batches.find(({ topic, partition }) => topic === name && partition === index)
          if (!batch) continue
          if (errorCode !== 0 && errorCode !== DUPLICATE_SEQUENCE_NUMBER)
            failures.push(new KafkaError(errorCode, `${name}/${index}`))
          else {
            missing.delete(batch)
            ends.set(`${name}/${index}`, baseOffset < 0n ? -1 : Number(baseOffset) + batch.count)
          }
        }
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)))
    }
  })
  await Promise.all(sent)
  // What will not pass tells more than what might.
  const worst = failures.find(error => !isPassing(error)) ?? failures[0]
  if (worst !== undefined) throw worst
}
