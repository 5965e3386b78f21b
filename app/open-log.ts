/** Which log an installation has, and how its records are written: only this file knows. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { localWire, registeredWire, type SchemaIds } from '../schemas/codec.ts'
import { ODOO_TASK } from '../ingest/odoo/book.ts'
import { COMPATIBILITY, register } from '../schemas/registration.ts'
import { clockTicks } from '../schemas/topics.ts'
import type { Wire } from '../streams/event.ts'
import { ThreadedAppender } from '../streams/log/embedded/appender.ts'
import { EmbeddedLog } from '../streams/log/embedded/embedded.ts'
import { isOpenElsewhere as isFileOpen } from '../streams/log/embedded/file.ts'
import type { Connect } from '../streams/log/kafka/cluster.ts'
import { KafkaLog, type KafkaOptions } from '../streams/log/kafka/kafka.ts'
import { type Appender, type Log, LogRefused, type Partitions } from '../streams/log/log.ts'
import type { WholeState } from '../streams/log/state/whole.ts'
import type { Instant } from '../streams/time.ts'
import { tasksOf } from '../streams/topology.ts'
import type { Config } from './config.ts'
import { processors } from './pipeline.ts'
import { pemsOf } from './secrets.ts'
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
  /** All that a task keeps, whoever owns it. */
  stateOf(task: string): Promise<WholeState>
}
export interface Opened {
  readonly log: OurLog
  readonly wire: Wire
  /** What whoever looks after it should set right, in a sentence each. */
  readonly warnings?: readonly string[]
}

/** The task that fills a log with what another holds: as long as it has an intent, the log is not whole. */
export const MIGRATION = 'migrate'

/** The log of this installation, made if need be and if the part may. */
export async function openFor(config: Config, part: Part): Promise<Opened> {
  const log = config.kafkaBrokers ? await openKafka(config, part) : openLog(config, part !== 'visitor')
  try {
    if (part !== 'visitor') await refuseHalf(log)
    if (!config.kafkaBrokers) return { log, wire: localWire }
    const mayMake = part !== 'visitor'
    const ids = await register({ ...registryOf(config), namespace: config.namespace, mayMake }, allTopics)
    return { log, wire: registeredWire(ids), warnings: ids.unguarded.map(unguarded) }
  } catch (error) {
    await log.close()
    throw error
  }
}

const unguarded = (subject: string) =>
  `the schema registry lets others change ${subject} so that older records could not be read, and does not let us forbid it: set its compatibility to ${COMPATIBILITY}`

async function refuseHalf(log: Log): Promise<void> {
  if ((await log.checkpointOf(MIGRATION))?.intent)
    throw new LogRefused('this log is half of a migration: finish that first, see milepost migrate --help')
}

/** A log that is migrated from or to. */
export interface End extends Opened {
  /** The numbers of schemas in its records. */
  readonly ids: SchemaIds
}
/** Numbers that need nobody to hand them out. */
export const LOCAL_IDS: SchemaIds = { registryIdOf: id => id, localIdOf: id => id }

/**
 * The log to migrate from, of which nothing is changed, or to, made if need be. The states of its tasks are kept in files of this name meanwhile, in
 * a directory.
 */
export async function openEnd(config: Config, end: 'from' | 'to', directory: string, name: string): Promise<End> {
  if (!config.kafkaBrokers) {
    const topics = end === 'to' ? topicPartitions(config.partitions) : new Map<string, number>()
    const log = new EmbeddedLog({ directory: config.data, topics, mayMake: end === 'to' })
    return { log, wire: localWire, ids: LOCAL_IDS }
  }
  const groups = (partitionsOf: Partitions) => new Map([...groupsOf(partitionsOf), [MIGRATION, [MIGRATION]]])
  return end === 'to'
    ? openKafkaEnd(config, { mayMake: true, groups, store: { directory, name } })
    : openKafkaEnd(config, { mayMake: false, store: { directory, name } })
}

