/**
 * What the engine needs of a log: partitioned topics, and tasks that own a state. Every implementation passes the
 * suite in test/streams/log/contract.ts; nothing above this file knows which one it has.
 */
import type { Instant, Millis } from '../time.ts'

/** A record on its way into a partition. `value` is sealed by the wire. */
export interface Outgoing {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly value: Uint8Array
  /** eventId of what set it off, in hex. */
  readonly cause: string | null
}
export interface Recorded extends Outgoing {
  readonly offset: number
}

/** How many partitions a topic has. Topics that one processor reads have equally many. */
export type Partitions = (topic: string) => number

/** Where ingest puts its records. */
export interface Appender {
  /**
   * Resolves once all of the records are durable. Rejects, with `LogUnavailable` where it may be tried again, if that is
   * not certain: some may be there, and what is there twice is heard once.
   */
  append(records: readonly Outgoing[]): Promise<void>
}

export interface Log extends Appender {
  /** Drawn when the log was created: a log that was restored or started anew may repeat offsets, never this. */
  readonly id: string
  readonly partitionsOf: Partitions
  /**
   * Committed records from an offset on, at most so many, or so many bytes (but at least one, if there is one). Offsets
   * rise, and may leave some out.
   */
  read(topic: string, partition: number, from: number, limit: ReadLimit): Promise<readonly Recorded[]>
  /** Reads a partition on and on, from an offset. */
  tail(topic: string, partition: number, from: number): Tail
  /** The first offset still kept, and the offset after all that has been written, be it committed yet or not. */
  bounds(topic: string, partition: number): Promise<Bounds>
  /** What a task last committed, if it ever did, whoever owns it. */
  checkpointOf(task: string): Promise<Checkpoint | undefined>
  /** Whether a living owner has the task. */
  isOwned(task: string): Promise<boolean>
  /**
   * Run those of a group's tasks that fall to this process, each until it falls to another: then its signal aborts, and
   * no other process begins before its promise has settled. Resolves once `until` has aborted and nothing runs any more;
   * rejects, after the same, with the first error of any of them.
   */
  share(
    group: string,
    tasks: readonly string[],
    work: (task: string, stop: AbortSignal) => Promise<void>,
    until: AbortSignal,
  ): Promise<void>
  /**
   * Become the only one who may commit for a task: whoever had it before is fenced off. The log sees to it that others
   * know we live. Throws `Taken` where it can tell that another owner lives.
   */
  claim(task: string): Promise<Held>
  /**
   * Resolves when something may have been committed since `seen` (what the last call resolved to; at first -1), or
   * after `maxMs`.
   */
  changed(seen: number, maxMs: Millis): Promise<number>
  close(): Promise<void>
}

/** A place in a partition that moves on as it is read. */
export interface Tail {
  /** The offset of the next record to take; it also moves past what is no record. */
  readonly position: number
  /** Committed records that are here now, within the limit; none: later there may be. Does not wait for any to be written. */
  take(limit: ReadLimit): Promise<readonly Recorded[]>
  close(): void
}

export interface ReadLimit {
  readonly records: number
  readonly bytes: number
}
export interface Bounds {
  readonly start: number
  readonly end: number
}

/** How far a task is; part of each of its commits. */
export interface Checkpoint {
  /** By `topic/partition`: the offset of the next record to read. */
  readonly offsets: Readonly<Record<string, number>>
  /** The highest tick that the task has heard; of a sink, the latest receivedAt. */
  readonly tick: Instant
  readonly counters: Counters
  /** Of a sink: the batch that is on its way out. */
  readonly intent: Intent | null
}
export interface Counters {
  readonly in: number
  readonly out: number
  readonly deadLetters: number
  readonly dropped: Readonly<Record<string, number>>
}
export interface Intent {
  readonly token: string
  /** By `topic/partition`: from ≤ offset < until. */
  readonly ranges: Readonly<Record<string, readonly [from: number, until: number]>>
  /** eventIds in these ranges that cannot be written: they are dead letters. */
  readonly excluded: readonly string[]
}

/** A task that we own. */
export interface Held {
  readonly task: string
  /** Rises with every owner: what a former owner still tries to commit is fenced off. */
  readonly epoch: number
  /** As of the claim. */
  readonly checkpoint: Checkpoint
  readonly state: StateReader
  begin(): Promise<Transaction>
  /** Let another owner take the task at once. */
  release(): Promise<void>
}

/** The committed state of one task. Reading is synchronous: a handler waits for nothing. */
export interface StateReader {
  /** All plain rows of a key, its head among them, in no order. */
  load(key: string): readonly StateRow[]
  /** A block of a dense list. */
  block(key: string, list: string, block: number): Uint8Array | undefined
  /** The nearest block of a dense list before (-1) or after (+1) this one; ±Infinity asks for the last or first. */
  nextBlock(key: string, list: string, block: number, direction: -1 | 1): StoredBlock | undefined
  /** The earliest alarms at or before a time, in the order of time and key. */
  alarms(until: Instant, limit: number): readonly Alarm[]
}
export interface StoredBlock {
  readonly start: number
  readonly bytes: Uint8Array
}
export interface StateRow {
  readonly list: string
  readonly at: number
  readonly id: string
  readonly bytes: Uint8Array
}
export interface StateChange extends Omit<StateRow, 'bytes'> {
  readonly key: string
  /** A block of a dense list: `at` is its start and `id` is empty. */
  readonly dense: boolean
  /** null: the row goes. */
  readonly bytes: Uint8Array | null
}
export interface Alarm {
  readonly key: string
  readonly at: Instant
}
export interface AlarmChange {
  readonly key: string
  /** null: no alarm. */
  readonly at: Instant | null
}

/**
 * One atomic commit of a task: nothing of it is seen before `commit`, and after it everything is. `fence` throws
 * `Fenced` if another owner has taken the task since.
 */
export interface Transaction {
  fence(): Promise<void>
  append(records: readonly Outgoing[]): Promise<void>
  change(state: readonly StateChange[]): Promise<void>
  setAlarms(alarms: readonly AlarmChange[]): Promise<void>
  checkpoint(checkpoint: Checkpoint): Promise<void>
  commit(): Promise<void>
  /** Nothing of it has been. Safe after a failed `commit`. */
  abort(): Promise<void>
}

/** Another owner has the task: this one drops it. */
export class Fenced extends Error {
  override readonly name = 'Fenced'
}
/** The task has a living owner. */
export class Taken extends Error {
  override readonly name = 'Taken'
}
/** The log can't be written now (full disk, broker away): the same thing may be tried again later. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable'
}

/** The log is damaged, newer than this program, or not ours: trying again will not help. */
export class LogRefused extends Error {
  override readonly name = 'LogRefused'
}

export const place = (topic: string, partition: number): string => `${topic}/${partition}`
export const NOTHING_YET: Checkpoint = {
  offsets: {},
  tick: 0 as Instant,
  counters: { in: 0, out: 0, deadLetters: 0, dropped: {} },
  intent: null,
}
