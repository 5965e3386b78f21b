/** Starts the embedded ClickHouse in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { threadsFor, type GatewayOptions } from './config.ts'

export interface Gateway {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  readonly process: ChildProcess
  /** Resolves once the process has ended. */
  stop(): Promise<void>
}

/** Where this machine reaches what listens on an address. */
export function urlOf(bind: string, port: number): string {
  const host = bind === '0.0.0.0' || bind === '::' ? '127.0.0.1' : bind
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/**
 * Resolves once it serves.
 * The child ends with this process, however that ends. It dies on its own only by a fault: watch `process`'s `exit`.
 * @throws Error with the one line that the child gave as its reason
 */
export async function spawnGateway(options: Omit<GatewayOptions, 'endWithStdin'>): Promise<Gateway> {
  const child = spawn(process.execPath, [main], {
    // Not as an argument: those can be read by everyone on the machine.
    env: {
      ...process.env,
      MILEPOST_CLICKHOUSE_GATEWAY: JSON.stringify({ ...options, endWithStdin: true }),
      UV_THREADPOOL_SIZE: String(threadsFor(options.sessions ?? 4)),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined)
  let lastWords = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text)
    lastWords = (lastWords + text).slice(-2000)
  })
  const ended = once(child, 'exit').catch((error: unknown) => [String(error)])
  const ready = once(createInterface(child.stdout), 'line').then(
    ([line]) => JSON.parse(String(line)) as { port: number },
  )
  const failed = ended.then(([code]) => {
    const reason = lastWords.split('\n').findLast(line => line.startsWith('clickhouse gateway: '))
    throw new Error(reason ?? `clickhouse gateway: ended with ${String(code)} before it was ready`)
  })
  failed.catch(() => undefined)
  const { port } = await Promise.race([ready, failed])
  return {
    url: urlOf(options.bind ?? '127.0.0.1', port),
    port,
    process: child,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
