import { hash } from 'node:crypto'
import type { Instant } from './time.ts'
import type { AnyTopic } from './topic.ts'

/** What a record says of itself, whatever its topic. The id says what was said and who said it: never where it was stored. */
export interface Envelope {
  /** 128 bits in lower-case hex. */
  readonly eventId: string
  readonly source: string
  readonly emittedAt: Instant | null
  readonly receivedAt: Instant
}

/** A record as every handler sees it. */
export interface Event<V> extends Envelope {
  readonly occurredAt: Instant
  /** eventId of the event that set this one off; null where it came from outside. */
  readonly cause: string | null
  readonly value: V
}

/**
 * How records look in a log: framing and schema evolution are the business of whoever supplies this.
 * `open` throws on bytes that it can't read.
 */
export interface Wire {
  /** What of a payload's bytes says what was said: all but marks of how it is written, such as a schema's id. */
  contentOf(payload: Uint8Array): Uint8Array
  seal(topic: AnyTopic, envelope: Envelope, payload: Uint8Array): Uint8Array
  open(topic: AnyTopic, bytes: Uint8Array, cause: string | null): Event<never>
}

const SEPARATOR = '\u0000'

/** 128 bits of SHA-256, in hex. The same parts give the same id on every machine, in every run. */
export const digest = (...parts: readonly (string | number)[]): string =>
  hash('sha256', parts.join(SEPARATOR), 'hex').slice(0, 32)

/** The id of what `source` said: over the source's own id of it where it has one, else over the content (the bytes of the codec). */
export function eventIdOf(source: string, topic: string, said: { sourceId: string } | { content: Uint8Array }): string {
  if ('sourceId' in said) return digest(source, topic, 'id', said.sourceId)
  const about = Buffer.from(`${source}${SEPARATOR}${topic}${SEPARATOR}content${SEPARATOR}`)
  return hash('sha256', Buffer.concat([about, said.content]), 'hex').slice(0, 32)
}
