/** Whether they are there, asked without a client: a broker whose it is and who is with it, a registry anything. */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const METADATA = 3
const VERSION = 2
const TIMEOUT_MS = 5_000

/** Where a registry has Confluent's interface. */
export const REGISTRY_PATH = '/apis/ccompat/v7'

export interface Tls {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface ClusterSeen {
  readonly clusterId: string | null
  /** Ids of the brokers that the one asked knows to be alive. */
  readonly brokers: readonly number[]
}

/** What the broker on that port of 127.0.0.1 says; undefined while nobody answers there. */
export async function askCluster(port: number, tls?: Tls): Promise<ClusterSeen | undefined> {
  const where = { host: '127.0.0.1', port }
  const socket = tls ? connectTls({ ...where, ...tls }) : connectPlain(where)
  try {
    return read(await answer(socket, tls !== undefined))
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

/** Metadata, version 2. Size, then: which question, its version, its number; no name of a client; of no topics. */
function question(): Buffer {
  const bytes = Buffer.alloc(18)
  bytes.writeInt32BE(14, 0)
  bytes.writeInt16BE(METADATA, 4)
  bytes.writeInt16BE(VERSION, 6)
  bytes.writeInt32BE(1, 8)
  bytes.writeInt16BE(-1, 12)
  bytes.writeInt32BE(0, 14)
  return bytes
}

function answer(socket: Socket, secure: boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let got: Buffer = Buffer.alloc(0)
    socket
      .setTimeout(TIMEOUT_MS, () => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)))
      .on('error', reject)
      .once('close', () => reject(new Error('hung up')))
      .once(secure ? 'secureConnect' : 'connect', () => socket.write(question()))
      .on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk])
        if (got.length >= 4 && got.length - 4 >= got.readInt32BE(0)) resolve(got)
      })
  })
}

/** Size, the question's number, brokers (id, host, port, rack), the cluster's id, … */
function read(bytes: Buffer): ClusterSeen {
  let at = 8
  const int16 = () => bytes.readInt16BE((at += 2) - 2)
  const int32 = () => bytes.readInt32BE((at += 4) - 4)
  const text = (): string | null => {
    const size = int16()
    return size < 0 ? null : bytes.toString('utf8', at, (at += size))
  }
  const brokers = Array.from({ length: int32() }, () => {
    const id = int32()
    text()
    int32()
    text()
    return id
  })
  return { clusterId: text(), brokers }
}

/** Whether the registry of this address lists its subjects. */
export async function registryAnswers(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}${REGISTRY_PATH}/subjects`, { signal: AbortSignal.timeout(TIMEOUT_MS) })).ok
  } catch {
    return false
  }
}
