import type { Instant } from '../streams/time.ts'
import type { Occurred, Topic } from '../streams/topic.ts'

/** What came in, untouched. Adapters are pure: they read no clock; when it was received is stamped by the receiver. */
export interface Delivery {
  /** As sent, a content coding undone. */
  readonly body: Buffer
  /** The media type in lower case, without parameters; empty if none was named. */
  readonly contentType: string
  /** Which thing the address names: the shipment, the partner; empty where it names none. */
  readonly about: string
  /** When the source sent it, by its own clock, where it says so. */
  readonly emittedAt: Instant | null
  /** A record may say itself when it was received. Only where time is the time of events; else that field is unknown. */
  readonly mayTellReceivedAt: boolean
}

/** Something that was not understood, and where in the payload, as a JSON path. */
export interface Fault {
  readonly reason: string
  readonly at: string
}

export interface Refusal extends Fault {
  /** Which record of the delivery; null: the whole of it. */
  readonly index: number | null
  /** What else is wrong with it. */
  readonly also?: readonly Fault[]
  /** What came: a line or the body as sent; an element of a larger document as JSON. */
  readonly raw: Uint8Array
}

export interface Accepted<V> {
  readonly value: V
  /** When it was received, where the record says so itself. */
  readonly receivedAt: Instant | null
  /** It has happened, so it cannot be earlier than `occurredAt` now. Not so of a time that is planned or estimated. */
  readonly hasHappened: boolean
}

/** Record by record: one that is not understood holds up no other. */
export interface Translation<V> {
  readonly accepted: readonly Accepted<V>[]
  readonly refused: readonly Refusal[]
  /** `unreadable`: not in the format at all; `too many`: more records than MAX_RECORDS. Either way nothing is accepted. */
  readonly failure?: 'unreadable' | 'too many'
}

/** One adapter a file. `translate` answers whatever bytes it is given; it throws at none. */
export interface Adapter<V extends Occurred> {
  readonly name: string
  readonly writes: Topic<string, V>
  /** Whom the ids are made for, where it is the same fact whichever caller sends it; else each source speaks for itself. */
  readonly speaker?: string
  /** Its sources speak unasked, and all the time: that one is silent means something. */
  readonly isFeed?: true
  translate(delivery: Delivery): Translation<V>
}

/** Of one delivery: what the event loop is kept busy with at a time stays bounded. */
export const MAX_RECORDS = 10_000

/** A reason is for people and names no more of the payload than it must. */
export const MAX_REASON_CHARS = 300

/** The JSON path of a member: `$.stops` and 0, then `name` → `$.stops[0].name`. */
export const inside = (path: string, key: PropertyKey): string =>
  typeof key === 'number'
    ? `${path}[${key}]`
    : /^[A-Za-z_]\w{0,63}$/.test(String(key))
      ? `${path}.${String(key)}`
      : `${path}[${JSON.stringify(String(key).slice(0, 64))}]`

export const refuseAll = <V>(body: Buffer, fault: Fault, failure?: 'unreadable' | 'too many'): Translation<V> => ({
  accepted: [],
  refused: [{ ...fault, index: null, raw: body }],
  ...(failure && { failure }),
})

/** An element of a document that was read as a whole, as bytes again. */
export const asBytes = (element: unknown): Uint8Array => Buffer.from(JSON.stringify(element))
