/**
 * The embedded ClickHouse's tables as they are at one moment, while it runs: ALTER TABLE … FREEZE makes hard links to a
 * table's parts (which never change) in `shadow/`, in milliseconds whatever their size, and they are copied afterwards.
 * https://clickhouse.com/docs/sql-reference/statements/alter/partition#freeze-partition
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { BackupRefused } from './refused.ts'

/** Of the data directory. */
const ROOT = 'clickhouse'
const DATABASE = join(ROOT, 'database')
/** Of what ClickHouse writes in the names of files as they are. */
const PREFIX = 'milepost_backup_'
/** Where a table's parts lie, at the end of a path. */
const OWN_FOLDER = /store\/[0-9a-f]{3}\/[0-9a-f-]{36}(?=\/?$)/
/** The gateway leaves that many places to us; while we freeze, no sink needs one. */
const AT_ONCE = 3

/** A file of the backup that is to be. */
export interface Source {
  /** Where it is now. */
  readonly from: string
  /** From the data directory on. */
  readonly path: string
}
interface Table {
  readonly database: string
  readonly name: string
  readonly engine: string
  readonly data_paths: readonly string[]
  /** From the database's directory on. */
  readonly metadata_path: string
}

export class FrozenTables {
  /** Tables whose engine keeps its data otherwise than in parts. */
  readonly leftOut: readonly string[]
  readonly #data: string
  readonly #clickhouse: ClickHouse
  readonly #tables: readonly Table[]
  readonly #without: ReadonlySet<string>
  readonly #shadow: string
  readonly #name = `${PREFIX}${process.pid}`
  #statements = new Map<string, Uint8Array>()

  private constructor(data: string, clickhouse: ClickHouse, tables: readonly Table[]) {
    this.#data = data
    this.#clickhouse = clickhouse
    // A materialised view says where its target lies.
    const others = tables.filter(
      ({ engine, data_paths: paths }) => !/(?:MergeTree|View)$/.test(engine) && paths.length > 0,
    )
    this.#tables = tables.filter(({ engine }) => engine.endsWith('MergeTree'))
    this.leftOut = others.map(({ database, name, engine }) => `${database}.${name} (${engine})`)
    this.#without = new Set(others.map(({ metadata_path: path }) => join(DATABASE, path)))
    this.#shadow = join(data, DATABASE, 'shadow')
  }

  /** Find out what there is; nothing is frozen yet. */
  static async look(data: string, clickhouse: ClickHouse): Promise<FrozenTables> {
    const tables = await clickhouse.query<Table>(
      `SELECT database, name, engine, data_paths, metadata_path FROM system.tables
       WHERE lower(database) NOT IN ('system', 'information_schema') AND NOT is_temporary ORDER BY database, name`,
    )
    const frozen = new FrozenTables(data, clickhouse, tables)
    frozen.#clearAbandoned()
    frozen.#makeCounter()
    return frozen
  }

  /** Hold on to what the tables have now. */
  async freeze(): Promise<void> {
    const before = this.#readStatements()
    const waiting = this.#tables.values()
    const worker = async () => {
      for (const { database, name } of waiting)
        await this.#clickhouse.command(
          `ALTER TABLE ${quoted(database)}.${quoted(name)} FREEZE WITH NAME '${this.#name}'`,
        )
    }
    const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
    for (const result of done) if (result.status === 'rejected') throw result.reason
    this.#statements = this.#readStatements()
    if (!same(before, this.#statements))
      throw new BackupRefused('tables of ClickHouse were made, changed or dropped meanwhile: try again')
  }

  /** What has to be written, by its path from the data directory on: the statements that the tables were made by. */
  get statements(): ReadonlyMap<string, Uint8Array> {
    return this.#statements
  }
  /** What has to be copied: the parts, and what says that these directories are ClickHouse's. */
  files(): Source[] {
    const own = join(this.#shadow, this.#name)
    const inShadow = existsSync(own) ? readdirSync(own, { recursive: true, encoding: 'utf8' }) : []
    const parts = inShadow
      .filter(path => statSync(join(own, path)).isFile())
      .map(path => ({ from: join(own, path), path: join(DATABASE, path) }))
    // Of the migrations there are rows always.
    if (parts.length === 0) throw new Error(`${own} is empty: ClickHouse has frozen nothing`)
    const marks = this.#tables.flatMap(({ data_paths: paths }) =>
      paths.flatMap(path => OWN_FOLDER.exec(path) ?? []).map(folder => join(DATABASE, folder, 'format_version.txt')),
    )
    return [
      ...[join(ROOT, 'gateway.json'), ...marks]
        .map(path => ({ from: join(this.#data, path), path }))
        .filter(({ from }) => existsSync(from)),
      ...parts,
    ]
  }
  /** Where a database's statements lie. */
  links(): { path: string; to: string }[] {
    const metadata = join(this.#data, DATABASE, 'metadata')
    return readdirSync(metadata)
      .filter(name => lstatSync(join(metadata, name)).isSymbolicLink())
      .map(name => ({ path: join(DATABASE, 'metadata', name), to: readlinkSync(join(metadata, name)) }))
  }

  /** Let go of it. */
  discard(): void {
    rmSync(join(this.#shadow, this.#name), { recursive: true, force: true })
  }

  #readStatements(): Map<string, Uint8Array> {
    const all = new Map<string, Uint8Array>()
    const folders = [join(DATABASE, 'metadata'), ...this.links().map(({ path, to }) => join(path, '..', to))]
    for (const folder of folders)
      for (const name of readdirSync(join(this.#data, folder)))
        if (name.endsWith('.sql') && !this.#without.has(join(folder, name)))
          all.set(join(folder, name), readFileSync(join(this.#data, folder, name)))
    return all
  }

  /** ClickHouse counts what it freezes, in a file that it can't make while several are at it, and that it leaves empty where it dies. */
  #makeCounter(): void {
    const counter = join(this.#shadow, 'increment.txt')
    mkdirSync(this.#shadow, { recursive: true, mode: 0o700 })
    if (!existsSync(counter) || statSync(counter).size === 0) writeFileSync(counter, '0\n', { mode: 0o600 })
  }

  /** What backups that were killed hold on to: it takes room. */
  #clearAbandoned(): void {
    if (!existsSync(this.#shadow)) return
    for (const name of readdirSync(this.#shadow)) {
      if (!name.startsWith(PREFIX)) continue
      const pid = Number(name.slice(PREFIX.length))
      if (pid === process.pid || !lives(pid)) rmSync(join(this.#shadow, name), { recursive: true, force: true })
    }
  }
}

const quoted = (name: string) => `\`${name.replace(/[`\\]/g, '\\$&')}\``
const same = (a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>) =>
  a.size === b.size && [...a].every(([path, text]) => Buffer.compare(text, b.get(path) ?? Buffer.alloc(0)) === 0)

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
