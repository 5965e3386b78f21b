/**
 * Who owns a task: a row with an epoch that rises with every owner. An owner says every few seconds that it lives;
 * one whose process is gone, or that has been silent for longer than the lease, loses the task to the next who asks.
 */
import { readFileSync } from 'node:fs'
import { explained } from '../state/errors.ts'
import { stateReader } from '../state/reader.ts'
import { transact } from '../state/transact.ts'
import { type Checkpoint, type Held, NOTHING_YET, type StateReader, Taken, type Transaction } from '../log.ts'
import type { EmbeddedLog } from './embedded.ts'
import { EmbeddedTransaction } from './transaction.ts'

export const LEASE_MS = 10_000
export const RENEW_MS = 2_000

/** This process, told apart from one that gets its pid later (and from other threads' connections by nothing: a process is one owner). */
export const thisProcess = (): string => `${process.pid}@${startOf(process.pid)}`

/** When a process started, as the kernel says (field 22 of /proc/PID/stat); empty where that can't be known. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function lives(owner: string): boolean {
  const [pid = '', start = ''] = owner.split('@')
  try {
    process.kill(Number(pid), 0)
    return start === '' || startOf(Number(pid)) === start
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

interface TaskRow {
  readonly id: number
  readonly epoch: number
  readonly owner: string | null
  readonly renewedAt: number
  readonly checkpoint: string
}

/** Whether the owner, if there is one, has been heard of within its lease and its process is there. */
export function isOwned(log: EmbeddedLog, task: string): boolean {
  return livingOwner(log, task) !== undefined
}

function livingOwner(log: EmbeddedLog, task: string): { owner: string; silentMs: number } | undefined {
  const row = log.prepared('SELECT owner, renewedAt FROM tasks WHERE task = ?').get(task) as
    Pick<TaskRow, 'owner' | 'renewedAt'> | undefined
  if (row?.owner == null) return undefined
  const silentMs = log.now() - row.renewedAt
  return silentMs < LEASE_MS && lives(row.owner) ? { owner: row.owner, silentMs } : undefined
}

/** Say that we live, for all the tasks of this process at once. A task that another has taken meanwhile stays taken. */
export async function renewLeases(log: EmbeddedLog): Promise<void> {
  await log.alone(() => log.prepared('UPDATE tasks SET renewedAt = ? WHERE owner = ?').run(log.now(), log.owner))
}

export async function claimTask(log: EmbeddedLog, task: string): Promise<Held> {
  const { id, epoch, checkpoint } = await log.alone(() => transact(log.db, () => take(log, task)))
  return new EmbeddedHeld(log, task, id, epoch, JSON.parse(checkpoint) as Checkpoint)
}

function take(log: EmbeddedLog, task: string): TaskRow {
  const { db } = log
  db.prepare(
    'INSERT INTO tasks (task, epoch, owner, renewedAt, checkpoint) VALUES (?, 0, NULL, 0, ?) ON CONFLICT DO NOTHING',
  ).run(task, JSON.stringify(NOTHING_YET))
  const living = livingOwner(log, task)
  if (living && living.owner !== log.owner)
    throw new Taken(
      `${task} is run by process ${living.owner.split('@')[0] ?? ''} on this data directory, heard of ${Math.max(0, living.silentMs)} ms ago`,
    )
  return db
    .prepare('UPDATE tasks SET owner = ?, epoch = epoch + 1, renewedAt = ? WHERE task = ? RETURNING *')
    .get(log.owner, log.now(), task) as unknown as TaskRow
}

class EmbeddedHeld implements Held {
  readonly task: string
  readonly epoch: number
  readonly checkpoint: Checkpoint
  readonly state: StateReader
  readonly #log: EmbeddedLog
  readonly #id: number

  constructor(log: EmbeddedLog, task: string, id: number, epoch: number, checkpoint: Checkpoint) {
    this.#log = log
    this.#id = id
    this.task = task
    this.epoch = epoch
    this.checkpoint = checkpoint
    this.state = stateReader(log.db, log.path, id)
  }

  async begin(): Promise<Transaction> {
    const free = await this.#log.turn()
    try {
      this.#log.db.exec('BEGIN IMMEDIATE')
    } catch (error) {
      free()
      throw explained(error, this.#log.path)
    }
    return new EmbeddedTransaction(this.#log, this.#id, this.task, this.epoch, free)
  }

  async release(): Promise<void> {
    const log = this.#log
    await log.alone(() =>
      log
        .prepared('UPDATE tasks SET owner = NULL, renewedAt = ? WHERE id = ? AND epoch = ?')
        .run(log.now(), this.#id, this.epoch),
    )
  }
}
