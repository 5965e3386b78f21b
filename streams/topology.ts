import { taskName } from './task.ts'
import type { Partitions } from './log/log.ts'
import type { AnyProcessor } from './processor.ts'

/** The processors whose outputs a processor reads. */
const upstreamOf = (processors: readonly AnyProcessor[], reader: AnyProcessor): AnyProcessor[] =>
  processors.filter(writer => writer !== reader && writer.emits.some(({ name }) => reader.handlers.has(name)))

/** A processor has as many tasks as the topics it reads have partitions. Throws if they differ: keys would not meet. */
export function partitionsOfProcessor(processor: AnyProcessor, partitionsOf: Partitions): number {
  const counts = new Set([...processor.handlers.keys()].map(partitionsOf))
  const [count, ...others] = counts
  if (count === undefined || others.length > 0)
    throw new Error(
      `${processor.name} reads topics of ${[...counts].join(', ')} partitions: they must have equally many`,
    )
  return count
}

export const tasksOf = (processor: AnyProcessor, partitionsOf: Partitions): string[] =>
  Array.from({ length: partitionsOfProcessor(processor, partitionsOf) }, (_, partition) =>
    taskName(processor.name, partition),
  )

/** The tasks whose ticks the tasks of a processor wait for. */
export const upstreamTasks = (
  processors: readonly AnyProcessor[],
  reader: AnyProcessor,
  partitionsOf: Partitions,
): string[] => upstreamOf(processors, reader).flatMap(writer => tasksOf(writer, partitionsOf))
