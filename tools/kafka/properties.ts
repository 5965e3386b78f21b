/** The properties of a broker that is a controller too, on loopback. */
import { randomBytes } from 'node:crypto'
import { USER } from './commands.ts'

export interface Ports {
  /** For clients. */
  readonly client: number
  /** For brokers among themselves. */
  readonly internal: number
  readonly controller: number
}

/** `plain`: anyone. `scram`: TLS, and who knows the password (by SCRAM-SHA-512 or -256, or PLAIN). `mtls`: who has a certificate of our CA. */
export type Security = 'plain' | 'scram' | 'mtls'
export type Properties = Readonly<Record<string, string | number | boolean>>

export interface NodeOfCluster {
  /** From 1. */
  readonly id: number
  readonly cluster: readonly Ports[]
  readonly dataFolder: string
  readonly security: Security
  /** PEM; where there is TLS. */
  readonly tls?: { readonly keyStoreFile: string; readonly caFile: string }
  /** Win over all that is here. */
  readonly properties: Properties
}

/** 128 bits as Kafka writes them. A leading `-` would be taken for an option by its tools. */
export const uuid = (): string => randomBytes(16).toString('base64url').replace(/^-/, 'A')

/** The name under which clients reach a broker: certificates are for names, and plain clients need no resolver. */
export const hostOf = (security: Security): string => (security === 'plain' ? '127.0.0.1' : 'localhost')

const PROTOCOL = { plain: 'PLAINTEXT', scram: 'SASL_SSL', mtls: 'SSL' } as const

/** Few cores, many starts: small internal topics, no waiting for members, members missed after seconds. */
const QUICK = {
  'auto.create.topics.enable': false,
  'offsets.topic.num.partitions': 5,
  'transaction.state.log.num.partitions': 5,
  'share.coordinator.state.topic.num.partitions': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
  'group.consumer.min.session.timeout.ms': 1_000,
  'group.consumer.session.timeout.ms': 6_000,
  'group.consumer.min.heartbeat.interval.ms': 100,
  'group.consumer.heartbeat.interval.ms': 500,
  'broker.heartbeat.interval.ms': 300,
  'broker.session.timeout.ms': 3_000,
  'num.network.threads': 2,
  'num.io.threads': 4,
  'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
} as const

export function propertiesOf(node: NodeOfCluster): string {
  const { id, cluster, dataFolder, security } = node
  const ports = cluster[id - 1]
  if (!ports) throw new RangeError(`there is no node ${id}`)
  const replicas = Math.min(3, cluster.length)
  const properties: Properties = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': cluster.map(({ controller }, at) => `${at + 1}@127.0.0.1:${controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    listeners: `CLIENT://127.0.0.1:${ports.client},INTERNAL://127.0.0.1:${ports.internal},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `CLIENT://${hostOf(security)}:${ports.client},INTERNAL://127.0.0.1:${ports.internal}`,
    ...secured(node),
    'log.dirs': dataFolder,
    'default.replication.factor': replicas,
    'min.insync.replicas': replicas > 1 ? 2 : 1,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': replicas > 1 ? 2 : 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': replicas > 1 ? 2 : 1,
    ...QUICK,
    ...node.properties,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Brokers know one another by certificates wherever clients must show who they are. */
function secured({ security, tls }: NodeOfCluster): Properties {
  const own = security === 'plain' ? 'PLAINTEXT' : 'SSL'
  const protocols = {
    'listener.security.protocol.map': `CLIENT:${PROTOCOL[security]},INTERNAL:${own},CONTROLLER:${own}`,
  }
  if (security === 'plain') return protocols
  if (!tls) throw new Error(`${security} needs certificates`)
  return {
    ...protocols,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': tls.keyStoreFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': tls.caFile,
    'ssl.client.auth': 'required',
    ...(security === 'scram' && SCRAM),
  }
}

const login = (module: string, rest = '') => `org.apache.kafka.common.security.${module} required${rest};`
const SCRAM_LOGIN = login('scram.ScramLoginModule')
const SCRAM = {
  'listener.name.client.ssl.client.auth': 'none',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN',
  'listener.name.client.scram-sha-512.sasl.jaas.config': SCRAM_LOGIN,
  'listener.name.client.scram-sha-256.sasl.jaas.config': SCRAM_LOGIN,
  'listener.name.client.plain.sasl.jaas.config': login(
    'plain.PlainLoginModule',
    ` user_${USER.username}="${USER.password}"`,
  ),
} as const
