/**
 * A copy of a running installation, all of it of one moment: the log is held still for the blink in which the embedded
 * ClickHouse's tables are frozen and the log's own moment begins, at a time when no table has a batch on its way. What
 * the copy of the log holds as delivered is then what the tables hold, no more and no less; all else is copying.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { migrationsIn, pendingOf } from '../../sinks/clickhouse/migrate.ts'
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { Moment } from '../../streams/log/embedded/moment.ts'
import { minutes, seconds } from '../../streams/time.ts'
import type { Config } from '../config.ts'
import { openExistingLog } from '../open-log.ts'
import { clickhouseOf } from '../run-sinks.ts'
import { sinkNames } from '../sinks.ts'
import { copy, each, settle, settleFolders, type Told, write } from './files.ts'
import { FrozenTables } from './frozen-tables.ts'
import { type Manifest, writeManifest } from './manifest.ts'
import { BackupRefused } from './refused.ts'

const LOG = 'milepost.sqlite'
/** What is small, and kept beside. */
const BESIDE = ['clickhouse-password', 'odoo-capability', 'tokens.json']
/** A table that has no quiet moment for so long does not get one. */
const PATIENCE_MS = minutes(1)
/** Everybody who writes waits for it, and gives up after ten seconds. */
const HELD_AT_MOST_MS = seconds(5)

export interface Taken {
  readonly manifest: Manifest
  /** Milliseconds for which nobody could commit. */
  readonly heldMs: number
}
/** How much there is to do, known once it is begun, and how much is done. */
export type Progress = (doneBytes: number, ofBytes: number) => void

/** Throws `BackupRefused`, or what stopped it; then nothing of it is left in the directory. Once `until` has aborted it stops. */
export async function takeBackup(
  config: Config,
  to: string,
  progress: Progress = () => undefined,
  until: AbortSignal = new AbortController().signal,
): Promise<Taken> {
  const directory = resolve(to)
  refuseTarget(directory, config.data)
  // Says what is wrong with it, if it is.
  await openExistingLog(config).close()
  const clickhouse = config.clickhouseUrl === undefined ? await embedded(config) : undefined
  const tables = clickhouse && (await FrozenTables.look(config.data, clickhouse))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  let moment: Moment | undefined
  try {
    moment = await momentOf(config, tables, until)
    const migrations = clickhouse && (await appliedTo(clickhouse))
    const files = await copyAll(config.data, directory, moment, tables, (done, of) => {
      until.throwIfAborted()
      progress(done, of)
    })
    await settleFolders(directory)
    const manifest = writeManifest(directory, {
      takenAt: new Date(moment.takenAt).toISOString(),
      log: { id: moment.logId, layout: moment.layout },
      clickhouse: migrations
        ? {
            ...{ kind: 'embedded', migrations, links: tables?.links() ?? [], leftOut: [...(tables?.leftOut ?? [])] },
            unsettled: tableSinkNames().filter(name => moment?.checkpointOf(name)?.intent),
          }
        : { kind: 'external', at: new URL(config.clickhouseUrl ?? '').origin },
      files,
    })
    return { manifest, heldMs: moment.heldMs }
  } catch (error) {
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true })
    throw error
  } finally {
    moment?.close()
    tables?.discard()
    await clickhouse?.close()
  }
}

function refuseTarget(directory: string, data: string): void {
  if (`${directory}/`.startsWith(`${data}/`))
    throw new BackupRefused(`${directory} lies in the data directory: a backup belongs elsewhere`)
  const [held] = existsSync(directory) ? readdirSync(directory) : []
  if (held !== undefined) throw new BackupRefused(`${directory} is not empty, it holds ${held}: name a new directory`)
}

async function embedded(config: Config): Promise<ClickHouse> {
  const notThere = (cause?: unknown) =>
    new BackupRefused(
      'the embedded ClickHouse does not answer, and a backup needs it: start Milepost (of one that is stopped, copy the whole data directory instead)',
      { cause },
    )
  // Whoever looks makes no password.
  if (!existsSync(join(config.data, 'clickhouse'))) throw notThere()
  const clickhouse = clickhouseOf(config)
  try {
    await clickhouse.ping()
    return clickhouse
  } catch (error) {
    await clickhouse.close()
    throw notThere(error)
  }
}

const tableSinkNames = (): string[] => sinkNames().flatMap(({ name }) => (name.startsWith('clickhouse/') ? [name] : []))

async function momentOf(config: Config, tables: FrozenTables | undefined, until: AbortSignal): Promise<Moment> {
  const sinks = tables ? tableSinkNames() : []
  return Moment.of(config.data, {
    when: checkpointOf => {
      until.throwIfAborted()
      return sinks.every(name => !checkpointOf(name)?.intent)
    },
    patienceMs: PATIENCE_MS,
    meanwhile: async () => {
      if (!tables) return
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        const why = `ClickHouse did not freeze its tables within ${HELD_AT_MOST_MS} ms: try again when less is asked of it`
        timer = setTimeout(() => reject(new BackupRefused(why)), HELD_AT_MOST_MS)
      })
      await Promise.race([tables.freeze(), late]).finally(() => clearTimeout(timer))
    },
  })
}

interface Migration {
  readonly number: number
  readonly name: string
  readonly checksum: string
}
async function appliedTo(clickhouse: ClickHouse): Promise<Migration[]> {
  const applied = await clickhouse.query<Migration>(
    'SELECT number, name, checksum FROM schema_migrations FINAL ORDER BY number',
  )
  pendingOf(migrationsIn(), applied)
  return applied
}

async function copyAll(
  data: string,
  to: string,
  moment: Moment,
  tables: FrozenTables | undefined,
  progress: Progress,
): Promise<Manifest['files']> {
  const sources = tables?.files() ?? []
  const sizes = sources.map(({ from }) => statSync(from).size)
  // The log is read again for its hash.
  const of = 2 * moment.sizeBytes + sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  const told: Told = bytes => progress((done += bytes), of)
  moment.check()
  await moment.copyTo(join(to, LOG), bytes => progress((done = bytes), of))
  const log = await settle(to, LOG, told)
  const parts = await each(sources, ({ from, path }) => copy(from, to, path, told))
  const statements = await each([...(tables?.statements ?? [])], ([path, text]) => write(to, path, text))
  const beside = BESIDE.filter(name => existsSync(join(data, name)))
  return [log, ...parts, ...statements, ...(await each(beside, name => copy(join(data, name), to, name)))]
}
