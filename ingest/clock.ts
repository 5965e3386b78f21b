/**
 * The clock that deliveries are stamped with and that every task follows (clock.tick.v1). In live mode it is the wall
 * clock. In event mode it is the highest sane `occurredAt` that came in, so that a year of events takes minutes; a
 * time after the wall clock is never sane: one device that believes in 2099 would carry all others there.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { clockTicks } from '../schemas/topics.ts'
import { type Appender, LogUnavailable, type Outgoing, type Partitions } from '../streams/log/log.ts'
import type { Wire } from '../streams/event.ts'
import { outgoing } from '../streams/outgoing.ts'
import { hours, type Instant, later, minutes, NEVER_YET, type Millis, seconds } from '../streams/time.ts'

/** Reads the wall clock. */
export type Wall = () => Instant
export const wallClock: Wall = () => Date.now() as Instant

export interface Stamp {
  readonly receivedAt: Instant
  /** To be appended together with the records; null: the tick hardly moves. */
  readonly tick: Instant | null
  /** How late it will be once the records are in the log. */
  readonly reached: Instant
}

export interface IngestClock {
  readonly mode: 'live' | 'event'
  /** For a delivery whose records happened then. Nothing is remembered before `keep`. */
  stamp(happened: Iterable<Instant>): Stamp
  /** The delivery of this stamp, and with it its tick, is durable. */
  keep(stamp: Stamp): void
}

export const liveClock = (wall: Wall = wallClock): IngestClock => ({
  mode: 'live',
  stamp: () => {
    const now = wall()
    return { receivedAt: now, tick: null, reached: now }
  },
  keep: () => undefined,
})

/** How far a time may lie after the wall clock and still be believed. */
const SANE_AHEAD: Millis = minutes(5)
const GRAIN: Millis = seconds(1)

export interface EventClock extends IngestClock {
  readonly mode: 'event'
  /** How late it is. */
  now(): Instant
  /** For moving the clock to a time by hand, whatever the wall clock says; never back. */
  moveTo(at: Instant): Stamp
}

/** `from` is the last tick in the log. */
export function eventClock(from: Instant = NEVER_YET, wall: Wall = wallClock): EventClock {
  let highest = from
  let ticked = from
  return {
    mode: 'event',
    now: () => highest,
    stamp(happened) {
      const sane = later(wall(), SANE_AHEAD)
      let reached = highest
      for (const at of happened) if (at > reached && at <= sane) reached = at
      return { receivedAt: reached, tick: reached - ticked >= GRAIN ? reached : null, reached }
    },
    keep({ tick, reached }) {
      if (reached > highest) highest = reached
      if (tick !== null && tick > ticked) ticked = tick
    },
    moveTo(at) {
      const reached = at > highest ? at : highest
      return { receivedAt: reached, tick: reached > ticked ? reached : null, reached }
    },
  }
}

export const tickRecord = (wire: Wire, partitionsOf: Partitions, at: Instant): Outgoing =>
  outgoing(
    wire,
    partitionsOf,
    clockTicks,
    { occurredAt: at },
    { source: 'clock', emittedAt: null, receivedAt: at, cause: null },
  )

/** What the wall clock's next tick is after this one: null if it stood still or went back. */
export function nextTick(
  last: Instant,
  now: Instant,
): { readonly tick: Instant; readonly leaptMs: Millis | null } | null {
  if (now <= last) return null
  const leap = now - last
  return { tick: now, leaptMs: last !== NEVER_YET && leap > hours(1) ? leap : null }
}

export interface Ticking {
  readonly appender: Appender
  readonly wire: Wire
  readonly partitionsOf: Partitions
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
  /** The last tick in the log. */
  readonly from?: Instant
  readonly wall?: Wall
  readonly everyMs?: Millis
}

/**
 * Live mode: append a tick each second, one at a time, never an earlier one. While the log can't be written there is none, and the
 * next one makes up for it. Returns how to stop; the promise resolves when no append is under way any more, and rejects
 * if an append failed for another reason than that.
 */
export function startTicking({
  appender,
  wire,
  partitionsOf,
  log,
  from = NEVER_YET,
  wall = wallClock,
  everyMs = GRAIN,
}: Ticking) {
  let last = from
  const stopping = new AbortController()
  const { signal } = stopping

  const run = async () => {
    let away = false
    let ticked = false
    while (!signal.aborted) {
      const next = nextTick(last, wall())
      if (next) {
        try {
          await appender.append([tickRecord(wire, partitionsOf, next.tick)])
          // Since the last tick of an earlier run time has passed, and the clock has not leapt.
          if (ticked && next.leaptMs !== null)
            log.warn({ from: last, to: next.tick }, 'the wall clock leapt ahead by more than an hour')
          last = next.tick
          ticked = true
          away = false
        } catch (error) {
          if (!(error instanceof LogUnavailable)) throw error
          if (!away) log.error({ reason: error.message }, 'the clock cannot tick: the log is unavailable')
          away = true
        }
      }
      await pause(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }
  const done = run()
  return {
    /** Rejects when ticking has died of a bug. */
    done,
    stop(): Promise<void> {
      stopping.abort()
      return done
    },
  }
}
