/**
 * The embedded log: one SQLite file that several processes on one machine share. One connection a process or thread;
 * its transactions take turns. Everything below is synchronous underneath: keep it off the thread that serves HTTP.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Instant, Millis } from '../../time.ts'
import {
  type Bounds,
  type Checkpoint,
  type Held,
  type Log,
  type Outgoing,
  type Partitions,
  type ReadLimit,
  type Recorded,
  type Tail,
} from '../log.ts'
import { explained } from '../state/errors.ts'
import { transact } from '../state/transact.ts'
import { NO_STATE, type WholeState, wholeState } from '../state/whole.ts'
import { StateWriter } from '../state/writer.ts'
import { DirectTail, shareAll } from '../undivided.ts'
import { batchesOf, decodeBatch, type EncodedBatch } from './batch.ts'
import { openDataFile } from './file.ts'
import { claimTask, isOwned, RENEW_MS, renewLeases, thisProcess } from './lease.ts'

export interface EmbeddedOptions {
  readonly directory: string
  /** Partitions of the topics that are new; the others keep theirs. */
  readonly topics: ReadonlyMap<string, number>
  /** false: a directory without a log is refused, and stays as it is. */
  readonly mayMake?: boolean
  /** The wall clock, milliseconds. */
  readonly now?: () => number
  /** Who claims tasks by this connection: `PID@START`, this process unless a test says otherwise. */
  readonly owner?: string
}

const POLL_MS = 4

export class EmbeddedLog implements Log {
  readonly id: string
  readonly db: DatabaseSync
  readonly path: string
  readonly partitionsOf: Partitions
  readonly now: () => number
  readonly owner: string
  readonly share = shareAll
  readonly state: StateWriter
  readonly #ids: ReadonlyMap<string, number>
  readonly #statements = new Map<string, StatementSync>()
  readonly #read
  readonly #bounds
  readonly #checkpoint
  readonly #extend
  readonly #insert
  readonly #version
  #renewing: NodeJS.Timeout | undefined
  #polling: Promise<number> | undefined
  #ownCommits = 0
  #writing: Promise<void> = Promise.resolve()

  constructor({ directory, topics, mayMake = true, now = Date.now, owner = thisProcess() }: EmbeddedOptions) {
    const { db, logId, partitions } = openDataFile(directory, topics, mayMake)
    this.id = logId
    this.db = db
    this.state = new StateWriter(db)
    this.now = now
    this.path = join(directory, 'milepost.sqlite')
    this.owner = owner
    this.partitionsOf = topic => {
      const count = partitions.get(topic)
      if (count === undefined) throw new Error(`${this.path} has no topic ${topic}`)
      return count
    }
    const rows = db.prepare('SELECT id, topic, partition FROM partitions').all() as {
      id: number
      topic: string
      partition: number
    }[]
    this.#ids = new Map(rows.map(({ id, topic, partition }) => [`${topic}/${partition}`, id]))
    this.#read = db.prepare('SELECT first, batch FROM records WHERE partition = ? AND last >= ? ORDER BY last')
    this.#bounds = db.prepare('SELECT start, end FROM partitions WHERE id = ?')
    this.#checkpoint = db.prepare('SELECT checkpoint FROM tasks WHERE task = ?')
    this.#extend = db.prepare('UPDATE partitions SET end = end + ? WHERE id = ? RETURNING end')
    this.#insert = db.prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?)')
    this.#version = db.prepare('PRAGMA data_version')
  }

  async append(records: readonly Outgoing[]): Promise<void> {
    await this.appendBatches(batchesOf(records))
  }

  /** Append batches that are encoded already, all or none. */
  async appendBatches(batches: readonly EncodedBatch[]): Promise<void> {
    await this.alone(() => transact(this.db, () => this.write(batches)))
    this.committed()
  }

