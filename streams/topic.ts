import type { Instant } from './time.ts'

/** Bytes for a value and back. `encode` returns bytes that the caller may keep. */
export interface Codec<V> {
  encode(value: V): Uint8Array
  decode(bytes: Uint8Array): V
}

/** What the value of every record has: when it happened, by the clock of the one who saw it. */
export interface Occurred {
  readonly occurredAt: Instant
}

/**
 * A topic knows the key and the identity of its own records, so that no call site can get them wrong. Two records
 * with one identity are two versions of one fact. The name is a literal type: it lets the compiler tell topics apart.
 */
export interface Topic<Name extends string, V> {
  readonly name: Name
  readonly codec: Codec<V>
  keyOf(value: V): string
  identityOf(value: V): string
}

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a topology mixes topics of every value */
export type AnyTopic = Topic<string, any>

/** Where a derived record does not take its envelope from what caused it. */
export interface Origin {
  readonly source?: string
  readonly emittedAt?: Instant | null
  readonly receivedAt?: Instant
}

/** A value on its way to a topic. */
export interface Emission<Name extends string> {
  readonly topic: Topic<Name, never>
  readonly value: Occurred
  readonly origin: Origin
}

export const emit = <Name extends string, V extends Occurred>(
  topic: Topic<Name, V>,
  value: V,
  origin: Origin = {},
): Emission<Name> => ({ topic: topic as unknown as Topic<Name, never>, value, origin })
