/** How late an event came, by stage. */
import type { Instant, Millis } from '../streams/time.ts'

export interface Lag {
  /** From happening to being sent, by the source's clock; null where it does not say when it sent. */
  readonly sourceMs: Millis | null
  /** From being sent (else happening) to being received. */
  readonly transferMs: Millis
}

/** Negative where the source's clock is ahead of ours. */
export const lag = (event: {
  readonly occurredAt: Instant
  readonly emittedAt: Instant | null
  readonly receivedAt: Instant
}): Lag => ({
  sourceMs: event.emittedAt === null ? null : event.emittedAt - event.occurredAt,
  transferMs: event.receivedAt - (event.emittedAt ?? event.occurredAt),
})
