/**
 * The log on Apache Kafka (4.0 or newer). Topics are Kafka's, prefixed by the namespace; each group of tasks has a
 * compacted changelog whose partitions are its tasks; a commit is one transaction over outputs, changelog, offsets and
 * the checkpoints that all processes follow.
 */
import { join } from 'node:path'
import type { Instant, Millis } from '../../time.ts'
import {
  type Bounds,
  type Checkpoint,
  Fenced,
  type Held,
  type Log,
  type Outgoing,
  type Partitions,
  place,
  type ReadLimit,
  type Recorded,
  type Tail,
} from '../log.ts'
import type { WholeState } from '../state/whole.ts'
import { KafkaAppender } from './appender.ts'
import { Bell } from './bell.ts'
import { Checkpoints } from './checkpoints.ts'
import { Cluster, type Connect } from './cluster.ts'
import { cut, type Cut } from './cut.ts'
import { explained } from './errors.ts'
import { Holds } from './hold.ts'
import { type Group, type Member, takePart } from './membership.ts'
import { layOut, type Layout, type LayoutOptions } from './layout.ts'
import type { Names } from './names.ts'
import { Offsets } from './offsets.ts'
import { Owners } from './owners.ts'
import { readCommitted } from './read.ts'
import { Store } from './store.ts'
import { Tails } from './tails.ts'
import { claim, type Place, restore, type Surroundings } from './task.ts'
import { deleteBefore } from './topics.ts'

export interface KafkaOptions extends Connect, LayoutOptions {
  /** Topics that every task reads: a group's offset of them would say nothing. */
  readonly broadcast: readonly string[]
  /** Where the state of tasks is kept on this machine, and what the files are called; absent: in memory. */
  readonly store?: { readonly directory: string; readonly name: string }
  /** The wall clock, milliseconds. */
  readonly now?: () => number
  /** How long claims wait for whoever holds all tasks: see hold.ts, which knows. */
  readonly holdWaitMs?: Millis
}

export class KafkaLog implements Log {
  readonly id: string
  readonly partitionsOf: Partitions
  readonly #options: KafkaOptions
  readonly #names: Names
  readonly #groups: Layout['groups']
  readonly #cluster: Cluster
  readonly #offsets: Offsets
  readonly #owners: Owners
  readonly #tails: Tails
  readonly #checkpoints: Checkpoints
  readonly #holds: Holds
  readonly #appender: KafkaAppender
  readonly #members = new Map<string, Member>()
  /** Up to where this process has committed, by partition as the brokers call it. */
  readonly #committed = new Map<string, number>()
  #openStore: Store | undefined
  #version = 0
  readonly #news = new Bell()
  #broken: Error | undefined
  #closed = false

  /** Connect, and make the topics that are missing. Rejects with `LogUnavailable` or `LogRefused`. */
  static async open(options: KafkaOptions): Promise<KafkaLog> {
    const cluster = new Cluster(options)
    let log: KafkaLog | undefined
    try {
      log = new KafkaLog(options, cluster, await layOut(cluster, options))
      await log.#hearCheckpoints()
      return log
    } catch (error) {
      await (log ?? cluster).close()
      throw explained(error, 'open the log')
    }
  }

  private constructor(options: KafkaOptions, cluster: Cluster, { names, partitionsOf, groups }: Layout) {
    this.#options = options
    this.#cluster = cluster
    this.#names = names
    this.#groups = groups
    this.partitionsOf = partitionsOf
    // A cluster draws an id for each topic that is made: no other log ever has this one.
    this.id = cluster.topic(names.checkpoints).id
    this.#offsets = new Offsets(cluster)
    this.#owners = new Owners(cluster)
    const nameOf = (topic: string) => (topic === '' ? names.checkpoints : names.topic(topic))
    this.#tails = new Tails(
      cluster,
      this.#offsets,
      nameOf,
      () => {
        this.#moved()
      },
      error => {
        this.#break(error)
      },
    )
    const checkpoints = new Checkpoints(this.#tails.open('', 0, 0))
    this.#checkpoints = checkpoints
    const { now = Date.now, holdWaitMs: waitMs } = options
    this.#holds = new Holds({ cluster, offsets: this.#offsets, checkpoints, name: names.checkpoints, now, waitMs })
    this.#appender = new KafkaAppender(cluster, names.topic)
  }

