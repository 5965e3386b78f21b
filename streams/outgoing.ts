import { type Envelope, eventIdOf, type Wire } from './event.ts'
import type { Outgoing, Partitions } from './log/log.ts'
import { partitionOf } from './partition.ts'
import type { Instant } from './time.ts'
import type { AnyTopic, Occurred } from './topic.ts'

/** Who says something, and when it reached us. */
export interface Said extends Omit<Envelope, 'eventId'> {
  /** The source's own id of it; without one its content is its identity. */
  readonly sourceId?: string
  /** eventId of what set it off; null from outside. */
  readonly cause: string | null
}

/** Make the record of a value: its id, its partition and its bytes. `speaker` is who the id is made for: the source, or the processor that derived it. */
export function outgoing(
  wire: Wire,
  partitionsOf: Partitions,
  topic: AnyTopic,
  value: Occurred,
  said: Said,
  speaker: string = said.source,
): Outgoing & { readonly eventId: string } {
  const payload = topic.codec.encode(value)
  const { source, emittedAt, receivedAt, sourceId, cause } = said
  const eventId = eventIdOf(
    speaker,
    topic.name,
    sourceId === undefined ? { content: wire.contentOf(payload) } : { sourceId },
  )
  const key = topic.keyOf(value)
  return {
    eventId,
    topic: topic.name,
    partition: partitionOf(key, partitionsOf(topic.name)),
    key,
    value: wire.seal(topic, { eventId, source, emittedAt, receivedAt: receivedAt satisfies Instant }, payload),
    cause,
  }
}
