/**
 * What the tasks of a processor know, moved to the tasks of the partitions that their keys have now. They begin at the
 * end of everything: all that has been copied was heard before.
 */
import { clockTicks } from '../../schemas/topics.ts'
import { type Counters, type Log, NOTHING_YET, place } from '../../streams/log/log.ts'
import { partitionOf } from '../../streams/partition.ts'
import type { AnyProcessor } from '../../streams/processor.ts'
import type { Instant } from '../../streams/time.ts'
import { each } from '../../streams/together.ts'
import { tasksOf } from '../../streams/topology.ts'
import { type Kept, TaskFilling } from '../copy/task-filling.ts'
import type { OurLog } from '../open-log.ts'
import { MigrationRefused } from './refused.ts'

interface Logs {
  readonly source: OurLog
  readonly target: OurLog
}
/** Of what all tasks of a processor hold until it is committed. */
const BYTES = 32 << 20

/** Move one processor's state and offsets. Resolves to what its tasks have been given. */
export async function copyProcessor(processor: AnyProcessor, { source, target }: Logs): Promise<Kept[]> {
  const [was, is] = [tasksOf(processor, source.partitionsOf), tasksOf(processor, target.partitionsOf)]
  const checkpoints = await Promise.all(was.map(async task => (await source.checkpointOf(task)) ?? NOTHING_YET))
  const moved = await each(is, task => TaskFilling.of(target, task, BYTES / is.length))
  try {
    for (const [partition, task] of was.entries()) {
      const state = await source.stateOf(task)
      const to = (key: string) => {
        if (partitionOf(key, was.length) !== partition)
          throw new MigrationRefused(
            `${task} keeps ${key}, which belongs to another partition: its records came by another partitioner`,
          )
        return moved[partitionOf(key, is.length)] as TaskFilling
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
  const task = await TaskFilling.of(target, sink.name, BYTES)
  try {
    return [await task.finish({ offsets: await endsOf(target, places), tick, counters, intent: null })]
  } finally {
    await task.release()
  }
}

async function endsOf(log: Log, places: readonly { topic: string; partition: number }[]) {
  const bounds = await Promise.all(places.map(({ topic, partition }) => log.bounds(topic, partition)))
  return Object.fromEntries(places.map(({ topic, partition }, n) => [place(topic, partition), bounds[n]?.end ?? 0]))
}

const sumOf = (all: readonly Counters[]): Counters => {
  const dropped: Record<string, number> = {}
  for (const counters of all)
    for (const [reason, n] of Object.entries(counters.dropped)) dropped[reason] = (dropped[reason] ?? 0) + n
  const sum = (of: 'in' | 'out' | 'deadLetters') => all.reduce((n, counters) => n + counters[of], 0)
  return { in: sum('in'), out: sum('out'), deadLetters: sum('deadLetters'), dropped }
}
