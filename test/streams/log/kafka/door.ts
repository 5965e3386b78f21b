/**
 * A door before a broker that lets requests and answers through one by one, and can be told to hold or to lose them.
 * Brokers' addresses are rewritten in answers, so that all connections lead through it. For one broker without TLS.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Numbers of requests (kafka.apache.org/protocol, "Api Keys"). */
export const API = {
  PRODUCE: 0,
  FETCH: 1,
  LIST_OFFSETS: 2,
  METADATA: 3,
  INIT_PRODUCER_ID: 22,
  ADD_PARTITIONS: 24,
  ADD_OFFSETS: 25,
  END_TXN: 26,
  TXN_OFFSET_COMMIT: 28,
  HEARTBEAT: 68,
} as const

export interface Asked {
  readonly api: number
  /** Behind its length: api (i16), version (i16), number (i32), client, and the request itself. */
  readonly bytes: Buffer
}
/** What to do with a request or its answer. `cut`: it is lost and the connection with it. */
export type Fate = 'pass' | 'cut'

export class Door {
  /** Of each request that came, in order. */
  readonly asked: Asked[] = []
  /** Bytes of answers that went through, by the request's number. */
  readonly answeredBytes = new Map<number, number>()
  request: (asked: Asked) => Fate | Promise<Fate> = () => 'pass'
  answer: (asked: Asked) => Fate | Promise<Fate> = () => 'pass'
  /** Answer it in the broker's place: what follows the answer's number; undefined: the broker does. */
  instead: (asked: Asked) => Buffer | undefined = () => undefined
  readonly #port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer(client => this.#pass(client))
  }

  /** `broker`: 127.0.0.1:PORT. */
  static async before(broker: string): Promise<Door> {
    const door = new Door(Number(broker.split(':')[1]))
    door.#server.listen(0, '127.0.0.1')
    await once(door.#server, 'listening')
    return door
  }

  get address(): string {
    return `127.0.0.1:${this.#ownPort}`
  }

  count(api: number): number {
    return this.asked.filter(asked => asked.api === api).length
  }

  /** Hold every request of a kind from now on: what comes arrives when it is let go. */
  hold(api: number): { readonly held: Promise<void>; readonly release: () => void } {
    const held = Promise.withResolvers<undefined>()
    const released = Promise.withResolvers<undefined>()
    this.request = async (asked): Promise<Fate> => {
      if (asked.api !== api) return 'pass'
      held.resolve(undefined)
      await released.promise
      return 'pass'
    }
    return { held: held.promise, release: () => released.resolve(undefined) }
  }

  /** Lose the next answer to a request of a kind, and its connection. Resolves when that has been. */
  loseAnswer(api: number): Promise<void> {
    const lost = Promise.withResolvers<undefined>()
    let done = false
    this.answer = asked => {
      if (done || asked.api !== api) return 'pass'
      done = true
      lost.resolve(undefined)
      return 'cut'
    }
    return lost.promise
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  get #ownPort(): number {
    return (this.#server.address() as AddressInfo).port
  }

  #pass(client: Socket): void {
    const broker = connect(this.#port, '127.0.0.1')
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          broker.destroy()
        })
    }
    const open = new Map<number, Asked>()
    void framed(client, async bytes => {
      const asked = { api: bytes.readInt16BE(0), bytes }
      this.asked.push(asked)
      const instead = this.instead(asked)
      if (instead) client.write(sized(Buffer.concat([bytes.subarray(4, 8), instead])))
      else if ((await this.request(asked)) === 'cut') client.destroy()
      else {
        open.set(bytes.readInt32BE(4), asked)
        broker.write(sized(bytes))
      }
    })
    void framed(broker, async bytes => {
      const number = bytes.readInt32BE(0)
      const asked = open.get(number) ?? { api: -1, bytes: Buffer.alloc(0) }
      open.delete(number)
      if ((await this.answer(asked)) === 'cut') client.destroy()
      else {
        this.answeredBytes.set(asked.api, (this.answeredBytes.get(asked.api) ?? 0) + bytes.length)
        client.write(sized(this.#readdressed(bytes)))
      }
    })
  }

  #readdressed(bytes: Buffer): Buffer {
    const [from, to] = [this.#port, this.#ownPort].map(port => {
      const end = Buffer.alloc(4)
      end.writeInt32BE(port)
      return Buffer.concat([Buffer.from('127.0.0.1'), end])
    }) as [Buffer, Buffer]
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) to.copy(bytes, at)
    return bytes
  }
}

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

/** One after the other; without their lengths. */
async function framed(socket: Socket, each: (bytes: Buffer) => Promise<void>): Promise<void> {
  let chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size < 4 || size < wanted(chunks)) continue
      let all = Buffer.concat(chunks)
      for (; all.length >= 4 && all.length >= wanted([all]); all = all.subarray(wanted([all])))
        await each(Buffer.from(all.subarray(4, wanted([all]))))
      chunks = [all]
      size = all.length
    }
  } catch {
    // It was cut.
  }
}

function wanted(chunks: Buffer[]): number {
  if (chunks[0] && chunks[0].length < 4) chunks.splice(0, chunks.length, Buffer.concat(chunks))
  return 4 + (chunks[0]?.readInt32BE(0) ?? 0)
}
