/**
 * Brings a ClickHouse database to the shape that this release writes and reads. The migrations are files, one statement
 * each, that may be run twice: ClickHouse has no transactions, so one that was cut off is run again.
 */
import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClickHouse } from './client.ts'

export interface Migration {
  readonly number: number
  /** `0001_vehicle_positions` */
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

const folder = join(import.meta.dirname, 'migrations')

/** The migrations of this release, in order. */
export const migrationsIn = (path: string = folder): Migration[] =>
  readdirSync(path)
    .filter(file => file.endsWith('.sql'))
    .sort()
    .map((file, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1])
      if (number !== index + 1)
        throw new Error(`${file}: migrations are numbered 0001_name.sql, 0002_name.sql, … without gaps`)
      const sql = readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n')
      return { number, name: file.slice(0, -'.sql'.length), sql, checksum: hash('sha256', sql, 'hex') }
    })

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
}

/**
 * Makes the database where it is absent, and applies what it lacks.
 * @returns the names of those applied now
 * @throws Unavailable; Error that says which migration the database and this release disagree about
 */
export async function migrate(
  clickhouse: ClickHouse,
  migrations: readonly Migration[] = migrationsIn(),
): Promise<string[]> {
  await clickhouse.createDatabase()
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32 COMMENT 'Migrations are applied in the order of their numbers',
    name String COMMENT 'File in sinks/clickhouse/migrations',
    checksum String COMMENT 'SHA-256 of the file',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
  ) ENGINE = ReplacingMergeTree ORDER BY number COMMENT 'Which migrations made this database what it is'`)
  const applied = await clickhouse.query<Applied>(
    'SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number',
  )
  const pending = pendingOf(migrations, applied)
  for (const { number, name, sql, checksum } of pending) {
    await clickhouse.command(sql)
    const columns = 'INSERT INTO schema_migrations (number, name, checksum)'
    await clickhouse.command(`${columns} SELECT {number:UInt32}, {name:String}, {checksum:String}`, {
      number,
      name,
      checksum,
    })
  }
  return pending.map(({ name }) => name)
}

/** @throws Error where what was applied is not what this release has */
export function pendingOf(migrations: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  for (const [index, { number, name, checksum }] of applied.entries()) {
    const ours = migrations.find(migration => migration.number === number)
    if (ours === undefined)
      throw new Error(
        `The ClickHouse database was made by a newer release of Milepost: it has migration ${name}, which this one does not know`,
      )
    if (ours.name !== name || ours.checksum !== checksum)
      throw new Error(
        `Migration ${ours.name} was changed after it had been applied to the ClickHouse database (as ${name}): add a new one instead`,
      )
    if (number !== index + 1) throw new Error(`The ClickHouse database lacks migration ${index + 1} but has ${name}`)
  }
  return migrations.slice(applied.length)
}
