/**
 * The brokers: who leads which partition, who coordinates whom, and connections to them. Requests go out in lanes, sets
 * of connections of their own, because a broker answers the requests of one connection one after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type API,
  type Broker,
  type Connection,
  type ConnectionOptions,
  ConnectionPool,
  findCoordinatorV4,
  metadataV12,
  parseBroker,
} from '@platformatic/kafka'
import { LogUnavailable } from '../log.ts'
import { answered, explained, isPassing, KafkaError, mustBeFine, namesOf } from './errors.ts'

export interface Connect {
  /** HOST:PORT of some of the brokers. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly tls?: NonNullable<ConnectionOptions['tls']>
  readonly sasl?: NonNullable<ConnectionOptions['sasl']>
}

export interface Topic {
  /** Drawn by the cluster when the topic was made. */
  readonly id: string
  /** Node ids of the partitions' leaders; -1: there is none now. */
  readonly leaders: readonly number[]
}

type Kind = 'group' | 'transaction'
const KEY_TYPE = { group: 0, transaction: 1 } as const

const RETRY_MS = 20
const MAX_RETRY_MS = 500
/** How long an operation is tried again before the log counts as away. */
export const PATIENCE_MS = 15_000
const REQUEST_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 3_000
const REQUEST_TIMED_OUT = 7

export class Cluster {
  readonly #connect: Connect
  readonly #lanes = new Map<string, ConnectionPool>()
  readonly #brokers = new Map<number, Broker>()
  readonly #topics = new Map<string, Topic>()
  readonly #coordinators = new Map<string, Promise<Broker>>()
  /** Why a connection broke, where it has said so. */
  readonly #broken = new WeakMap<Connection, Error>()
  /** Who answered last of those whom anyone may ask. */
  #answers: Broker | undefined
  #refreshing: Promise<void> | undefined
  #closed = false

  constructor(connect: Connect) {
    this.#connect = connect
  }

  get brokerCount(): number {
    return this.#brokers.size
  }

