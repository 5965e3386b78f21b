/**
 * The topology test driver: the real engine over a log in memory, without a clock. Time moves only by `tick`. A
 * restart has nothing but what was committed: a test that passes here can't be holding what a disk could not.
 */
import type { Event, Wire } from './event.ts'
import { Disk, MemoryLog } from './log/memory.ts'
import { place } from './log/log.ts'
import { outgoing, type Said } from './outgoing.ts'
import type { AnyProcessor } from './processor.ts'
import { type Engine, type Letter, Task } from './task.ts'
import type { Instant } from './time.ts'
import { partitionsOfProcessor, upstreamTasks } from './topology.ts'
import type { AnyTopic, Emission, Topic } from './topic.ts'

/** A record from outside. Its envelope's `receivedAt` is the tick unless its origin says otherwise. */
export interface Delivery extends Emission<string> {
  readonly sourceId?: string
}

export interface Driver {
  /** Deliver records and run everything that each sets off. */
  feed(...deliveries: readonly Delivery[]): Promise<void>
  /** Deliver all of them before anything runs: they are read in batches. */
  feedTogether(...deliveries: readonly Delivery[]): Promise<void>
  /** It is now so late: every task hears it, also the idle ones. Time does not go back. */
  tick(at: Instant): Promise<void>
  /** Stop and start again from what was committed, as a deploy or a rebalance would. */
  restart(): Promise<void>
  /** Everything written to a topic: in order within each partition. */
  written<V>(topic: Topic<string, V>): Event<V>[]
  /** How often a processor dropped for a reason: `processor: reason`. */
  drops(): Record<string, number>
  readonly disk: Disk
}

export interface DriveOptions {
  readonly wire: Wire
  readonly clock: AnyTopic
  readonly deadLetter: (letter: Letter) => Emission<string>
  readonly partitions?: number
  /** Records a batch. */
  readonly batch?: number
  readonly liveRows?: number
}

export async function drive(processors: readonly AnyProcessor[], options: DriveOptions): Promise<Driver> {
  const { wire, clock, deadLetter, partitions = 1, batch = 100, liveRows = 10_000 } = options
  const disk = new Disk(topic => (topic === clock.name ? 1 : partitions))
  let now = 0 as Instant
  let tasks = await claimAll()

  async function claimAll(): Promise<Task[]> {
    const log = new MemoryLog(disk)
    const engine: Engine = { log, wire, clock, deadLetter, batch: { records: batch, bytes: 1_000_000 }, liveRows }
    const claimed: Task[] = []
    for (const processor of processors)
      for (let partition = 0; partition < partitionsOfProcessor(processor, log.partitionsOf); partition++)
        claimed.push(
          await Task.claim(engine, processor, partition, upstreamTasks(processors, processor, log.partitionsOf)),
        )
    return claimed
  }

  /** Until nobody has anything left to do. */
  async function settle(): Promise<void> {
    for (let busy = true; busy;) {
      busy = false
      for (const task of tasks) while (await task.step()) busy = true
    }
  }

  function append({ topic, value, origin, sourceId }: Delivery): void {
    const said: Said = {
      source: 'test',
      emittedAt: null,
      receivedAt: now,
      cause: null,
      ...origin,
      ...(sourceId === undefined ? {} : { sourceId }),
    }
    disk.append([outgoing(wire, disk.partitionsOf, topic as AnyTopic, value, said)])
  }

  return {
    disk,
    feed: async (...deliveries) => {
      for (const delivery of deliveries) {
        append(delivery)
        await settle()
      }
    },
    feedTogether: async (...deliveries) => {
      for (const delivery of deliveries) append(delivery)
      await settle()
    },
    tick: async at => {
      if (at <= now) return
      now = at
      append({ topic: clock as Topic<string, never>, value: { occurredAt: at }, origin: {} })
      await settle()
    },
    restart: async () => {
      for (const { owner } of disk.tasks.values()) await owner?.close()
      tasks = await claimAll()
    },
    written: topic =>
      Array.from(
        { length: disk.partitionsOf(topic.name) },
        (_, partition) => disk.records.get(place(topic.name, partition)) ?? [],
      )
        .flat()
        .map(record => wire.open(topic, record.value, record.cause)),
    drops: () => {
      const drops: Record<string, number> = {}
      for (const { processor, checkpoint } of tasks)
        for (const [reason, n] of Object.entries(checkpoint.counters.dropped))
          drops[`${processor.name}: ${reason}`] = (drops[`${processor.name}: ${reason}`] ?? 0) + n
      return drops
    },
  }
}
