/**
 * A process that opens the embedded engine with a server's configuration and runs what standard input says, as JSON,
 * by the rights of its user `default`. One process has one engine.
 */
import { createRequire } from 'node:module'
import { json } from 'node:stream/consumers'
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { migrate } from '../../sinks/clickhouse/migrate.ts'

export interface Task {
  /** Directory of the database. */
  readonly database: string
  /** config.xml; beside it, config.d. */
  readonly config: string
  readonly migrate: boolean
  readonly statements: readonly string[]
}
/** Of each statement: what it answered, or the error. */
export interface Outcome {
  readonly opened: boolean
  readonly migrated: number
  readonly answers: readonly ({ readonly text: string } | { readonly error: string })[]
}

interface Addon {
  CreateConnection(path: string, args: readonly string[]): object
  QueryAsyncConnection(connection: object, sql: string, format: string): Promise<{ readonly bytes: Buffer }>
}
const require = createRequire(import.meta.url)
const addon = (createRequire(require.resolve('chdb'))('./dist/loader.js') as { loadNative(): Addon }).loadNative()

const task = (await json(process.stdin)) as Task
process.stdout.write(`\n${JSON.stringify(await outcomeOf(task))}\n`)
process.exit(0)

async function outcomeOf({ database, config, statements, migrate: wanted }: Task): Promise<Outcome> {
  let connection: object
  try {
    connection = addon.CreateConnection(database, [`--config-file=${config}`])
  } catch {
    return { opened: false, migrated: 0, answers: [] }
  }
  const ask = async (sql: string, format = 'TSV') =>
    (await addon.QueryAsyncConnection(connection, sql, format)).bytes.toString().trim()
  const migrated = wanted ? (await migrate(speaking(ask))).length : 0
  const answers: Outcome['answers'][number][] = []
  for (const sql of statements)
    answers.push(
      await ask(sql).then(
        text => ({ text }),
        (error: unknown) => ({ error: String(error) }),
      ),
    )
  return { opened: true, migrated, answers }
}

/** What `migrate` needs of a client. */
function speaking(ask: (sql: string, format?: string) => Promise<string>): ClickHouse {
  const command = async (sql: string, parameters: Readonly<Record<string, unknown>> = {}) => {
    for (const [name, value] of Object.entries(parameters)) await ask(`SET param_${name} = '${String(value)}'`)
    await ask(sql)
  }
  const query = async (sql: string) => {
    const text = await ask(sql, 'JSONEachRow')
    return text === '' ? [] : text.split('\n').map(line => JSON.parse(line) as unknown)
  }
  const createDatabase = async () => {
    await ask('CREATE DATABASE IF NOT EXISTS milepost')
    await ask('USE milepost')
  }
  return { command, query, createDatabase } as unknown as ClickHouse
}
