/** Grounds for the driver on real brokers: each a log of its own, under a namespace that nobody had before. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { topicPartitions } from '../../app/topics.ts'
import { clockTicks } from '../../schemas/topics.ts'
import { KafkaLog } from '../../streams/log/kafka/kafka.ts'
import type { AnyProcessor } from '../../streams/processor.ts'
import { tasksOf } from '../../streams/topology.ts'
import { type KafkaCluster, startKafka } from '../../tools/kafka/cluster.ts'
import { LiveGround } from './live-ground.ts'

/** So many grounds a broker keeps: it gets slow with more topics. */
const MOST = 20

/** Where a process that starts again has its state from: of two machines in turn, each has a store that is behind. */
export type Restart = 'from the changelogs' | 'from its store' | 'on two machines in turn'
/** How many stores there are. */
const STORES = { 'from the changelogs': Infinity, 'from its store': 1, 'on two machines in turn': 2 }

export class KafkaGrounds implements AsyncDisposable {
  readonly #cluster: KafkaCluster
  readonly #pipeline: readonly AnyProcessor[]
  readonly #root = mkdtempSync(join(tmpdir(), 'milepost-laws-'))
  readonly #made: { readonly ground: LiveGround; readonly topics: Set<string> }[] = []
  #count = 0

  private constructor(cluster: KafkaCluster, pipeline: readonly AnyProcessor[]) {
    this.#cluster = cluster
    this.#pipeline = pipeline
  }

  /** For the tasks of these processors. Starts a broker. */
  static async start(pipeline: readonly AnyProcessor[]): Promise<KafkaGrounds> {
    return new KafkaGrounds(await startKafka(), pipeline)
  }

  /** Whatever was made before is over. */
  async make(partitions: number, restart: Restart): Promise<LiveGround> {
    await this.#made.at(-1)?.ground.close()
    if (this.#made.length >= MOST) await this.#clear()
    const namespace = `law-${this.#count++}`
    const topics = topicPartitions(partitions)
    const made = new Set<string>()
    let opened = 0
    const open = async () => {
      const name = `${namespace}-${opened++ % STORES[restart]}`
      const log = await KafkaLog.open({
        ...{ brokers: this.#cluster.bootstrap, clientId: 'laws', namespace, topics, broadcast: [clockTicks.name] },
        groups: partitionsOf => new Map(this.#pipeline.map(each => [each.name, tasksOf(each, partitionsOf)])),
        store: { directory: this.#root, name },
      })
      for (const topic of topics.keys()) made.add(`${namespace}.${topic}`)
      for (const { name } of this.#pipeline) made.add(`${namespace}.${name}.changelog`)
      made.add(`${namespace}.checkpoints`)
      return log
    }
    const ground = new LiveGround(open, [...topics.keys()], clockTicks.name)
    this.#made.push({ ground, topics: made })
    return ground
  }

  async #clear(): Promise<void> {
    const topics = this.#made.splice(0).flatMap(({ topics }) => [...topics])
    const admin = new Admin({ clientId: 'laws', bootstrapBrokers: [...this.#cluster.bootstrap] })
    await admin.deleteTopics({ topics })
    await admin.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made.at(-1)?.ground.close()
    await this.#cluster.close()
    rmSync(this.#root, { recursive: true, force: true })
  }
}
