import type { Event } from './event.ts'
import type { Millis } from './time.ts'
import type { AnyTopic, Topic } from './topic.ts'

export interface Batch<V> {
  /** The same records of the same log always come with the same token, and no others do. */
  readonly token: string
  readonly events: readonly Event<V>[]
}

/**
 * Where records leave the pipeline. Writing the same batch twice must leave the outside world as if it had been
 * written once: the engine repeats a batch after a crash, and commits its offsets only once `write` has returned.
 * `write` throws `Unavailable`, `Unwritable`, or an error that is a bug.
 */
export interface Sink<V> {
  readonly name: string
  readonly reads: Topic<string, V>
  write(batch: Batch<V>): Promise<void>
}
/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a pipeline mixes sinks of every topic */
export type AnySink = Omit<Sink<any>, 'reads'> & { readonly reads: AnyTopic }

/** The far side is down or asks to slow down: the sink pauses for `retryAfter` milliseconds and the same batch comes again. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  readonly retryAfter: Millis
  constructor(message: string, retryAfter: Millis, options?: ErrorOptions) {
    super(message, options)
    this.retryAfter = retryAfter
  }
}

/** This one record can never be written: it goes to the dead letters, and the rest of the batch comes again. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable'
  readonly eventId: string
  constructor(message: string, eventId: string, options?: ErrorOptions) {
    super(message, options)
    this.eventId = eventId
  }
}
