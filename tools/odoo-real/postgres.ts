/** A PostgreSQL of our own: a cluster in a folder, reached by a socket in it alone. As root it runs as `postgres`, for root it refuses. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Service } from './service.ts'

export const OWNER = 'odoo'
const OLDEST = 13
const USER = 'postgres'
const run = promisify(execFile)

/** Where its programs are, of the newest there is; undefined: there is none. */
export function postgresPrograms(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin/postgres')
    .map(path => ({ path, version: Number(/postgresql\/(\d+)/.exec(path)?.[1]) }))
    .filter(({ version }) => version >= OLDEST)
    .sort((a, b) => b.version - a.version)
    .map(({ path }) => join(path, '..'))[0]
}

/** Who the server runs as; undefined: who we are. */
export function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find(line => line.startsWith(`${USER}:`))
      ?.split(':') ?? []
  if (uid === undefined) throw new Error(`PostgreSQL does not run as root, and there is no user ${USER}`)
  return { uid: Number(uid), gid: Number(gid) }
}

/** Give a folder and all in it to the server's user. */
export async function giveToPostgres(folder: string): Promise<void> {
  const user = postgresUser()
  if (user) await run('chown', ['-R', `${user.uid}:${user.gid}`, folder])
  chmodSync(folder, 0o700)
}

const programs = (): string => {
  const bin = postgresPrograms()
  if (bin === undefined) throw new Error(`there is no PostgreSQL ${OLDEST} or later: apt-get install postgresql`)
  return bin
}

/** Lay a new cluster into an empty folder. */
export async function layCluster(folder: string): Promise<void> {
  await giveToPostgres(folder)
  const args = ['-D', folder, '-U', OWNER, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  await run(join(programs(), 'initdb'), args, { ...postgresUser(), cwd: folder })
}

export class Postgres {
  /** Where its socket is: what is called the host. */
  readonly host: string
  readonly #service: Service

  private constructor(service: Service, host: string) {
    this.#service = service
    this.host = host
  }

  /** `cluster`: a folder of its user. The socket and the log go there too. `hasty`: a crash of the machine may ruin it. */
  static async start(cluster: string, { root = cluster, hasty = false } = {}): Promise<Postgres> {
    const settings: Record<string, string> = {
      ...{ listen_addresses: '', unix_socket_directories: cluster, max_connections: '200', shared_buffers: '128MB' },
      ...(hasty && { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
    }
    const service = new Service({
      name: 'PostgreSQL',
      command: [
        join(programs(), 'postgres'),
        ...['-D', cluster],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      user: postgresUser(),
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
      cwd: cluster,
      logFile: join(root, 'postgres.log'),
      orphan: { signal: 'QUIT', root },
    })
    const postgres = new Postgres(service, cluster)
    try {
      await service.until(async () => {
        if (!existsSync(join(cluster, '.s.PGSQL.5432'))) return false
        return postgres.sql('SELECT 1', 'postgres').then(
          () => true,
          () => false,
        )
      })
    } catch (error) {
      await service.kill()
      throw error
    }
    return postgres
  }

  /** Run statements; what they answer, a row a line, columns by a tab. */
  async sql(statements: string, database: string): Promise<string> {
    const args = ['-h', this.host, '-U', OWNER, '-d', database, '-X', '-q', '-A', '-t', '-F', '\t']
    const set = ['-v', 'ON_ERROR_STOP=1', '-c', statements]
    const { stdout } = await run(join(programs(), 'psql'), [...args, ...set], { maxBuffer: 1 << 28 })
    return stdout.trimEnd()
  }

  async stop(): Promise<void> {
    await this.#service.stop('SIGINT')
  }
}
