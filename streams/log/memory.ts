/**
 * A log in memory: what tests and the simulation run on. `Disk` is what outlives a process; a `MemoryLog` is one
 * process's view of it. Faults come in by `Weather`, which is asked before (and after) everything a process does.
 */
import type { Instant } from '../time.ts'
import {
  type Alarm,
  type AlarmChange,
  type Bounds,
  type Checkpoint,
  Fenced,
  type Held,
  type Log,
  NOTHING_YET,
  type Outgoing,
  type Partitions,
  place,
  type ReadLimit,
  type Recorded,
  type StateChange,
  type StateReader,
  type StateRow,
  type Tail,
  Taken,
  type Transaction,
} from './log.ts'
import { DirectTail, shareAll } from './undivided.ts'

interface TaskState {
  epoch: number
  owner: MemoryLog | undefined
  checkpoint: Checkpoint
  readonly plain: Map<string, Map<string, StateRow>>
  readonly dense: Map<string, Map<number, Uint8Array>>
  readonly alarms: Map<string, Instant>
}

/** May throw (the process dies, the disk is full, an answer is lost) or take its time. */
export type Weather = (doing: string) => Promise<void> | undefined

export class Disk {
  readonly id = 'memory'
  readonly partitionsOf: Partitions
  readonly records = new Map<string, Recorded[]>()
  readonly tasks = new Map<string, TaskState>()
  #writing: Promise<void> = Promise.resolve()

  constructor(partitionsOf: Partitions) {
    this.partitionsOf = partitionsOf
  }

  /** One writes at a time, as in SQLite; resolves to what ends the turn. */
  async turn(): Promise<() => void> {
    const before = this.#writing
    let free = () => {}
    this.#writing = new Promise(resolve => (free = resolve))
    await before
    return free
  }

  append(records: readonly Outgoing[]): void {
    for (const record of records) {
      const at = place(record.topic, record.partition)
      let kept = this.records.get(at)
      if (!kept) this.records.set(at, (kept = []))
      kept.push({ ...record, offset: kept.length })
    }
  }

  task(name: string): TaskState {
    let task = this.tasks.get(name)
    if (!task) {
      task = {
        epoch: 0,
        owner: undefined,
        checkpoint: NOTHING_YET,
        plain: new Map(),
        dense: new Map(),
        alarms: new Map(),
      }
      this.tasks.set(name, task)
    }
    return task
  }
}

const calm: Weather = () => undefined

export class MemoryLog implements Log {
  readonly id: string
  readonly partitionsOf: Partitions
  readonly disk: Disk
  readonly share = shareAll
  readonly #weather: Weather
  /** A process that died holds nothing any more. */
  alive = true

  constructor(disk: Disk, weather: Weather = calm) {
    this.disk = disk
    this.id = disk.id
    this.partitionsOf = disk.partitionsOf
    this.#weather = weather
  }

  async append(records: readonly Outgoing[]): Promise<void> {
    await this.#weather('append')
    const free = await this.disk.turn()
    this.disk.append(records)
    free()
    await this.#weather('append answered')
  }

  async read(topic: string, partition: number, from: number, limit: ReadLimit): Promise<readonly Recorded[]> {
    await this.#weather('read')
    const kept = this.disk.records.get(place(topic, partition)) ?? []
    let bytes = 0
    let until = from
    while (until < kept.length && until - from < limit.records && (until === from || bytes < limit.bytes))
      bytes += kept[until++]?.value.length ?? 0
    return kept.slice(from, until)
  }

  tail(topic: string, partition: number, from: number): Tail {
    return new DirectTail(from, (next, limit) => this.read(topic, partition, next, limit))
  }

  async bounds(topic: string, partition: number): Promise<Bounds> {
    await this.#weather('bounds')
    return { start: 0, end: this.disk.records.get(place(topic, partition))?.length ?? 0 }
  }

  async checkpointOf(task: string): Promise<Checkpoint | undefined> {
    await this.#weather('checkpoint of')
    return this.disk.tasks.get(task)?.checkpoint
  }

  async isOwned(task: string): Promise<boolean> {
    await this.#weather('is owned')
    return this.disk.tasks.get(task)?.owner?.alive ?? false
  }

