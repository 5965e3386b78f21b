/**
 * Transactions under one transactional id (KIP-98). Whoever takes the id next ends what is open and fences this one off:
 * the id is of a task, so a task has one writer.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  endTxnV4,
  initProducerIdV5,
  txnOffsetCommitV4,
} from '@platformatic/kafka'
import { LogUnavailable } from '../log.ts'
import type { Cluster } from './cluster.ts'
import { answered, isPassing, KafkaError, mustBeFine, namesOf } from './errors.ts'
import { type Batch, produce, type Producer } from './produce.ts'

/** A transaction that nobody ends, the brokers abort after this long. */
const TIMEOUT_MS = 15_000

/** Offsets that a group commits within the transaction. */
export interface GroupOffsets {
  readonly group: string
  /** As a member of the group, or as none: then no generation is checked. */
  readonly member: { readonly id: string; readonly epoch: number } | undefined
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
}

export class Transactions {
  readonly producer: Producer & { readonly transactionalId: string }
  readonly #cluster: Cluster
  readonly #lane: string
  #failed = false

  private constructor(cluster: Cluster, lane: string, producer: Producer & { readonly transactionalId: string }) {
    this.#cluster = cluster
    this.#lane = lane
    this.producer = producer
  }

  /** Become the only one who writes under the id; what another left open is ended first. */
  static async take(cluster: Cluster, lane: string, transactionalId: string): Promise<Transactions> {
    const { producerId, producerEpoch } = await cluster.persist(`take over ${transactionalId}`, () =>
      coordinated(cluster, transactionalId, () =>
        cluster.askCoordinator(
          lane,
          'transaction',
          transactionalId,
          initProducerIdV5.api,
          transactionalId,
          TIMEOUT_MS,
          // Without these the client asks to go on with an id of its own, which is refused.
          -1n,
          -1,
        ),
      ),
    )
    return new Transactions(cluster, lane, {
      ...{ id: producerId, epoch: producerEpoch, transactionalId },
      sequences: new Map<string, number>(),
    })
  }

  /**
   * Write all of it and commit, or nothing. Resolves to the offset after the last record of each partition. After it has
   * rejected nobody knows, and it will not be called again: some may be written and open, which another commit under this
   * epoch would commit too. Taking the id again ends it, and tells.
   */
  async commit(batches: readonly Batch[], groupOffsets: GroupOffsets | undefined): Promise<Map<string, number>> {
    if (this.#failed)
      throw new LogUnavailable(`a transaction of ${this.producer.transactionalId} has failed: claim the task again`)
    try {
      await this.#enlist(batches)
      const offsets = groupOffsets && groupOffsets.offsets.length > 0 ? groupOffsets : undefined
      if (offsets) await this.#enlistGroup(offsets.group)
      const [ends] = await Promise.all([
        produce(this.#cluster, this.#lane, this.producer, batches),
        offsets ? this.#commitOffsets(offsets) : undefined,
      ])
      await this.#end()
      return ends
    } catch (error) {
      this.#failed = true
      throw error
    }
  }

  #enlist(batches: readonly Batch[]): Promise<void> {
    const topics = [...Map.groupBy(batches, ({ topic }) => topic)].map(([name, parts]) => ({
      name,
      partitions: parts.map(({ partition }) => partition),
    }))
    const { transactionalId, id: producerId, epoch: producerEpoch } = this.producer
    const transaction = { transactionalId, producerId, producerEpoch, verifyOnly: false, topics }
    return this.#coordinated('enlist partitions', async () => {
      const { resultsByTransaction } = await answered(
        this.#cluster.askCoordinator(this.#lane, 'transaction', transactionalId, addPartitionsToTxnV3.api, [
          transaction,
        ]),
      )
      const refused = resultsByTransaction
        .flatMap(({ topicResults }) => topicResults)
        .flatMap(({ name, resultsByPartition }) =>
          resultsByPartition.map(({ partitionErrorCode: code }) => ({ name, code })),
        )
        // Where one is refused, the others only say that they were not tried.
        .find(({ code }) => code !== 0 && code !== OPERATION_NOT_ATTEMPTED)
      if (refused) throw new KafkaError(refused.code, refused.name)
    })
  }

  #enlistGroup(group: string): Promise<void> {
    const { transactionalId, id, epoch } = this.producer
    return this.#coordinated('enlist offsets', async () => {
      await this.#cluster.askCoordinator(
        ...([this.#lane, 'transaction', transactionalId, addOffsetsToTxnV3.api] as const),
        ...([transactionalId, id, epoch, group] as const),
      )
    })
  }

  /** Our epoch in the group may just have changed, and the answer that says so be on its way to us. */
  async #commitOffsets(offsets: GroupOffsets): Promise<void> {
    for (let left = STALE_RETRIES; ; left--)
      try {
        await this.#commitOffsetsAs(offsets)
        return
      } catch (error) {
        if (left === 0 || !namesOf(error).some(name => STALE.has(name))) throw error
        await sleep(STALE_RETRY_MS)
      }
  }

  async #commitOffsetsAs({ group, member, offsets }: GroupOffsets): Promise<void> {
    const { transactionalId, id, epoch } = this.producer
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, parts]) => ({
      name,
      partitions: parts.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
      })),
    }))
    await this.#cluster.persist(`offsets of ${group}`, async () => {
      const answer = await answered(
        this.#cluster.askCoordinator(
          ...([this.#lane, 'group', group, txnOffsetCommitV4.api, transactionalId, group, id, epoch] as const),
          ...([member?.epoch ?? -1, member?.id ?? '', null, topics] as const),
        ),
      )
      for (const { name, partitions } of answer.topics)
        for (const { errorCode } of partitions) {
          if (isPassing(new KafkaError(errorCode, ''))) this.#cluster.forgetCoordinator('group', group)
          mustBeFine(errorCode, `offsets of ${name} in ${group}`)
        }
    })
  }

  #end(): Promise<void> {
    const { transactionalId, id, epoch } = this.producer
    return this.#coordinated('commit', async () => {
      try {
        await this.#cluster.askCoordinator(
          ...([this.#lane, 'transaction', transactionalId, endTxnV4.api] as const),
          ...([transactionalId, id, epoch, true] as const),
        )
      } catch (error) {
        // So says a coordinator that is just about to fence this id off. Asked again, it says that it has.
        if (namesOf(error).includes('UNKNOWN_SERVER_ERROR')) throw new KafkaError(CONCURRENT_TRANSACTIONS, 'commit')
        throw error
      }
    })
  }

  #coordinated(doing: string, work: () => Promise<void>): Promise<void> {
    const { transactionalId } = this.producer
    return this.#cluster.persist(`${doing} (${transactionalId})`, () =>
      coordinated(this.#cluster, transactionalId, work),
    )
  }
}

const OPERATION_NOT_ATTEMPTED = 55
const CONCURRENT_TRANSACTIONS = 51
/** How requests older than members' epochs say that ours is not the newest one. */
const STALE = new Set(['STALE_MEMBER_EPOCH', 'ILLEGAL_GENERATION'])
const STALE_RETRIES = 20
const STALE_RETRY_MS = 50
const MOVED = new Set(['NETWORK', 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])

/** Another broker may have become the coordinator. */
async function coordinated<T>(cluster: Cluster, transactionalId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (namesOf(error).some(name => MOVED.has(name))) cluster.forgetCoordinator('transaction', transactionalId)
    throw error
  }
}
