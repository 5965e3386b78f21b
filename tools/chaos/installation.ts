/**
 * A real Milepost in a directory of its own: each target a process, on ports of the loopback that nobody else has.
 * The clock follows the events (`--time event`), and the disk guard is off: the machine's disk is not what is tried.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../app/config.ts'
import { openFor, type Opened } from '../../app/open-log.ts'
import { EmbeddedLog } from '../../streams/log/embedded/embedded.ts'
import { topicPartitions } from '../../app/topics.ts'
import { type ClickHouse, connect } from '../../sinks/clickhouse/client.ts'
import { freePort } from '../ports.ts'
import { childrenOf, commandOf } from './processes.ts'
import { type Answered, answerOf, Program } from './program.ts'

export const TARGETS = ['ingest', 'processors', 'sinks'] as const
export type Target = (typeof TARGETS)[number]
const READY_MS = 60_000

export interface InstallationOptions {
  /** An empty directory. */
  readonly root: string
  readonly partners?: readonly string[]
  /** Settings that differ: MILEPOST_*. */
  readonly env?: Readonly<Record<string, string>>
}

export class Installation {
  readonly root: string
  readonly data: string
  readonly httpPort: number
  readonly clickhousePort: number
  /** By partner. */
  readonly secrets: Readonly<Record<string, string>>
  readonly url: string
  readonly #env: NodeJS.ProcessEnv
  #token: string | undefined

  private constructor({ root, partners = [], env = {} }: InstallationOptions, ports: readonly [number, number]) {
    this.root = root
    this.data = join(root, 'data')
    ;[this.httpPort, this.clickhousePort] = ports
    this.url = `http://127.0.0.1:${this.httpPort}`
    this.secrets = Object.fromEntries(partners.map(name => [name, `whsec_${randomBytes(24).toString('base64')}`]))
    const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('MILEPOST_'))
    this.#env = {
      ...Object.fromEntries(outside),
      MILEPOST_CONFIG: join(root, 'milepost.yaml'),
      MILEPOST_DATA: this.data,
      MILEPOST_HTTP_PORT: String(this.httpPort),
      MILEPOST_CLICKHOUSE_PORT: String(this.clickhousePort),
      MILEPOST_DISK_LIMIT: '1',
      MILEPOST_TIME: 'event',
      MILEPOST_LOG_LEVEL: 'info',
      ...env,
    }
    const settings = {
      partners: Object.fromEntries(Object.entries(this.secrets).map(([n, secret]) => [n, { secret }])),
    }
    mkdirSync(root, { recursive: true })
    // JSON is YAML.
    writeFileSync(join(root, 'milepost.yaml'), JSON.stringify(settings))
  }

  static async make(options: InstallationOptions): Promise<Installation> {
    return new Installation(options, [await freePort(), await freePort()])
  }

  /** A target as a process; `env` overrides the settings, `by` is a command that becomes the one behind it. */
  start(target: Target | 'all', env: Readonly<Record<string, string>> = {}, by: readonly string[] = []): Program {
    return new Program(['start', '--no-demo', '--target', target], { ...this.#env, ...env }, this.root, by)
  }
  /** All targets, and the demo. */
  demo(env: Readonly<Record<string, string>> = {}): Program {
    return new Program(['start'], { ...this.#env, ...env }, this.root)
  }
  /** `milepost ARGS` to its end. */
  command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answered> {
    return answerOf(args, { ...this.#env, ...env }, this.root)
  }

  /** A token that may do everything. */
  async token(): Promise<string> {
    if (this.#token !== undefined) return this.#token
    const { code, stdout, stderr } = await this.command(['token', 'create', '--role', 'admin', '--json'])
    if (code !== 0) throw new Error(`no token: ${stderr}`)
    return (this.#token = (JSON.parse(stdout) as { token: string }).token)
  }

  /** Resolves once its HTTP side answers; rejects with the program's last words if it ends instead. */
  async ready(program: Program): Promise<void> {
    let answer = ''
    for (const until = performance.now() + READY_MS; performance.now() < until;) {
      if (!program.lives) throw new Error(`it ended before it was ready: ${program.stderr.slice(-2_000)}`)
      answer = await fetch(`${this.url}/health/live`, { signal: AbortSignal.timeout(5_000) }).then(
        ({ status }) => String(status),
        (error: unknown) => String(error instanceof Error ? (error.cause ?? error) : error),
      )
      if (answer === '200') return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`not ready within ${READY_MS} ms (${answer}): ${program.stderr.slice(-2_000)}`)
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${await this.token()}`, 'content-type': 'application/json' }
    return fetch(this.url + path, { headers, ...init })
  }
  /** The JSON that a GET answers. */
  async get<T>(path: string): Promise<T> {
    const answer = await this.fetch(path)
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }
  /** `POST /v1/clock`: no time passes but that of events. */
  async moveClock(at: string): Promise<void> {
    const answer = await this.fetch('/v1/clock', { method: 'POST', body: JSON.stringify({ at }) })
    if (!answer.ok) throw new Error(`POST /v1/clock: ${answer.status} ${await answer.text()}`)
  }

  /** The log, opened here beside the processes; close it soon. */
  open(): Promise<Opened> {
    return openFor(loadConfig(this.#env), 'visitor')
  }
  /** The same where it is the embedded one. */
  openLog(): EmbeddedLog {
    return new EmbeddedLog({ directory: this.data, topics: topicPartitions(4) })
  }
  /** The embedded ClickHouse as its sinks see it. Resolves once it answers; close it. */
  async clickhouse(patienceMs = READY_MS): Promise<ClickHouse> {
    for (const until = performance.now() + patienceMs; ;) {
      let clickhouse: ClickHouse | undefined
      try {
        const password = readFileSync(join(this.data, 'clickhouse-password'), 'utf8').trim()
        clickhouse = connect({ url: `http://127.0.0.1:${this.clickhousePort}`, user: 'milepost', password })
        await clickhouse.ping()
        return clickhouse
      } catch (error) {
        await clickhouse?.close()
        if (performance.now() > until) throw error
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
  }
}

/** The embedded ClickHouse's process, if the sinks have one now. */
export const gatewayOf = (sinks: Program): number | undefined =>
  childrenOf(sinks.pid).find(pid => commandOf(pid).includes('clickhouse/gateway/main.ts'))
