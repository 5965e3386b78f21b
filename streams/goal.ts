import type { Wire } from './event.ts'
import { type Checkpoint, type Log, place } from './log/log.ts'
import type { Instant } from './time.ts'
import type { AnyTopic } from './topic.ts'

/** A tick that a task is about to hear, and what it reads before: all that its inputs held when the tick was found. */
export interface Goal {
  readonly tick: Instant
  readonly clockOffset: number
  /** By `topic/partition`. */
  readonly ends: ReadonlyMap<string, number>
}

export interface GoalNeeds {
  readonly log: Log
  readonly wire: Wire
  readonly clock: AnyTopic
}
export interface Listener {
  /** Its inputs. */
  readonly topics: readonly string[]
  readonly partition: number
  /** The tasks whose ticks this one waits for. */
  readonly upstream: readonly string[]
  readonly checkpoint: Checkpoint
}

/** The last tick that all tasks upstream have heard, with what has to be read before it rings here. */
export async function nextGoal(
  { log, clock, wire }: GoalNeeds,
  { topics, partition, upstream, checkpoint }: Listener,
): Promise<Goal | undefined> {
  const clockPlace = place(clock.name, 0)
  const from = checkpoint.offsets[clockPlace] ?? 0
  let { end: until } = await log.bounds(clock.name, 0)
  if (until <= from) return undefined
  for (const task of upstream) until = Math.min(until, (await log.checkpointOf(task))?.offsets[clockPlace] ?? 0)
  if (until <= from) return undefined
  const [last] = await log.read(clock.name, 0, until - 1, { records: 1, bytes: 1 })
  if (!last) return undefined
  const { occurredAt } = wire.open(clock, last.value, last.cause)
  const ends = new Map<string, number>()
  const held = await Promise.all(topics.map(topic => log.bounds(topic, partition)))
  for (const [n, topic] of topics.entries()) ends.set(place(topic, partition), held[n]?.end ?? 0)
  return { tick: Math.max(occurredAt, checkpoint.tick) as Instant, clockOffset: until, ends }
}

/** `positions`: how far each input has been read. */
export function isReached({ ends }: Goal, positions: ReadonlyMap<string, number>): boolean {
  for (const [at, end] of ends) if ((positions.get(at) ?? 0) < end) return false
  return true
}