  /** The brokers and these topics as they are now; a topic that isn't there is left out. */
  async topics(names: readonly string[]): Promise<ReadonlyMap<string, Topic>> {
    const { brokers, topics } = await answered(this.#anywhere(metadataV12.api, [...names], false, false))
    this.#brokers.clear()
    for (const { nodeId, host, port } of brokers) this.#brokers.set(nodeId, { host, port })
    const found = new Map<string, Topic>()
    for (const { name, topicId, errorCode, partitions } of topics) {
      if (name == null || partitions.length === 0) {
        if (errorCode !== 0 && !isPassing(new KafkaError(errorCode, ''))) mustBeFine(errorCode, name ?? 'a topic')
        continue
      }
      const leaders = Array.from({ length: partitions.length }, () => -1)
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId
      found.set(name, { id: topicId, leaders })
      this.#topics.set(name, { id: topicId, leaders })
    }
    return found
  }

  /** What is known of a topic; look it up by `topics` first. */
  topic(name: string): Topic {
    const topic = this.#topics.get(name)
    if (!topic) throw new Error(`Kafka: nothing is known of ${name}`)
    return topic
  }

  /** Node id of a partition's leader; -1: there is none now. */
  leaderOf(topic: string, partition: number): number {
    return this.topic(topic).leaders[partition] ?? -1
  }

  /** Ask a node by its id. */
  async ask<A extends unknown[], R>(lane: string, node: number, api: API<A, R>, ...args: A): Promise<R> {
    const broker = this.#brokers.get(node)
    if (!broker) throw new KafkaError(5, `node ${node}`)
    return this.#call(lane, broker, api, args)
  }

  /** Ask the coordinator of a group or a transaction. */
  async askCoordinator<A extends unknown[], R>(
    lane: string,
    kind: Kind,
    key: string,
    api: API<A, R>,
    ...args: A
  ): Promise<R> {
    const known = `${kind} ${key}`
    let coordinator = this.#coordinators.get(known)
    if (!coordinator) this.#coordinators.set(known, (coordinator = this.#find(kind, key)))
    try {
      return await this.#call(lane, await coordinator, api, args)
    } catch (error) {
      if (isPassing(error)) this.#coordinators.delete(known)
      throw error
    }
  }

  /** Forget who coordinates: an answer said that it is another. */
  forgetCoordinator(kind: Kind, key: string): void {
    this.#coordinators.delete(`${kind} ${key}`)
  }

  /** Ask whichever broker answers. */
  async askAny<A extends unknown[], R>(api: API<A, R>, ...args: A): Promise<R> {
    return this.#anywhere(api, ...args)
  }

  /** Look again who leads, once for all who ask meanwhile. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.topics([...this.#topics.keys()])
      .then(() => undefined)
      .finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /**
   * Do something until it succeeds, as long as what hinders it may pass. Rejects with `LogUnavailable` after
   * `patienceMs`, else at once with what the error means to a log.
   */
  async persist<T>(doing: string, work: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
    const until = performance.now() + patienceMs
    for (let waitMs = RETRY_MS; ; waitMs = Math.min(2 * waitMs, MAX_RETRY_MS)) {
      try {
        return await before(until, work())
      } catch (error) {
        if (!isPassing(error) || this.#closed) throw explained(error, doing)
        if (performance.now() > until) {
          // Whoever tries next is to know who leads by then.
          void this.refresh().catch(() => undefined)
          throw explained(error, doing)
        }
        const leads = namesOf(error).some(name => name !== 'CONCURRENT_TRANSACTIONS')
        await sleep(leads ? waitMs : RETRY_MS)
        if (leads) await before(until, this.refresh()).catch(() => undefined)
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#lanes.values()].map(pool => pool.close().catch(() => undefined)))
  }

  async #find(kind: Kind, key: string): Promise<Broker> {
    const { coordinators } = await answered(this.#anywhere(findCoordinatorV4.api, KEY_TYPE[kind], [key]))
    const [found] = coordinators
    if (!found) throw new KafkaError(15, key)
    mustBeFine(found.errorCode, `coordinator of ${key}`)
    return { host: found.host, port: found.port }
  }

  async #anywhere<A extends unknown[], R>(api: API<A, R>, ...args: A): Promise<R> {
    const known = [...this.#brokers.values(), ...this.#connect.brokers.map(broker => parseBroker(broker))]
    if (this.#answers) known.unshift(this.#answers)
    let last: unknown
    for (const broker of known) {
      try {
        const answer = await this.#call('ask', broker, api, args)
        this.#answers = broker
        return answer
      } catch (error) {
        if (!namesOf(error).includes('NETWORK') || namesOf(error).includes('CERTIFICATE')) throw error
        last = error
      }
    }
    throw last
  }

  async #call<A extends unknown[], R>(lane: string, broker: Broker, api: API<A, R>, args: A): Promise<R> {
    if (this.#closed) throw new LogUnavailable('the log is closed')
    let pool = this.#lanes.get(lane)
    if (!pool) {
      const { clientId, tls, sasl } = this.#connect
      pool = new ConnectionPool(clientId, {
        ...(tls ? { tls } : {}),
        ...(sasl ? { sasl } : {}),
        ...{ connectTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, maxInflights: 20 },
      })
      // Whoever asked hears of it; without a listener it would end the process.
      pool.on('connecting', ({ connection }) => connection.on('error', error => this.#broken.set(connection, error)))
      this.#lanes.set(lane, pool)
    }
    const connection = await pool.get(broker)
    try {
      return await api.async(connection, ...args)
    } catch (error) {
      // A broker may refuse us after the connection has come to be: then a request only hears that it is closed.
      throw namesOf(error).includes('NETWORK') ? (this.#broken.get(connection) ?? error) : error
    }
  }
}

/** Rejects like a request that timed out when it is not done by then; it goes on nevertheless. */
async function before<T>(until: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const leftMs = Math.max(0, until - performance.now())
  const timer = setTimeout(() => late.reject(new KafkaError(REQUEST_TIMED_OUT, 'no answer')), leftMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
