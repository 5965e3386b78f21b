/**
 * A real Odoo 19 on loopback, with a database of its own: `startOdoo()`. As in production it has several workers, so that
 * people and programs write at the same time. The company in it is settle.py's.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../ports.ts'
import { install } from './install.ts'
import { drawKey, letIn } from './keys.ts'
import { done } from './packages.ts'
import { giveToPostgres, OWNER, Postgres } from './postgres.ts'
import { DATABASE, odooCommand, odooEnv, TEMPLATE } from './prepare.ts'
import { Service } from './service.ts'

/** Who can log in; what they may is in settle.py. */
export const LOGINS = [
  ...(['admin', 'milepost', 'milepost-fleet', 'milepost-one', 'stranger'] as const),
  ...(['anna', 'ben', 'carla'] as const),
]
export type Login = (typeof LOGINS)[number]
const WORKERS = 4

export interface RealOdooOptions {
  /** Processes that answer, each one request at a time. */
  readonly workers?: number
}

/** Ends with the process that started it, however that ends; `stop()` it nevertheless, or `await using`. */
export class RealOdoo implements AsyncDisposable {
  readonly url: string
  readonly database = DATABASE
  /** API keys, by login. */
  readonly keys: Readonly<Record<Login, string>>
  readonly passwords: Readonly<Record<Login, string>>
  readonly postgres: Postgres
  readonly logFile: string
  readonly #root: string
  readonly #launch: () => Service
  #service: Service

  private constructor(root: string, url: string, postgres: Postgres, secrets: Secrets, launch: () => Service) {
    this.url = url
    this.postgres = postgres
    this.keys = secrets.keys
    this.passwords = secrets.passwords
    this.logFile = join(root, 'odoo.log')
    this.#root = root
    this.#launch = launch
    this.#service = launch()
  }

  /** Installs it where it is missing. Throws with the end of the log where it does not come up. */
  static async start({ workers = WORKERS }: RealOdooOptions = {}): Promise<RealOdoo> {
    const installed = await install()
    const root = mkdtempSync(join(tmpdir(), 'milepost-odoo-'))
    await giveToPostgres(root)
    const [cluster, files] = [join(root, 'cluster'), join(root, 'files')]
    await done('cp', ['-a', join(installed, TEMPLATE.cluster), cluster])
    await done('cp', ['-a', join(installed, TEMPLATE.files), files])
    await giveToPostgres(cluster)
    const postgres = await Postgres.start(cluster, { root })
    const secrets = drawn()
    const { keys, passwords } = secrets
    await postgres.sql(LOGINS.map(login => letIn(login, keys[login], passwords[login])).join('\n'), DATABASE)
    const [port, gevent] = [await freePort(), await freePort()]
    const settings = join(root, 'odoo.conf')
    writeFileSync(settings, settingsOf({ host: cluster, files, port, gevent, workers }), { mode: 0o600 })
    const launch = () =>
      new Service({
        name: 'Odoo',
        command: [...odooCommand(installed), '-c', settings],
        env: { ...process.env, ...odooEnv(installed) },
        cwd: root,
        logFile: join(root, 'odoo.log'),
        orphan: { signal: 'KILL', root },
      })
    const odoo = new RealOdoo(root, `http://127.0.0.1:${port}`, postgres, secrets, launch)
    try {
      await odoo.answers()
      return odoo
    } catch (error) {
      await odoo.stop()
      throw error
    }
  }

  /** Resolves when requests are answered. */
  async answers(): Promise<void> {
    await this.#service.until(async () => {
      const { ok } = await fetch(`${this.url}/json/2/res.users/context_get`, {
        method: 'POST',
        headers: { authorization: `bearer ${this.keys.admin}`, 'content-type': 'application/json' },
        body: '{}',
      }).catch(() => ({ ok: false }))
      return ok
    })
  }

  /** SIGKILL to all of its processes. The database goes on. */
  async kill(): Promise<void> {
    await this.#service.kill()
  }

  /** Start it again, at the same address, and wait until it answers. */
  async restart(): Promise<void> {
    await this.#service.kill()
    this.#service = this.#launch()
    await this.answers()
  }

  /** Run statements in its database, behind Odoo's back; what they answer, a row a line, columns by a tab. */
  sql(statements: string): Promise<string> {
    return this.postgres.sql(statements, DATABASE)
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8')
  }

  async stop(): Promise<void> {
    await this.#service.kill()
    await this.postgres.stop()
    rmSync(this.#root, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

interface Secrets {
  readonly keys: Readonly<Record<Login, string>>
  readonly passwords: Readonly<Record<Login, string>>
}
function drawn(): Secrets {
  const one = () => Object.fromEntries(LOGINS.map(login => [login, drawKey()])) as Record<Login, string>
  return { keys: one(), passwords: one() }
}

interface Settings {
  readonly host: string
  readonly files: string
  readonly port: number
  readonly gevent: number
  readonly workers: number
}
const settingsOf = ({ host, files, port, gevent, workers }: Settings): string => `[options]
admin_passwd = ${drawKey()}
db_host = ${host}
db_user = ${OWNER}
db_name = ${DATABASE}
list_db = False
data_dir = ${files}
http_interface = 127.0.0.1
http_port = ${port}
gevent_port = ${gevent}
workers = ${workers}
max_cron_threads = 1
without_demo = all
log_level = warn
`
