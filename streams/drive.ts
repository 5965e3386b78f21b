/**
 * The topology test driver: the real engine, without a clock. Time moves only by `tick`. It runs over a log in memory, or
 * over any other; a restart has nothing but what was committed: a test that passes in memory can't be holding what a disk
 * could not.
 */
import type { Event, Wire } from './event.ts'
import { Disk, MemoryLog } from './log/memory.ts'
import { type Log, place, type Recorded } from './log/log.ts'
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
}

export interface DriveOptions {
  readonly wire: Wire
  readonly clock: AnyTopic
  readonly deadLetter: (letter: Letter) => Emission<string>
  /** Records a batch. */
  readonly batch?: number
  readonly liveRows?: number
}

/** What a driver stands on: a log that outlives the process which has it open. */
export interface Ground {
  /** The log as a new process opens it; whoever had it open is gone. */
  open(): Promise<Log>
  /** Resolves when none of the tasks has anything left to do. */
  settle(tasks: readonly Task[]): Promise<void>
  /** Everything that was in a topic when all was last settled: in order within each partition. */
  recorded(topic: string): readonly Recorded[]
}

class Memory implements Ground {
  readonly disk: Disk
  #log: MemoryLog | undefined

  constructor(disk: Disk) {
    this.disk = disk
  }
  async open(): Promise<Log> {
    await this.#log?.close()
    return (this.#log = new MemoryLog(this.disk))
  }
  async settle(tasks: readonly Task[]): Promise<void> {
    for (let busy = true; busy;) {
      busy = false
      for (const task of tasks) while (await task.step()) busy = true
    }
  }
  recorded(topic: string): readonly Recorded[] {
    const partitions = Array.from({ length: this.disk.partitionsOf(topic) }, (_, n) => place(topic, n))
    return partitions.flatMap(at => this.disk.records.get(at) ?? [])
  }
}

/** Over a log in memory, of topics of so many partitions, where everything runs in the same order each time. */
export async function drive(
  processors: readonly AnyProcessor[],
  { partitions = 1, ...options }: DriveOptions & { readonly partitions?: number },
): Promise<Driver & { readonly disk: Disk }> {
  const disk = new Disk(topic => (topic === options.clock.name ? 1 : partitions))
  return { ...(await driveOn(new Memory(disk), processors, options)), disk }
}

/** Over a log of any kind, of which nobody else runs tasks. */
export async function driveOn(
  ground: Ground,
  processors: readonly AnyProcessor[],
  { wire, clock, deadLetter, batch = 100, liveRows = 10_000 }: DriveOptions,
): Promise<Driver> {
  let now = 0 as Instant
  let log = await ground.open()
  let tasks = await claimAll()

  function claimAll(): Promise<Task[]> {
    const engine: Engine = { log, wire, clock, deadLetter, batch: { records: batch, bytes: 1_000_000 }, liveRows }
    const { partitionsOf } = log
    const claims = processors.flatMap(processor => {
      const upstream = upstreamTasks(processors, processor, partitionsOf)
      return Array.from({ length: partitionsOfProcessor(processor, partitionsOf) }, (_, partition) =>
        Task.claim(engine, processor, partition, upstream),
      )
    })
    return Promise.all(claims)
  }

  async function append(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length > 0) await log.append(deliveries.map(recordOf))
  }

  function recordOf({ topic, value, origin, sourceId }: Delivery) {
    const said: Said = {
      source: 'test',
      emittedAt: null,
      receivedAt: now,
      cause: null,
      ...origin,
      ...(sourceId === undefined ? {} : { sourceId }),
    }
    return outgoing(wire, log.partitionsOf, topic as AnyTopic, value, said)
  }

  return {
    feed: async (...deliveries) => {
      for (const delivery of deliveries) {
        await append([delivery])
        await ground.settle(tasks)
      }
    },
    feedTogether: async (...deliveries) => {
      await append(deliveries)
      await ground.settle(tasks)
    },
    tick: async at => {
      if (at <= now) return
      now = at
      await append([{ topic: clock as Topic<string, never>, value: { occurredAt: at }, origin: {} }])
      await ground.settle(tasks)
    },
    restart: async () => {
      log = await ground.open()
      tasks = await claimAll()
    },
    written: topic => ground.recorded(topic.name).map(({ value, cause }) => wire.open(topic, value, cause)),
    drops: () => {
      const drops: Record<string, number> = {}
      for (const { processor, checkpoint } of tasks)
        for (const [reason, n] of Object.entries(checkpoint.counters.dropped))
          drops[`${processor.name}: ${reason}`] = (drops[`${processor.name}: ${reason}`] ?? 0) + n
      return drops
    },
  }
}
