/** Transactions in the raw: begun, written and ended one step at a time, as no log of ours leaves them lying. */
import { addPartitionsToTxnV3, endTxnV4 } from '@platformatic/kafka'
import type { Cluster } from '../../../../streams/log/kafka/cluster.ts'
import { answered, mustBeFine } from '../../../../streams/log/kafka/errors.ts'
import { produce, type Producer } from '../../../../streams/log/kafka/produce.ts'
import { Transactions } from '../../../../streams/log/kafka/transactions.ts'

const LANE = 'raw'

export class RawProducer {
  readonly #cluster: Cluster
  readonly #producer: Producer & { readonly transactionalId: string }
  readonly #enlisted = new Set<string>()

  private constructor(cluster: Cluster, producer: Producer & { readonly transactionalId: string }) {
    this.#cluster = cluster
    this.#producer = producer
  }

  static async take(cluster: Cluster, transactionalId: string): Promise<RawProducer> {
    return new RawProducer(cluster, (await Transactions.take(cluster, LANE, transactionalId)).producer)
  }

  /** `topic` as the brokers call it. */
  async write(topic: string, partition: number, values: readonly (string | Buffer)[]): Promise<void> {
    if (!this.#enlisted.has(`${topic}/${partition}`)) await this.#enlist(topic, partition)
    const records = values.map(value => ({ key: Buffer.from('raw'), value: Buffer.from(value), cause: null }))
    await produce(this.#cluster, LANE, this.#producer, [{ topic, partition, records }])
  }

  async end(committed: boolean): Promise<void> {
    const { transactionalId, id, epoch } = this.#producer
    this.#enlisted.clear()
    await this.#cluster.persist('end', () =>
      this.#cluster.askCoordinator(
        ...([LANE, 'transaction', transactionalId, endTxnV4.api] as const),
        ...([transactionalId, id, epoch, committed] as const),
      ),
    )
  }

  async #enlist(topic: string, partition: number): Promise<void> {
    await this.#cluster.topics([topic])
    const { transactionalId, id: producerId, epoch: producerEpoch } = this.#producer
    const topics = [{ name: topic, partitions: [partition] }]
    const transaction = { transactionalId, producerId, producerEpoch, verifyOnly: false, topics }
    await this.#cluster.persist('enlist', async () => {
      const { resultsByTransaction } = await answered(
        this.#cluster.askCoordinator(LANE, 'transaction', transactionalId, addPartitionsToTxnV3.api, [transaction]),
      )
      for (const { topicResults } of resultsByTransaction)
        for (const { resultsByPartition } of topicResults)
          for (const { partitionErrorCode } of resultsByPartition) mustBeFine(partitionErrorCode, topic)
    })
    this.#enlisted.add(`${topic}/${partition}`)
  }
}
