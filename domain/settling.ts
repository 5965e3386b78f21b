/** When what was heard may be concluded from: once all that came of the same deliveries has been heard too. */
import { type Instant, later, minutes, seconds } from '../streams/time.ts'

/** From the moment at which a delivery is received until it lies in the log, at the most. */
const TAKING_IN_MS = seconds(1)
/** A clock that is further behind than this is followed all the same. */
const BEHIND_MS = minutes(10)

/**
 * The time that the clock must have passed: it is heard only after everything that lay before it (decision 0004).
 * `tick`: how late it is known to be; with `receivedAt` far ahead of it, ten minutes later.
 */
const concludedAt = (receivedAt: Instant, tick: Instant): Instant =>
  Math.min(Math.max(later(receivedAt, TAKING_IN_MS), later(tick, 1)), later(tick, BEHIND_MS)) as Instant

/** What a processor remembers of a key that concludes so. */
export interface Pending {
  /** When what was heard since is considered; absent: it has been. */
  readonly concludesAt?: Instant | undefined
}

/** What comes of something heard: to be woken, unless that was asked for already. */
export function awaiting<H extends Pending>(
  head: H,
  receivedAt: Instant,
  tick: Instant,
): { head: H; wakeAt?: Instant } {
  if (head.concludesAt !== undefined) return { head }
  const concludesAt = concludedAt(receivedAt, tick)
  return { head: { ...head, concludesAt }, wakeAt: concludesAt }
}
