/** A copy of a running installation, all of it of one moment: nothing is stopped. What a log's kind makes different is in take-file.ts and take-kafka.ts. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { each } from '../../streams/together.ts'
import type { Config } from '../config.ts'
import { copy, settleFolders } from './files.ts'
import { type Manifest, writeManifest } from './manifest.ts'
import type { Progress } from './progress.ts'
import { BackupRefused } from './refused.ts'
import { takeFile } from './take-file.ts'
import { takeKafka } from './take-kafka.ts'

/** What is small, and kept beside. */
const BESIDE = ['clickhouse-password', 'odoo-capability', 'tokens.json']

export interface Making {
  readonly config: Config
  /** Empty, or not there yet; made only once it is certain that there is something to copy. */
  readonly directory: string
  readonly progress: Progress
  /** It stops once that has aborted. */
  readonly until: AbortSignal
}
export interface Taken {
  readonly manifest: Manifest
  /** Milliseconds for which nobody could commit. */
  readonly heldMs: number
}

/**
 * Throws `BackupRefused`, or what stopped it; then nothing of it is left in the directory. Once `until` has aborted it
 * stops. Progress is in bytes, and in records on Kafka.
 */
export async function takeBackup(
  config: Config,
  to: string,
  progress: Progress = () => undefined,
  until: AbortSignal = new AbortController().signal,
): Promise<Taken> {
  const directory = resolve(to)
  refuseTarget(directory, config.data)
  const take = config.kafkaBrokers ? takeKafka : takeFile
  const told: Progress = (done, of) => {
    until.throwIfAborted()
    progress(done, of)
  }
  try {
    const { heldMs, files, ...about } = await take({ config, directory, progress: told, until })
    const names = BESIDE.filter(name => existsSync(join(config.data, name)))
    const beside = await each(names, name => copy(join(config.data, name), directory, name))
    await settleFolders(directory)
    return { manifest: writeManifest(directory, { ...about, files: [...files, ...beside] }), heldMs }
  } catch (error) {
    const left = existsSync(directory) ? readdirSync(directory) : []
    for (const name of left) rmSync(join(directory, name), { recursive: true, force: true })
    throw error
  }
}

function refuseTarget(directory: string, data: string): void {
  if (`${directory}/`.startsWith(`${data}/`))
    throw new BackupRefused(`${directory} lies in the data directory: a backup belongs elsewhere`)
  const [held] = existsSync(directory) ? readdirSync(directory) : []
  if (held !== undefined) throw new BackupRefused(`${directory} is not empty, it holds ${held}: name a new directory`)
}