  read(topic: string, partition: number, from: number, limit: ReadLimit): Promise<readonly Recorded[]> {
    return this.alone(() => {
      const records: Recorded[] = []
      const id = this.#idOf(topic, partition)
      // Most looks find nothing new: this costs 2 µs, a search among the batches 7.
      if (from >= (this.#bounds.get(id) as unknown as Bounds).end) return records
      let bytes = 0
      for (const row of this.#read.iterate(id, from)) {
        const { first, batch } = row as { first: number; batch: Uint8Array }
        for (const record of decodeBatch(topic, partition, first, from, batch)) {
          if (records.length >= limit.records || (records.length > 0 && bytes >= limit.bytes)) return records
          records.push(record)
          bytes += record.value.length
        }
      }
      return records
    })
  }

  tail(topic: string, partition: number, from: number): Tail {
    return new DirectTail(from, (next, limit) => this.read(topic, partition, next, limit))
  }

  bounds(topic: string, partition: number): Promise<Bounds> {
    return this.alone(() => {
      const { start, end } = this.#bounds.get(this.#idOf(topic, partition)) as unknown as Bounds
      return { start, end }
    })
  }

  checkpointOf(task: string): Promise<Checkpoint | undefined> {
    return this.alone(() => {
      const row = this.#checkpoint.get(task) as { checkpoint: string } | undefined
      return row && (JSON.parse(row.checkpoint) as Checkpoint)
    })
  }

  isOwned(task: string): Promise<boolean> {
    return this.alone(() => isOwned(this, task))
  }

  /** All that a task keeps, whoever owns it. */
  stateOf(task: string): Promise<WholeState> {
    return this.alone(() => {
      const row = this.prepared('SELECT id FROM tasks WHERE task = ?').get(task) as { id: number } | undefined
      return row ? wholeState(this.db, this.path, row.id) : NO_STATE
    })
  }

  claim(task: string): Promise<Held> {
    // A renewal that fails (full disk, busy file) is made up for by the next; commits tell the rest.
    this.#renewing ??= setInterval(() => void renewLeases(this).catch(() => undefined), RENEW_MS).unref()
    return claimTask(this, task)
  }

  /** `PRAGMA data_version` tells of others' commits, a counter of our own; one poll serves all who wait. */
  async changed(seen: number, maxMs: Millis): Promise<number> {
    const until = performance.now() + maxMs
    for (let version = this.#versionNow(); ; version = await this.#poll())
      if (version !== seen || performance.now() >= until) return version
  }

  /**
   * Let go of whole batches of a partition that were appended before a time and that lie before an offset, at most so
   * many of them. Resolves to how many went; the room is used again.
   */
  trim(topic: string, partition: number, appendedBefore: Instant, beforeOffset: number, atMost = 500): Promise<number> {
    const id = this.#idOf(topic, partition)
    const work = () => {
      const batches = this.prepared(
        'SELECT last, appendedAt FROM records WHERE partition = ? AND last < ? ORDER BY last LIMIT ?',
      )
      const candidates = batches.all(id, beforeOffset, atMost) as { last: number; appendedAt: number }[]
      // Up to the first that is to stay: the wall clock may have gone back since.
      const stays = candidates.findIndex(({ appendedAt }) => appendedAt >= appendedBefore)
      const old = stays < 0 ? candidates : candidates.slice(0, stays)
      const last = old.at(-1)?.last
      if (last === undefined) return 0
      this.prepared('DELETE FROM records WHERE partition = ? AND last <= ?').run(id, last)
      this.prepared('UPDATE partitions SET start = ? WHERE id = ?').run(last + 1, id)
      return old.length
    }
    return this.alone(() => transact(this.db, work))
  }

  /** Rejects if the file is damaged. */
  async check(): Promise<string> {
    const result = await this.alone(() => this.db.prepare('PRAGMA quick_check(1)').get())
    if (result?.['quick_check'] !== 'ok')
      throw new Error(`damaged: ${String(result?.['quick_check'])}; restore a backup`)
    return `sound (${this.id.slice(0, 8)})`
  }

  close(): Promise<void> {
    clearInterval(this.#renewing)
    if (this.db.isOpen) this.db.close()
    return Promise.resolve()
  }

  /** Wait until this connection has no transaction open; resolves to what ends the turn. */
  async turn(): Promise<() => void> {
    const before = this.#writing
    let free = () => {}
    this.#writing = new Promise(resolve => (free = resolve))
    await before
    return free
  }

  /** Do something while this connection has no transaction open: of one that is, it would see what is not committed. */
  async alone<T>(work: () => T): Promise<T> {
    const free = await this.turn()
    try {
      return work()
    } catch (error) {
      throw explained(error, this.path)
    } finally {
      free()
    }
  }

  /** Append within the transaction that is open: one row a batch. */
  write(batches: readonly EncodedBatch[]): void {
    for (const { topic, partition, count, blob } of batches) {
      const id = this.#idOf(topic, partition)
      const { end } = this.#extend.get(count, id) as { end: number }
      this.#insert.run(id, end - 1, end - count, this.now(), blob)
    }
  }

  /** A statement that is prepared once. */
  prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.db.prepare(sql)))
    return statement
  }

  committed(): void {
    this.#ownCommits++
  }

  #versionNow(): number {
    const { data_version: others } = this.#version.get() as { data_version: number }
    return others + this.#ownCommits
  }

  #poll(): Promise<number> {
    this.#polling ??= pause(POLL_MS).then(() => {
      this.#polling = undefined
      return this.#versionNow()
    })
    return this.#polling
  }

  #idOf(topic: string, partition: number): number {
    const id = this.#ids.get(`${topic}/${partition}`)
    if (id === undefined) throw new Error(`${this.path} has no partition ${topic}/${partition}`)
    return id
  }
}
