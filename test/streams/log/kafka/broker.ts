/** The broker that the tests of one file share, and logs on it that are closed after their test. */
import { randomBytes } from 'node:crypto'
import { after, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster } from '../../../../streams/log/kafka/cluster.ts'
import { KafkaLog, type KafkaOptions } from '../../../../streams/log/kafka/kafka.ts'
import type { Outgoing, Recorded, Tail } from '../../../../streams/log/log.ts'
import { type KafkaCluster, type KafkaOptions as ClusterOptions, startKafka } from '../../../../tools/kafka/cluster.ts'
import { kafkaIsHere } from '../../../../tools/kafka/install.ts'
import { TOPICS } from '../contract.ts'
import { Door } from './door.ts'

const kafka = kafkaIsHere()
/** Why there is no Kafka here; false: there is. */
export const skip = kafka.here ? false : kafka.why

let options: ClusterOptions = {}
let started: Promise<KafkaCluster> | undefined
/** Say how the file's cluster is to be, before the first test. */
export const clusterIs = (wanted: ClusterOptions): void => {
  options = wanted
}
export const cluster = (): Promise<KafkaCluster> => (started ??= startKafka(options))
after(async () => {
  await (await started)?.close()
})

let namespaces = 0
export const newNamespace = (): string => `n${process.pid}-${namespaces++}`

export type More = Partial<KafkaOptions>
/** Group `task` has two tasks. */
export const GROUPS = () => new Map([['task', ['task/0', 'task/1']]])

export async function optionsOf(namespace: string, more: More = {}): Promise<KafkaOptions> {
  const { bootstrap } = await cluster()
  const ours = { brokers: bootstrap, clientId: 'test', namespace, topics: TOPICS, groups: GROUPS, broadcast: ['b'] }
  return { ...ours, ...more }
}

/** Opens logs of one namespace, each as a process of its own would. */
export interface Installation {
  readonly namespace: string
  readonly open: (more?: More) => Promise<KafkaLog>
}
export function installation(t: TestContext): Installation {
  const namespace = newNamespace()
  return {
    namespace,
    open: async more => {
      const log = await KafkaLog.open(await optionsOf(namespace, more))
      t.after(() => log.close())
      return log
    },
  }
}

/** A connection of the test's own. */
export async function connection(t: TestContext): Promise<Cluster> {
  const own = new Cluster({ brokers: (await cluster()).bootstrap, clientId: 'test' })
  t.after(() => own.close())
  return own
}

/** A door before the broker; logs that are opened with `brokers: [door.address]` go through it. */
export async function door(t: TestContext): Promise<Door> {
  const own = await Door.before((await cluster()).bootstrap[0] ?? '')
  t.after(() => {
    own.close()
  })
  return own
}

export const record = (topic: string, partition: number, text: string): Outgoing => ({
  ...{ topic, partition, cause: null },
  key: `key of ${text.slice(0, 20)}`,
  value: Buffer.from(text),
})
/** Text that can't be compressed: so much of it travels. */
export const noise = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes)
export const texts = (records: readonly { readonly value: Uint8Array }[]): string[] =>
  records.map(({ value }) => Buffer.from(value).toString())
export const ALL = { records: 100_000, bytes: 100_000_000 }

export const pause = (ms: number): Promise<undefined> => sleep(ms, undefined)

/** Until it is so; throws with what it was last, after `withinMs`. */
export async function until<T>(look: () => T | Promise<T>, isSo: (seen: T) => boolean, withinMs = 10_000): Promise<T> {
  for (const since = performance.now(); ;) {
    const seen = await look()
    if (isSo(seen)) return seen
    if (performance.now() - since > withinMs) throw new Error(`after ${withinMs} ms: ${JSON.stringify(seen)}`)
    await pause(5)
  }
}

/** Take from a tail until it has given so many records. */
export async function taken(tail: Tail, count: number, withinMs = 10_000): Promise<Recorded[]> {
  const records: Recorded[] = []
  await until(
    async () => records.push(...(await tail.take(ALL))),
    () => records.length >= count,
    withinMs,
  )
  return records
}
