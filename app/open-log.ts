/** Which log an installation has, and how its records are written: only this file knows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { localWire, registeredWire } from '../schemas/codec.ts'
import { register } from '../schemas/registration.ts'
import { clockTicks } from '../schemas/topics.ts'
import type { Wire } from '../streams/event.ts'
import { ThreadedAppender } from '../streams/log/embedded/appender.ts'
import { EmbeddedLog } from '../streams/log/embedded/embedded.ts'
import type { Connect } from '../streams/log/kafka/cluster.ts'
import { KafkaLog } from '../streams/log/kafka/kafka.ts'
import type { Appender, Log, Partitions } from '../streams/log/log.ts'
import type { Instant } from '../streams/time.ts'
import { tasksOf } from '../streams/topology.ts'
import type { Config } from './config.ts'
import { processors } from './pipeline.ts'
import { sinkNames } from './sinks.ts'
import { allTopics } from './topic-named.ts'
import { topicPartitions } from './topics.ts'

/** Who opens: a part of Milepost that runs, which makes what is missing, or somebody who looks and makes nothing. */
export type Part = 'ingest' | 'processors' | 'sinks' | 'visitor'

export type OurLog = Log & {
  /** Let go of records of a partition that were appended before a time and lie before an offset; resolves to how many, or how many batches, went. */
  trim(topic: string, partition: number, appendedBefore: Instant, beforeOffset: number): Promise<number>
  /** What whoever looks after it should know, in a few words; rejects with what is wrong with it. */
  check(): Promise<string>
}
export interface Opened {
  readonly log: OurLog
  readonly wire: Wire
}

/** The log of this installation, made if need be and if the part may. */
export async function openFor(config: Config, part: Part): Promise<Opened> {
  if (!config.kafkaBrokers) return { log: openLog(config, part !== 'visitor'), wire: localWire }
  const log = await openKafka(config, part)
  try {
    return {
      log,
      wire: registeredWire(await register({ ...registryOf(config), namespace: config.namespace }, allTopics)),
    }
  } catch (error) {
    await log.close()
    throw error
  }
}

/** Where ingest appends, without waiting for a disk on its own thread. */
export const openAppender = (config: Config, log: Log): Appender & { close(): Promise<void> } =>
  config.kafkaBrokers
    ? { append: records => log.append(records), close: () => Promise.resolve() }
    : new ThreadedAppender({ directory: config.data, topics: topicPartitions(config.partitions) })

export const openLog = (config: Config, mayMake = true): EmbeddedLog =>
  new EmbeddedLog({ directory: config.data, topics: topicPartitions(config.partitions), mayMake })
export const openExistingLog = (config: Config): EmbeddedLog => openLog(config, false)

const openKafka = (config: Config, part: Part): Promise<KafkaLog> =>
  KafkaLog.open({
    ...connectionOf(config),
    namespace: config.namespace,
    topics: topicPartitions(config.partitions),
    groups: groupsOf,
    broadcast: [clockTicks.name],
    replication: config.kafkaReplication,
    mayMake: part !== 'visitor',
    ...(part === 'processors' || part === 'sinks'
      ? { store: { directory: join(config.data, 'kafka'), name: part } }
      : {}),
  })

type Tasks = readonly [group: string, tasks: readonly string[]]
/** Each processor and each sink is a group; a sink has one task, which reads all partitions. */
const groupsOf = (partitionsOf: Partitions): ReadonlyMap<string, readonly string[]> =>
  new Map([
    ...processors.map((processor): Tasks => [processor.name, tasksOf(processor, partitionsOf)]),
    ...sinkNames().map(({ name }): Tasks => [name, [name]]),
  ])

const SASL = { 'scram-sha-512': 'SCRAM-SHA-512', 'scram-sha-256': 'SCRAM-SHA-256', plain: 'PLAIN' } as const

function connectionOf(config: Config): Connect {
  const { kafkaBrokers = [], kafkaTls, kafkaSasl, kafkaUsername = '', kafkaPassword = '' } = config
  const tls = { ca: read(config.kafkaCaFile), cert: read(config.kafkaCertFile), key: read(config.kafkaKeyFile) }
  return {
    brokers: kafkaBrokers,
    clientId: 'milepost',
    ...(kafkaTls ? { tls: Object.fromEntries(Object.entries(tls).filter(([, pem]) => pem !== undefined)) } : {}),
    ...(kafkaSasl ? { sasl: { mechanism: SASL[kafkaSasl], username: kafkaUsername, password: kafkaPassword } } : {}),
  }
}

const registryOf = (config: Config) => ({
  url: config.schemaRegistryUrl ?? '',
  username: config.schemaRegistryUsername,
  password: config.schemaRegistryPassword,
  ca: read(config.schemaRegistryCaFile),
  cert: read(config.schemaRegistryCertFile),
  key: read(config.schemaRegistryKeyFile),
})

const read = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readFileSync(file, 'utf8')
