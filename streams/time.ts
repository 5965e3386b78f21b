declare const eventTime: unique symbol

/** A moment: milliseconds since the epoch, UTC. Never `Date`; which clock it is of, its name says. */
export type Instant = number & { readonly [eventTime]: true }
export type Millis = number

export const later = (t: Instant, by: Millis): Instant => (t + by) as Instant
export const seconds = (n: number): Millis => n * 1_000
export const minutes = (n: number): Millis => n * 60_000
export const hours = (n: number): Millis => n * 3_600_000
export const days = (n: number): Millis => n * 86_400_000

/** Before everything. */
export const NEVER_YET = 0 as Instant
