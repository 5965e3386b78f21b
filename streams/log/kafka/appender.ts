/**
 * Where ingest puts its records: what comes while a request is out goes with the next. Idempotent within a life of the
 * connection; after a failure it begins anew, and what is sent again is heard once, because it says the same.
 */
import { initProducerIdV5 } from '@platformatic/kafka'
import { type Appender, LogUnavailable, type Outgoing } from '../log.ts'
import type { Cluster } from './cluster.ts'
import { explained } from './errors.ts'
import { produce, type Producer } from './produce.ts'
import { recordOf } from './task.ts'

/** Whoever waits for an answer gets one: after this long the log counts as away. */
const PATIENCE_MS = 4_000
/** While it is away, how often somebody has to wait to see whether it is back; the others hear so at once, also meanwhile. */
const RETRY_MS = 1_000
const LANE = 'append'
/** Records of one request. */
const MOST = 20_000

interface Waiting {
  readonly records: readonly Outgoing[]
  readonly done: PromiseWithResolvers<undefined>
}

export class KafkaAppender implements Appender {
  readonly #cluster: Cluster
  readonly #nameOf: (topic: string) => string
  #producer: Promise<Producer> | undefined
  #waiting: Waiting[] = []
  #busy = false
  #away: { readonly error: Error; readonly since: number } | undefined

  constructor(cluster: Cluster, nameOf: (topic: string) => string) {
    this.#cluster = cluster
    this.#nameOf = nameOf
  }

  async append(records: readonly Outgoing[]): Promise<void> {
    if (this.#away && (this.#busy || performance.now() - this.#away.since < RETRY_MS)) throw this.#away.error
    const done = Promise.withResolvers<undefined>()
    this.#waiting.push({ records, done })
    if (!this.#busy) void this.#run()
    await done.promise
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#waiting.length > 0) {
      // Let in what has arrived meanwhile: one request for all of it.
      await new Promise(resolve => setImmediate(resolve))
      const batch = this.#next()
      try {
        await this.#write(batch.flatMap(({ records }) => records))
        this.#away = undefined
        for (const { done } of batch) done.resolve(undefined)
      } catch (error) {
        this.#producer = undefined
        const told = explained(error, 'append')
        if (told instanceof LogUnavailable) this.#away = { error: told, since: performance.now() }
        for (const { done } of [...batch, ...(this.#away ? this.#waiting.splice(0) : [])]) done.reject(told)
      }
    }
    this.#busy = false
  }

  #next(): Waiting[] {
    let records = 0
    const until = this.#waiting.findIndex(waiting => (records += waiting.records.length) > MOST)
    return this.#waiting.splice(0, until < 0 ? this.#waiting.length : Math.max(1, until))
  }

  async #write(records: readonly Outgoing[]): Promise<void> {
    this.#producer ??= this.#init()
    const batches = [...Map.groupBy(records, ({ topic, partition }) => `${topic}/${partition}`).values()].map(same => ({
      topic: this.#nameOf(same[0]?.topic ?? ''),
      partition: same[0]?.partition ?? 0,
      records: same.map(recordOf),
    }))
    await produce(this.#cluster, LANE, await this.#producer, batches, PATIENCE_MS)
  }

  async #init(): Promise<Producer> {
    const { producerId, producerEpoch } = await this.#cluster.persist(
      'begin to append',
      () => this.#cluster.askAny(initProducerIdV5.api, null, 0, -1n, -1),
      PATIENCE_MS,
    )
    return { id: producerId, epoch: producerEpoch, transactionalId: null, sequences: new Map<string, number>() }
  }
}
