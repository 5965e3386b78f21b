/**
 * The embedded engine (chDB) behind four calls. Every request gets a session of its own (0.4 ms): nothing that a request
 * sets (SET, USE, parameters, temporary tables, a readonly that cannot be undone) can reach another.
 */
import { createRequire } from 'node:module'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fromEngine } from './errors.ts'
import type { Directory } from './directory.ts'
import { quote } from './statement.ts'

export interface Result {
  readonly bytes: Buffer
  readonly rowsRead: number
  readonly bytesRead: number
  /** Seconds. */
  readonly elapsed: number
}

export interface Session {
  /** @param format where the statement has no FORMAT clause */
  run(sql: string, format: string): Promise<Result>
  /** Blocks of a SELECT, each encoded as if it were a whole result. Breaking off ends the query. */
  stream(sql: string, format: string): AsyncGenerator<Buffer, void, undefined>
  /** How many statements the engine finds; 0 where it cannot parse. */
  countStatements(sql: string): Promise<number>
  /** Once what still runs has ended. */
  close(): void
}

export interface Engine {
  readonly version: string
  /** Lower case. */
  readonly tableFunctions: ReadonlySet<string>
  session(): Session
  /** Ends the query whose session has this `log_comment`; resolves at once, the query's own promise rejects soon after. */
  kill(tag: string): Promise<void>
}

type Handle = object
/** The addon underneath the npm package: its own Session offers neither classification nor more than one stream each. */
interface Addon {
  CreateConnection(path: string, args: readonly string[]): Handle
  CloseConnection(connection: Handle): void
  QueryAsyncConnection(connection: Handle, sql: string, format: string): Promise<Result>
  StreamQuery(connection: Handle, sql: string, format: string): Handle
  StreamFetch(stream: Handle): Promise<{ readonly done: boolean; readonly bytes: Buffer }>
  StreamCancel(stream: Handle): void
  DurableClassifyAsync(connection: Handle, sql: string): Promise<{ readonly statementCount: number }>
}

const require = createRequire(import.meta.url)
const loadAddon = (): Addon =>
  (createRequire(require.resolve('chdb'))('./dist/loader.js') as { loadNative(): Addon }).loadNative()

/**
 * Opens (or makes) the database of `directory`, with `default` and `database` in it.
 * @throws Error with one line
 */
export async function openEngine(directory: Directory, database: string): Promise<Engine> {
  const addon = loadAddon()
  const open = () => addon.CreateConnection(directory.database, [`--config-file=${directory.config}`])
  let control: Handle
  try {
    control = open()
  } catch (error) {
    throw new Error(`${directory.database} cannot be opened: it is damaged, or open in another process`, {
      cause: error,
    })
  }
  const ask = async (sql: string) => (await addon.QueryAsyncConnection(control, sql, 'TSVRaw')).bytes.toString().trim()
  await plainDefault(directory, ask)
  await ask(`CREATE DATABASE IF NOT EXISTS \`${database.replaceAll('`', '')}\` ENGINE = Atomic`)
  const engine = await ask("SELECT engine FROM system.databases WHERE name = 'default'")
  if (engine !== 'Atomic') throw new Error(`${directory.database}: the database default is ${engine}, not Atomic`)
  const tableFunctions = (await ask('SELECT lower(name) FROM system.table_functions')).split('\n')
  // KILL QUERY has a session of its own: it must not wait for what it is to end.
  let killing: Promise<unknown> = Promise.resolve()
  return {
    version: await ask('SELECT version()'),
    tableFunctions: new Set(tableFunctions),
    session: () => sessionOn(addon, open()),
    kill: tag => {
      const killed = killing.then(() => ask(`KILL QUERY WHERE Settings['log_comment'] = ${quote(tag)} ASYNC`))
      killing = killed.catch(() => undefined)
      return killed.then(() => undefined)
    },
  }
}

/** The engine starts with a `default` that overlays the file system: there `SELECT * FROM "/etc/passwd"` is a table. */
async function plainDefault(directory: Directory, ask: (sql: string) => Promise<string>): Promise<void> {
  const metadata = join(directory.database, 'metadata')
  await ask('DETACH DATABASE default')
  if (existsSync(join(metadata, 'default.sql'))) {
    try {
      await ask('ATTACH DATABASE default')
      return
    } catch (error) {
      // "Cannot find UUID mapping": the engine forgets a database without tables, and such a one can be made anew.
      const tables = existsSync(join(metadata, 'default')) ? readdirSync(join(metadata, 'default')) : []
      if (tables.length > 0) throw new Error(`${directory.database}: default cannot be opened`, { cause: error })
      rmSync(join(metadata, 'default.sql'))
    }
  }
  await ask('CREATE DATABASE default ENGINE = Atomic')
}

function sessionOn(addon: Addon, connection: Handle): Session {
  // Closing a connection under a running call aborts the engine for the whole process.
  const running = new Set<Promise<unknown>>()
  const track = <T>(call: Promise<T>): Promise<T> => {
    running.add(call)
    const done = () => void running.delete(call)
    call.then(done, done)
    return call
  }
  /** What a failed query had already written comes out in front of the next answer: it must not stay. */
  const failed = async (error: unknown): Promise<never> => {
    await track(addon.QueryAsyncConnection(connection, 'SELECT 1', 'Null')).catch(() => undefined)
    throw fromEngine(error)
  }
  return {
    run: (sql, format) => track(addon.QueryAsyncConnection(connection, sql, format)).catch(failed),
    countStatements: sql =>
      track(addon.DurableClassifyAsync(connection, sql)).then(
        ({ statementCount }) => statementCount,
        () => 0,
      ),
    async *stream(sql, format) {
      let stream: Handle
      try {
        stream = addon.StreamQuery(connection, sql, format)
      } catch (error) {
        return await failed(error)
      }
      try {
        for (;;) {
          const block = await track(addon.StreamFetch(stream))
          if (block.done) return
          yield block.bytes
        }
      } catch (error) {
        return await failed(error)
      } finally {
        addon.StreamCancel(stream)
      }
    },
    close: () => void Promise.allSettled(running).then(() => addon.CloseConnection(connection)),
  }
}
