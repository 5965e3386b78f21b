/**
 * Of an installation on Kafka: for a moment no task commits, and it is looked where all partitions end and what all tasks
 * have committed. What lies before these ends is then copied into an embedded log, while everything goes on, together with
 * what the tasks knew at that moment. Their changelogs can't be copied afterwards, for compaction takes what was true
 * then: so their states are brought into a file before, and up to the moment while it lasts.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedLog } from '../../streams/log/embedded/embedded.ts'
import { LAYOUT } from '../../streams/log/embedded/file.ts'
import { type Checkpoint, LogRefused } from '../../streams/log/log.ts'
import { tasksOf } from '../../streams/topology.ts'
import { checkTasks } from '../copy/check-tasks.ts'
import { differencesOf, type Pairs } from '../copy/tally.ts'
import { type Kept, TaskFilling } from '../copy/task-filling.ts'
import { MIGRATION, openKafkaSource } from '../open-log.ts'
import { processors } from '../pipeline.ts'
import { allTopics } from '../topic-named.ts'
import {
  type Copying,
  copyTopic,
  type Cut,
  pairsOf,
  refuseGone,
  type Renumbered,
  renumberingOf,
} from './copy-records.ts'
import { settle } from './files.ts'
import type { Made } from './manifest.ts'
import { BackupRefused } from './refused.ts'
import type { Making } from './take-backup.ts'

const LOG = 'milepost.sqlite'
/** In the backup's directory while it is made. */
const SCRATCH = '.states'
/** Of one commit. */
const BYTES = 16 << 20
const names = allTopics.map(({ name }) => name)

/** Throws `BackupRefused`, or `LogUnavailable` where the tasks could not be held. */
export async function takeKafka({ config, directory, progress, until }: Making): Promise<Made> {
  const scratch = join(directory, SCRATCH)
  const source = await openKafkaSource(config, scratch)
  try {
    if ((await source.log.checkpointOf(MIGRATION))?.intent)
      throw new LogRefused('this log is half of a migration: finish that first, see milepost migrate --help')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const cut = await source.log.cut(until)
    const told = telling(cut, progress)
    const topics = new Map(names.map(name => [name, source.log.partitionsOf(name)]))
    const copy = new EmbeddedLog({ directory, topics })
    let made: Filled
    try {
      made = await fill({ source, cut, copy, until, told })
    } finally {
      await copy.close()
    }
    const found = new EmbeddedLog({ directory, topics: new Map(), mayMake: false })
    try {
      await compare(made, { source, cut, copy: found, until, told })
    } finally {
      await found.close()
    }
    return {
      takenAt: new Date(cut.takenAt).toISOString(),
      heldMs: cut.heldMs,
      log: { id: source.log.id, layout: LAYOUT },
      clickhouse: { kind: 'external', at: whereTablesAre(config) },
      files: [await settle(directory, LOG)],
    }
  } finally {
    await source.log.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

const whereTablesAre = ({ clickhouseUrl, data }: Making['config']): string =>
  clickhouseUrl === undefined ? join(data, 'clickhouse') : new URL(clickhouseUrl).origin

/** Progress by offsets: some are of no record. */
function telling({ bounds }: Cut, progress: Making['progress']): (records: number) => void {
  // Each is written, and read again.
  const of = 2 * [...bounds.values()].reduce((sum, { start, end }) => sum + end - start, 0)
  let done = 0
  return records => {
    done += records
    progress(done, of)
  }
}

/** What has been written. */
interface Filled {
  /** By topic. */
  readonly pairs: ReadonlyMap<string, Pairs>
  readonly kept: readonly Kept[]
}

async function fill(copying: Copying): Promise<Filled> {
  const renumbered = renumberingOf(copying.cut)
  const pairs = new Map<string, Pairs>()
  for (const name of names) pairs.set(name, await copyTopic(name, copying, renumbered))
  const { source, cut } = copying
  const { partitionsOf } = source.log
  await refuseGone(
    processors.flatMap(processor => tasksOf(processor, partitionsOf)),
    copying,
  )
  const kept: Kept[] = []
  for (const [task, checkpoint] of cut.checkpoints)
    kept.push(await copyTask(task, movedTo(renumbered, checkpoint), copying))
  return { pairs, kept }
}

/** As it has to be in the copy. What a sink has on its way it does again: the tables are not of this backup. */
function movedTo(renumbered: Renumbered, checkpoint: Checkpoint): Checkpoint {
  const offsets = Object.entries(checkpoint.offsets).flatMap(([at, offset]) => {
    const partition = renumbered.get(at)
    return partition ? [[at, partition.of(offset)] as const] : []
  })
  return { ...checkpoint, offsets: Object.fromEntries(offsets), intent: null }
}

async function copyTask(task: string, checkpoint: Checkpoint, { cut, copy, until }: Copying): Promise<Kept> {
  const filling = await TaskFilling.of(copy, task, BYTES)
  try {
    const flush = async () => {
      until.throwIfAborted()
      await filling.flush()
    }
    const { rows, alarms } = cut.stateOf(task)
    for (const row of rows()) if (filling.row(row)) await flush()
    for (const alarm of alarms()) if (filling.alarm(alarm)) await flush()
    return await filling.finish(checkpoint)
  } finally {
    await filling.release()
  }
}

async function compare({ pairs, kept }: Filled, found: Copying): Promise<void> {
  const refused = (what: string) => new BackupRefused(`the copy is not what was copied: ${what}. Look at the disk`)
  for (const [topic, written] of pairs) {
    const [wrong] = differencesOf(written, await pairsOf(topic, found.copy, found), false)
    if (wrong !== undefined) throw refused(`${topic}, ${wrong}`)
  }
  await checkTasks(found.copy, kept, refused)
}
