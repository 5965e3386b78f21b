/**
 * What the tasks of a processor know, moved to the tasks of the partitions that their keys have now. They begin at the
 * end of everything: all that has been copied was heard before.
 */
import { clockTicks } from '../../schemas/topics.ts'
import {
  type AlarmChange,
  type Checkpoint,
  type Counters,
  type Held,
  NOTHING_YET,
  place,
  type StateChange,
} from '../../streams/log/log.ts'
import { partitionOf } from '../../streams/partition.ts'
import type { AnyProcessor } from '../../streams/processor.ts'
import type { Instant } from '../../streams/time.ts'
import { tasksOf } from '../../streams/topology.ts'
import { each } from '../backup/files.ts'
import type { OurLog } from '../open-log.ts'
import { MigrationRefused } from './refused.ts'
import { StateTally } from './tally.ts'

interface Logs {
  readonly source: OurLog
  readonly target: OurLog
}
/** What a task was given. */
export interface Kept {
  readonly task: string
  readonly tally: StateTally
  readonly checkpoint: Checkpoint
}

/** Of one commit. */
const ROWS = 8_000
/** Of what all tasks of a processor hold until it is committed. */
const BYTES = 32 << 20

/** Move one processor's state and offsets. Resolves to what its tasks have been given. */
export async function copyProcessor(processor: AnyProcessor, { source, target }: Logs): Promise<Kept[]> {
  const [was, is] = [tasksOf(processor, source.partitionsOf), tasksOf(processor, target.partitionsOf)]
  const checkpoints = await Promise.all(was.map(async task => (await source.checkpointOf(task)) ?? NOTHING_YET))
  const moved = await each(is, task => Moving.of(target, task, BYTES / is.length))
  try {
    for (const [partition, task] of was.entries()) {
      const state = await source.stateOf(task)
      const to = (key: string) => {
        if (partitionOf(key, was.length) !== partition)
          throw new MigrationRefused(
            `${task} keeps ${key}, which belongs to another partition: its records came by another partitioner`,
          )
        return moved[partitionOf(key, is.length)] as Moving
      }
      for (const row of state.rows()) if (to(row.key).row(row)) await to(row.key).flush()
      for (const alarm of state.alarms()) if (to(alarm.key).alarm(alarm)) await to(alarm.key).flush()
    }
    const clock = await target.bounds(clockTicks.name, 0)
    return await each([...moved.entries()], async ([partition, task]) => {
      const inputs = await endsOf(
        target,
        [...processor.handlers.keys()].map(topic => ({ topic, partition })),
      )
      return task.finish({
        offsets: { ...inputs, [place(clockTicks.name, 0)]: clock.end },
        tick: Math.max(0, ...checkpoints.map(({ tick }) => tick)) as Instant,
        // Which task of a processor has counted what is nobody's concern: it is their sum that is told.
        counters: sumOf(checkpoints.flatMap(({ counters }, n) => (n % is.length === partition ? [counters] : []))),
        intent: null,
      })
    })
  } finally {
    await each(moved, task => task.release())
  }
}

/** A sink's one task, at the end of its topic. */
export async function copySink(sink: { name: string; reads: string }, { source, target }: Logs): Promise<Kept[]> {
  const { tick, counters } = (await source.checkpointOf(sink.name)) ?? NOTHING_YET
  const count = target.partitionsOf(sink.reads)
  const places = Array.from({ length: count }, (_, partition) => ({ topic: sink.reads, partition }))
  const task = await Moving.of(target, sink.name, BYTES)
  try {
    return [await task.finish({ offsets: await endsOf(target, places), tick, counters, intent: null })]
  } finally {
    await task.release()
  }
}

async function endsOf(log: OurLog, places: readonly { topic: string; partition: number }[]) {
  const bounds = await Promise.all(places.map(({ topic, partition }) => log.bounds(topic, partition)))
  return Object.fromEntries(places.map(({ topic, partition }, n) => [place(topic, partition), bounds[n]?.end ?? 0]))
}

/** A task that is being filled. */
class Moving {
  readonly #tally = new StateTally()
  readonly #held: Held
  readonly #mostBytes: number
  #rows: StateChange[] = []
  #alarms: AlarmChange[] = []
  #bytes = 0

  private constructor(held: Held, mostBytes: number) {
    this.#held = held
    this.#mostBytes = mostBytes
  }

  /** What an attempt that was broken off has left goes first: the other log may have gone on since. */
  static async of(target: OurLog, task: string, mostBytes: number): Promise<Moving> {
    const moving = new Moving(await target.claim(task), mostBytes)
    for (let left = true; left;) {
      const { rows, alarms } = await target.stateOf(task)
      moving.#rows = first(rows()).map(row => ({ ...row, bytes: null }))
      moving.#alarms = first(alarms()).map(({ key }) => ({ key, at: null }))
      left = moving.#rows.length + moving.#alarms.length > 0
      if (left) await moving.flush()
    }
    return moving
  }

  /** True: it is enough for a commit. */
  row(row: StateChange): boolean {
    this.#tally.addRow(row)
    this.#bytes += row.bytes?.length ?? 0
    return this.#rows.push(row) >= ROWS || this.#bytes >= this.#mostBytes
  }
  alarm(alarm: AlarmChange & { readonly at: Instant }): boolean {
    this.#tally.addAlarm(alarm)
    return this.#alarms.push(alarm) >= ROWS
  }

  /** The task is as it has to be. */
  async finish(checkpoint: Checkpoint): Promise<Kept> {
    await this.flush(checkpoint)
    return { task: this.#held.task, tally: this.#tally, checkpoint }
  }

  async flush(checkpoint?: Checkpoint): Promise<void> {
    const [rows, alarms] = [this.#rows, this.#alarms]
    this.#rows = []
    this.#alarms = []
    this.#bytes = 0
    const tx = await this.#held.begin()
    try {
      await tx.fence()
      await tx.change(rows)
      await tx.setAlarms(alarms)
      if (checkpoint) await tx.checkpoint(checkpoint)
      await tx.commit()
    } catch (error) {
      await tx.abort()
      throw error
    }
  }

  async release(): Promise<void> {
    await this.#held.release().catch(() => undefined)
  }
}

function first<T>(all: Iterable<T>): T[] {
  const some: T[] = []
  for (const one of all) if (some.push(one) >= ROWS) break
  return some
}

const sumOf = (all: readonly Counters[]): Counters => {
  const dropped: Record<string, number> = {}
  for (const counters of all)
    for (const [reason, n] of Object.entries(counters.dropped)) dropped[reason] = (dropped[reason] ?? 0) + n
  const sum = (of: 'in' | 'out' | 'deadLetters') => all.reduce((n, counters) => n + counters[of], 0)
  return { in: sum('in'), out: sum('out'), deadLetters: sum('deadLetters'), dropped }
}
