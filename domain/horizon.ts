/** How long the evidence of a thing is kept, and what is said of what comes after. */
import type { Late } from '../schemas/generated/events.ts'
import type { Event } from '../streams/event.ts'
import type { AnyList, Evidence, Row } from '../streams/evidence.ts'
import { days, type Instant, later, type Millis, NEVER_YET } from '../streams/time.ts'
import type { Topic } from '../streams/topic.ts'

/** After a shipment is closed. */
export const SHIPMENT_KEPT_MS = days(30)
/** A partner's event after it was last changed: it may be corrected so long. */
export const PARTNER_EVENT_KEPT_MS = days(90)
/** An event under one of its references: so long it waits for its shipment. Longer than it may be corrected. */
export const CLAIM_KEPT_MS = days(120)

/** What a processor remembers of a key to know how long to keep the rest; all that is left of it afterwards. */
export interface Retention {
  /** The last day on which something was heard of it: its end, by the clock of Milepost. */
  readonly heardBy: Instant
  readonly letGo: boolean
}

const DAY_MS = days(1)
export const endOfDay = (at: Instant): Instant => (Math.floor(at / DAY_MS + 1) * DAY_MS) as Instant

export const NOTHING_HEARD: Retention = { heardBy: NEVER_YET, letGo: false }

/** The same value, unless something was heard on a later day than ever before. */
export function heardOn<R extends Retention>(retention: R, receivedAt: Instant): R {
  const heardBy = endOfDay(receivedAt)
  return heardBy > retention.heardBy ? { ...retention, heardBy } : retention
}

/**
 * When evidence is let go: so long after the thing ended, or after the last day on which something was heard of it,
 * if that is later: history that is brought in years afterwards can still be corrected for a while.
 */
export const letGoAt = (ended: Instant, heardBy: Instant, keptMs: Millis): Instant =>
  later(Math.max(ended, heardBy) as Instant, keptMs)

/** The end of a thing that has no plan yet: what it knows may have waited under a reference for as long as that may be. */
export const unplannedEnd = (heardBy: Instant): Instant => later(heardBy, CLAIM_KEPT_MS)

/** What is said of an event that comes after its horizon: it is recorded, and changes nothing. */
export const lateRecord = <V>(
  processor: string,
  topic: Topic<string, V>,
  { occurredAt, eventId, value }: Event<V>,
): Late => ({
  occurredAt,
  processor,
  topic: topic.name,
  key: topic.keyOf(value),
  ofEventId: eventId,
  reason: 'its evidence was let go',
})

/** Every row of these lists, to be removed. */
export const everyRow = (kept: Evidence, lists: readonly AnyList[]): Row[] =>
  lists.flatMap(list => kept.between<unknown>(list, NEVER_YET, Infinity as Instant))