  append(records: readonly Outgoing[]): Promise<void> {
    return this.#appender.append(records).then(() => {
      this.#moved()
    })
  }

  read(topic: string, partition: number, from: number, limit: ReadLimit): Promise<readonly Recorded[]> {
    const of = { topic, partition, name: this.#names.topic(topic) }
    const committed = this.#committed.get(`${of.name}/${partition}`) ?? 0
    return readCommitted({ cluster: this.#cluster, offsets: this.#offsets, of, committed }, from, limit)
  }

  tail(topic: string, partition: number, from: number): Tail {
    return this.#tails.open(topic, partition, from)
  }

  async bounds(topic: string, partition: number): Promise<Bounds> {
    const name = this.#names.topic(topic)
    const [start, end] = await Promise.all([
      this.#offsets.find(name, partition, { at: 'start' }),
      this.#offsets.find(name, partition, { at: 'end' }),
    ])
    return { start, end }
  }

  async checkpointOf(task: string): Promise<Checkpoint | undefined> {
    await this.#checkpoints.follow()
    return this.#checkpoints.of(task)?.checkpoint
  }

  async isOwned(task: string): Promise<boolean> {
    const { group, partition } = this.#groupOf(task)
    await this.#checkpoints.follow()
    if (!this.#checkpoints.of(task)?.held) return false
    return (await this.#owners.of(this.#names.group(group))).has(partition)
  }

  async share(
    group: string,
    tasks: readonly string[],
    work: (task: string, stop: AbortSignal) => Promise<void>,
    until: AbortSignal,
  ): Promise<void> {
    const name = this.#names.changelog(group)
    const place: Group = { id: this.#names.group(group), topic: { name, id: this.#cluster.topic(name).id }, tasks }
    const member: Member = { id: this.#store().member, epoch: 0 }
    this.#members.set(group, member)
    const told = (task: string, stop: AbortSignal) => {
      stop.addEventListener(
        'abort',
        () => {
          this.#moved()
        },
        { once: true },
      )
      return work(task, stop)
    }
    try {
      await takePart(this.#cluster, place, member, told, until)
    } finally {
      this.#members.delete(group)
    }
  }

  async claim(task: string): Promise<Held> {
    if (this.#members.get(this.#groupOf(task).group)?.epoch === 0)
      throw new Fenced(`${task} may be another's: this process is no member of the group any more`)
    return claim(...this.#task(task))
  }

  /** All that a task keeps as of now, whoever owns it: it is read from its changelog first. */
  async stateOf(task: string): Promise<WholeState> {
    await restore(...this.#task(task))
    return this.#store().wholeOf(task)
  }

  /** All of it as of one moment, in which nobody can commit. Rejects with `LogUnavailable` where there is none. */
  cut(until: AbortSignal): Promise<Cut> {
    const { now = Date.now, broadcast, topics } = this.#options
    const others = [...topics.keys()].filter(topic => !broadcast.includes(topic))
    const tasks = [...this.#groups.values()].flat().map(task => this.#task(task))
    const needs = { log: this, holds: this.#holds, store: this.#store(), tasks, topics: [broadcast, others], now }
    return cut(needs, until)
  }

  async changed(seen: number, maxMs: Millis): Promise<number> {
    if (this.#broken) throw this.#broken
    if (this.#version === seen && !this.#closed) await this.#news.wait(maxMs)
    return this.#version
  }

  /**
   * Let go of a partition's records that were appended before a time and that lie before an offset. Resolves to how many
   * went.
   */
  async trim(topic: string, partition: number, appendedBefore: Instant, beforeOffset: number): Promise<number> {
    const name = this.#names.topic(topic)
    const { start, end } = await this.bounds(topic, partition)
    const stays = await this.#offsets.find(name, partition, { from: appendedBefore })
    const until = Math.min(stays < 0 ? end : stays, beforeOffset)
    if (until <= start) return 0
    return (await deleteBefore(this.#cluster, name, partition, until)) - start
  }

  /** Rejects if a partition of ours has no leader. */
  async check(): Promise<string> {
    await this.#cluster.refresh()
    const names = [...this.#options.topics.keys()].map(this.#names.topic)
    const orphans = names.filter(name => this.#cluster.topic(name).leaders.some(leader => leader < 0))
    if (orphans.length > 0) throw new Error(`no broker leads all of ${orphans.join(', ')}: see the brokers`)
    return `Kafka, ${this.#cluster.brokerCount} brokers, every partition has a leader (${this.id.slice(0, 8)})`
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#tails.close()
    this.#moved()
    await this.#cluster.close()
    this.#openStore?.close()
  }

  /** Whoever looks right after opening is to see what had been committed before. */
  async #hearCheckpoints(): Promise<void> {
    const end = await this.#offsets.find(this.#names.checkpoints, 0, { at: 'end' })
    await this.#checkpoints.hearUpTo(end, seen => this.changed(seen, 100))
  }

  #store(): Store {
    const { store } = this.#options
    this.#openStore ??= store ? Store.open(join(store.directory), store.name, this.id) : Store.inMemory(this.id)
    return this.#openStore
  }

  /** Where a task is, and what it needs around it. */
  #task(task: string): [Place, Surroundings] {
    const { group, partition } = this.#groupOf(task)
    const { broadcast, now = Date.now } = this.#options
    const names = this.#names
    const where = { task, partition, changelog: names.changelog(group), checkpoints: names.checkpoints }
    return [
      { ...where, transactionalId: names.transactionalId(task), group: names.group(group) },
      {
        ...{ cluster: this.#cluster, offsets: this.#offsets, store: this.#store(), now },
        ...{ nameOf: names.topic, reported: (topic: string) => !broadcast.includes(topic) },
        member: () => this.#members.get(group),
        heldUp: () => this.#holds.heldUp(),
        committed: ends => {
          for (const [at, end] of ends) this.#committed.set(at, end)
          this.#moved()
        },
      },
    ]
  }

  #groupOf(task: string): { group: string; partition: number } {
    for (const [group, tasks] of this.#groups) {
      const partition = tasks.indexOf(task)
      if (partition >= 0) return { group, partition }
    }
    throw new Error(`${place(this.#options.namespace, 0)} has no task ${task}`)
  }

  #moved(): void {
    this.#version++
    this.#news.ring()
  }

  #break(error: unknown): void {
    this.#broken ??= explained(error, 'fetch')
    this.#moved()
  }
}