/** A log on Kafka that can be had as of one moment. */
export interface KafkaEnd extends End {
  readonly log: OurLog & Pick<KafkaLog, 'cut'>
}

/** The log of an installation on Kafka, of which nothing is changed. The states of its tasks are kept in a directory meanwhile. */
export const openKafkaSource = (config: Config, directory: string): Promise<KafkaEnd> =>
  openKafkaEnd(config, { mayMake: false, store: { directory, name: 'tasks' } })

async function openKafkaEnd(config: Config, how: Partial<KafkaOptions> & { mayMake: boolean }): Promise<KafkaEnd> {
  const log = await KafkaLog.open({ ...kafkaOptions(config), ...how })
  try {
    const { mayMake } = how
    const ids = await register({ ...registryOf(config), namespace: config.namespace, mayMake }, allTopics)
    return { log, wire: registeredWire(ids), ids }
  } catch (error) {
    await log.close()
    throw error
  }
}

/** Whether some process has this installation's log open; undefined: nobody can tell. */
export const isOpenElsewhere = (config: Config): boolean | undefined =>
  config.kafkaBrokers ? undefined : isFileOpen(config.data)

/** Where ingest appends, without waiting for a disk on its own thread. */
export const openAppender = (config: Config, log: Log): Appender & { close(): Promise<void> } =>
  config.kafkaBrokers
    ? { append: records => log.append(records), close: () => Promise.resolve() }
    : new ThreadedAppender({ directory: config.data, topics: topicPartitions(config.partitions) })

export const openLog = (config: Config, mayMake = true): EmbeddedLog =>
  new EmbeddedLog({ directory: config.data, topics: topicPartitions(config.partitions), mayMake })
export const openExistingLog = (config: Config): EmbeddedLog => openLog(config, false)

function openKafka(config: Config, part: Part): Promise<KafkaLog> {
  const mayMake = part !== 'visitor'
  // Tokens and the read model lie there too.
  if (mayMake) mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const store = { directory: join(config.data, 'kafka'), name: part }
  const hasTasks = part === 'processors' || part === 'sinks' || (part === 'ingest' && config.odooUrl !== undefined)
  return KafkaLog.open({ ...kafkaOptions(config), mayMake, ...(hasTasks ? { store } : {}) })
}

const kafkaOptions = (config: Config) => ({
  ...connectionOf(config),
  namespace: config.namespace,
  topics: topicPartitions(config.partitions),
  groups: groupsOf,
  broadcast: [clockTicks.name],
  replication: config.kafkaReplication,
})

type Tasks = readonly [group: string, tasks: readonly string[]]
/** Each processor and each sink is a group; a sink has one task, which reads all partitions. So is who reads Odoo. */
const groupsOf = (partitionsOf: Partitions): ReadonlyMap<string, readonly string[]> =>
  new Map([
    ...processors.map((processor): Tasks => [processor.name, tasksOf(processor, partitionsOf)]),
    ...sinkNames().map(({ name }): Tasks => [name, [name]]),
    [ODOO_TASK, [ODOO_TASK]],
  ])

const SASL = { 'scram-sha-512': 'SCRAM-SHA-512', 'scram-sha-256': 'SCRAM-SHA-256', plain: 'PLAIN' } as const

function connectionOf(config: Config): Connect {
  const { kafkaBrokers = [], kafkaTls, kafkaSasl, kafkaUsername = '', kafkaPassword = '' } = config
  return {
    brokers: kafkaBrokers,
    clientId: 'milepost',
    ...(kafkaTls ? { tls: pemsOf(config, 'kafka') } : {}),
    ...(kafkaSasl ? { sasl: { mechanism: SASL[kafkaSasl], username: kafkaUsername, password: kafkaPassword } } : {}),
  }
}

const registryOf = (config: Config) => ({
  url: config.schemaRegistryUrl ?? '',
  username: config.schemaRegistryUsername,
  password: config.schemaRegistryPassword,
  ...pemsOf(config, 'schemaRegistry'),
})
