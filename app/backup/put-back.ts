/**
 * Makes an installation of a backup. The log gets an id of its own, for its offsets come again with other records: no
 * batch that it delivers can be taken for one of the former log, and the read model is filled anew.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { localWire } from '../../schemas/codec.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { migrationsIn, pendingOf } from '../../sinks/clickhouse/migrate.ts'
import { Delivery } from '../../streams/deliver.ts'
import { LAYOUT } from '../../streams/log/embedded/file.ts'
import { refound } from '../../streams/log/embedded/moment.ts'
import type { AnySink } from '../../streams/sink.ts'
import { each } from '../../streams/together.ts'
import type { Config } from '../config.ts'
import { openExistingLog } from '../open-log.ts'
import { isOfOdoo, sinkNames } from '../sinks.ts'
import { topicNamed } from '../topic-named.ts'
import { copy, settleFolder, settleFolders } from './files.ts'
import { type Manifest, newer, readManifest, sizeOf } from './manifest.ts'
import type { Progress } from './progress.ts'
import { BackupRefused } from './refused.ts'

const LOG = 'milepost.sqlite'
/** Where it is put together. A start refuses a directory that holds this and no log. */
const DRAFT = 'restoring'
/** A new data directory may hold the settings. */
const SETTINGS = 'milepost.yaml'

export interface PutBack {
  readonly manifest: Manifest
  readonly logId: string
  /** The tables' sinks start over: the tables are not of the backup. */
  readonly rewound: boolean
}

/** Throws `BackupRefused`, or what stopped it; then the data directory is as it was. */
export async function putBack(
  config: Config,
  from: string,
  progress: Progress = () => undefined,
  until: AbortSignal = new AbortController().signal,
): Promise<PutBack> {
  const source = resolve(from)
  const manifest = readManifest(source)
  refuseUnfit(manifest, config)
  refuseTarget(config.data)
  const draft = join(config.data, DRAFT)
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  try {
    await copyAll(source, draft, manifest, (done, of) => {
      until.throwIfAborted()
      progress(done, of)
    })
    await settleFolders(draft)
    const logId = refound(draft)
    const rewound = manifest.clickhouse.kind === 'external'
    if (rewound) await rewindTables({ ...config, data: draft })
    // The log last: what has none is no data directory yet.
    for (const name of readdirSync(draft).sort((a, b) => Number(a === LOG) - Number(b === LOG)))
      renameSync(join(draft, name), join(config.data, name))
    rmSync(draft, { recursive: true })
    await settleFolder(config.data)
    return { manifest, logId, rewound }
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

function refuseUnfit({ release, log, clickhouse }: Manifest, config: Config): void {
  if (log.layout > LAYOUT) throw newer(release, `layout of the log (${log.layout})`)
  if (clickhouse.kind === 'external') return
  const known = migrationsIn()
  const unknown = clickhouse.migrations.find(({ number }) => number > known.length)
  if (unknown) throw newer(release, `migration of ClickHouse ${unknown.name}`)
  pendingOf(known, clickhouse.migrations)
  if (config.clickhouseUrl !== undefined)
    throw new BackupRefused(
      `the backup holds the tables of the embedded ClickHouse, but MILEPOST_CLICKHOUSE_URL names ${new URL(config.clickhouseUrl).origin}: restore without it`,
    )
}

function refuseTarget(data: string): void {
  const held = existsSync(data) ? readdirSync(data).find(name => name !== SETTINGS) : undefined
  if (held === undefined) return
  const why = held === DRAFT ? 'half of a restore that was broken off: delete that' : held
  throw new BackupRefused(`${data} is not empty, it holds ${why}; restore into a new MILEPOST_DATA`)
}

async function copyAll(from: string, to: string, manifest: Manifest, progress: Progress): Promise<void> {
  const of = sizeOf(manifest)
  let done = 0
  await each(manifest.files, async ({ path, sha256 }) => {
    const copied = await copy(join(from, path), to, path, bytes => progress((done += bytes), of))
    if (copied.sha256 !== sha256) throw new BackupRefused(`the backup is damaged: ${path} is not what was written`)
  })
  const { clickhouse } = manifest
  if (clickhouse.kind === 'external') return
  for (const { path, to: target } of clickhouse.links) {
    mkdirSync(dirname(join(to, path)), { recursive: true, mode: 0o700 })
    symlinkSync(target, join(to, path))
  }
}

/** Whatever the tables and Odoo hold, they get everything again that the log has. */
async function rewindTables(config: Config): Promise<void> {
  const log = openExistingLog(config)
  try {
    const engine = { log, wire: localWire, deadLetter: deadLetterOf, records: 1, bytes: 1 }
    for (const { name, reads } of sinkNames()) {
      const topic = topicNamed(reads)
      if (!(name.startsWith('clickhouse/') || isOfOdoo(name)) || !topic) continue
      const sink: AnySink = { name, reads: topic, write: () => Promise.reject(new Error('only rewound')) }
      const delivery = await Delivery.claim(engine, sink)
      await delivery.rewind()
      await delivery.release()
      delivery.close()
    }
  } finally {
    await log.close()
  }
}