  async claim(name: string): Promise<Held> {
    await this.#weather('claim')
    const task = this.disk.task(name)
    if (task.owner && task.owner !== this && task.owner.alive) throw new Taken(`${name} has an owner`)
    task.owner = this
    task.epoch++
    return new MemoryHeld(this.disk, name, task.epoch, this.#weather)
  }

  async changed(seen: number): Promise<number> {
    await this.#weather('changed')
    return seen + 1
  }

  close(): Promise<void> {
    this.alive = false
    return Promise.resolve()
  }
}

class MemoryHeld implements Held {
  readonly task: string
  readonly epoch: number
  readonly checkpoint: Checkpoint
  readonly state: StateReader
  readonly #disk: Disk
  readonly #weather: Weather

  constructor(disk: Disk, task: string, epoch: number, weather: Weather) {
    this.#disk = disk
    this.#weather = weather
    this.task = task
    this.epoch = epoch
    this.checkpoint = disk.task(task).checkpoint
    this.state = readerOf(disk.task(task))
  }

  async begin(): Promise<Transaction> {
    await this.#weather('begin')
    return new MemoryTransaction(this.#disk, this.task, this.epoch, this.#weather, await this.#disk.turn())
  }

  async release(): Promise<void> {
    await this.#weather('release')
    const task = this.#disk.task(this.task)
    if (task.epoch === this.epoch) task.owner = undefined
  }
}

class MemoryTransaction implements Transaction {
  readonly #disk: Disk
  readonly #task: string
  readonly #epoch: number
  readonly #weather: Weather
  readonly #free: () => void
  readonly #writes: (() => void)[] = []

  constructor(disk: Disk, task: string, epoch: number, weather: Weather, free: () => void) {
    this.#disk = disk
    this.#task = task
    this.#epoch = epoch
    this.#weather = weather
    this.#free = free
  }

  async fence(): Promise<void> {
    await this.#weather('fence')
    if (this.#disk.task(this.#task).epoch !== this.#epoch) throw new Fenced(`${this.#task} has another owner`)
  }
  async append(records: readonly Outgoing[]): Promise<void> {
    await this.#weather('outputs')
    this.#writes.push(() => this.#disk.append(records))
  }
  async change(state: readonly StateChange[]): Promise<void> {
    await this.#weather('state')
    this.#writes.push(() => state.forEach(change => write(this.#disk.task(this.#task), change)))
  }
  async setAlarms(alarms: readonly AlarmChange[]): Promise<void> {
    await this.#weather('alarms')
    this.#writes.push(() => {
      const { alarms: kept } = this.#disk.task(this.#task)
      for (const { key, at } of alarms)
        if (at === null) kept.delete(key)
        else kept.set(key, at)
    })
  }
  async checkpoint(checkpoint: Checkpoint): Promise<void> {
    await this.#weather('checkpoint')
    this.#writes.push(() => (this.#disk.task(this.#task).checkpoint = checkpoint))
  }
  async commit(): Promise<void> {
    await this.#weather('commit')
    for (const write of this.#writes.splice(0)) write()
    await this.#weather('commit answered')
    this.#free()
  }
  abort(): Promise<void> {
    this.#writes.length = 0
    this.#free()
    return Promise.resolve()
  }
}

function write(task: TaskState, { key, list, at, id, dense, bytes }: StateChange): void {
  if (dense) {
    let blocks = task.dense.get(`${key} ${list}`)
    if (!blocks) task.dense.set(`${key} ${list}`, (blocks = new Map<number, Uint8Array>()))
    if (bytes) blocks.set(at, bytes)
    else blocks.delete(at)
    return
  }
  let rows = task.plain.get(key)
  if (!rows) task.plain.set(key, (rows = new Map<string, StateRow>()))
  if (bytes) rows.set(`${list} ${at} ${id}`, { list, at, id, bytes })
  else rows.delete(`${list} ${at} ${id}`)
}

const readerOf = (task: TaskState): StateReader => ({
  load: key => [...(task.plain.get(key)?.values() ?? [])],
  block: (key, list, block) => task.dense.get(`${key} ${list}`)?.get(block),
  nextBlock: (key, list, block, direction) => {
    const blocks = task.dense.get(`${key} ${list}`) ?? new Map<number, Uint8Array>()
    const starts = [...blocks.keys()].filter(start => (start - block) * direction > 0)
    if (starts.length === 0) return undefined
    const start = direction > 0 ? Math.min(...starts) : Math.max(...starts)
    return { start, bytes: blocks.get(start) ?? new Uint8Array() }
  },
  alarms: (until, limit): Alarm[] =>
    [...task.alarms]
      .map(([key, at]) => ({ key, at }))
      .filter(({ at }) => at <= until)
      .sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1))
      .slice(0, limit),
})
