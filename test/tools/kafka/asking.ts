/** What tests of a cluster ask it, as a client does, and what they see of its processes. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ConnectionOptions as Tls } from 'node:tls'
import { Admin, type BaseOptions, type ClusterMetadata, Producer } from '@platformatic/kafka'
import { statOf } from '../../../tools/chaos/processes.ts'
import type { KafkaCluster } from '../../../tools/kafka/cluster.ts'

const PATIENCE_MS = 60_000

export type Showing = Pick<BaseOptions, 'sasl'> & { readonly tls?: Tls }

/** Tries once: whoever is refused must be told so. */
const options = ({ bootstrap }: KafkaCluster, showing: Showing) => ({
  clientId: 'test',
  bootstrapBrokers: [...bootstrap],
  retries: 0,
  ...showing,
})

export async function asked<T>(
  cluster: KafkaCluster,
  question: (admin: Admin) => Promise<T>,
  showing: Showing = {},
): Promise<T> {
  const admin = new Admin(options(cluster, showing))
  try {
    return await question(admin)
  } finally {
    await admin.close()
  }
}

export const seen = (cluster: KafkaCluster, topics: string[] = []): Promise<ClusterMetadata> =>
  asked(cluster, admin => admin.metadata({ topics }))

/** As many records as there are values, acknowledged by all that are in sync. */
export async function write(cluster: KafkaCluster, topic: string, ...values: string[]): Promise<void> {
  const producer = new Producer(options(cluster, {}))
  try {
    await producer.send({
      messages: values.map(value => ({ topic, partition: 0, value: Buffer.from(value) })),
      acks: -1,
    })
  } finally {
    await producer.close()
  }
}

/** How many records the topic's only partition has taken. */
export const written = (cluster: KafkaCluster, topic: string): Promise<bigint | undefined> =>
  asked(cluster, async admin => {
    const latest = { partitionIndex: 0, timestamp: -1n }
    const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions: [latest] }] })
    return listed?.partitions[0]?.offset
  })

/** What is asked for, as soon as it can be had: after an error, and while there is nothing, it is asked again. */
export async function eventually<T>(ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  let why: unknown
  for (const began = performance.now(); performance.now() - began < PATIENCE_MS;) {
    try {
      const told = await ask()
      if (told !== undefined && told !== null && told !== false) return told
    } catch (error) {
      why = error
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`still not after ${PATIENCE_MS} ms: ${String(ask)}`, { cause: why })
}

/** Whether it is there and more than an entry that nobody has asked for yet. */
export const lives = (pid: number): boolean => !['', 'Z', undefined].includes(statOf(pid)[0])

const LISTENING = '0A'
/** Addresses on which the process listens, as /proc/net writes them: words of the host's order, hexadecimal. */
export function listensOn(pid: number): string[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).map(fd => {
    try {
      return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
    } catch {
      return undefined
    }
  })
  return ['tcp', 'tcp6'].flatMap(kind =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , socket]) => state === LISTENING && sockets.includes(socket))
      .map(([, address = '']) => address.slice(0, address.indexOf(':'))),
  )
}
export const LOOPBACK = ['0100007F', '0000000000000000FFFF00000100007F', '00000000000000000000000001000000']
