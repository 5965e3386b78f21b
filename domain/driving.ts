/**
 * Hours at the wheel. What a track shows of a driver's day, and how long a way takes one who rests as Regulation (EC)
 * 561/2006 demands: 45 min after 4.5 h at the wheel, 11 h after 9 h of it or 13 h after the last night's rest.
 */
import { hours, type Instant, later, type Millis, minutes, NEVER_YET } from '../streams/time.ts'
import { distanceM } from './geo.ts'

/** Where a vehicle was on its way. */
export interface Fix {
  readonly vehicleId: string
  readonly occurredAt: Instant
  readonly latitude: number
  readonly longitude: number
}

const BREAK_MS = minutes(45)
const NIGHT_MS = hours(11)
const MOST_AT_A_STRETCH_MS = hours(4.5)
const MOST_A_DAY_MS = hours(9)
const MOST_ON_DUTY_MS = hours(13)
/** A night's rest may be shortened to this. */
const NIGHT_AT_LEAST_MS = hours(9)
/** Slower than this from one fix to the next is standing. */
const MOVING_MPS = 2
/** Between fixes farther apart than this a vehicle may have stood: it is taken to have driven at this speed. */
const SILENT_MS = minutes(30)
const SILENT_MPS = 18
/** Who stands so long does not just wait. */
const SURELY_RESTING_MS = hours(3)
/** Who may drive no longer than this and stands longer than a break has begun the night. */
const HARDLY_ANY_MS = hours(1.5)
/** Of a track no more than this tells of a driver's day: the day before, its night, and today. */
export const DAY_TOLD_BY_MS = hours(30)
/** Speed is that of the last two hours. */
const SPEED_WINDOW_MS = hours(2)
/** Less way than this says nothing of speed. */
const ENOUGH_M = 5_000

/** A driver's day as of some moment. */
export interface Shift {
  readonly at: Instant
  /** At the wheel since the last break, and since the last night's rest. */
  readonly stretchMs: Millis
  readonly dayMs: Millis
  readonly onDutySince: Instant
  /** Since when it has been standing; undefined while it moves. */
  readonly standsSince: Instant | undefined
  /** While it moved, over the last two hours of way; undefined if it hardly did. */
  readonly speedMps: number | undefined
}

interface Step {
  readonly at: Instant
  readonly wayM: number
  readonly movingMs: Millis
}

/** Follows one vehicle, from fix to fix in the order of time. Before the first of them nothing is known of the driver. */
export class Wheel {
  #last: Fix | undefined
  #stretchMs: Millis = 0
  #dayMs: Millis = 0
  #onDutySince = NEVER_YET
  #standsSince: Instant | undefined
  #steps: Step[] = []

  add(fix: Fix): void {
    const last = this.#last
    this.#last = fix
    if (!last || last.vehicleId !== fix.vehicleId) {
      this.#stretchMs = this.#dayMs = 0
      this.#onDutySince = fix.occurredAt
      this.#standsSince = undefined
      this.#steps = []
      return
    }
    const wayM = distanceM(last, fix)
    const tookMs = fix.occurredAt - last.occurredAt
    if (wayM * 1_000 < MOVING_MPS * tookMs) this.#stood(last.occurredAt, fix.occurredAt)
    else if (tookMs <= SILENT_MS) this.#drove(tookMs)
    else {
      const drivingMs = Math.min(tookMs, (wayM * 1_000) / SILENT_MPS)
      this.#stood(last.occurredAt, later(fix.occurredAt, -drivingMs))
      this.#drove(drivingMs)
    }
    if (wayM * 1_000 >= MOVING_MPS * tookMs) this.#steps.push({ at: last.occurredAt, wayM, movingMs: tookMs })
  }

  #drove(ms: Millis): void {
    this.#standsSince = undefined
    this.#stretchMs += ms
    this.#dayMs += ms
  }
  #stood(from: Instant, until: Instant): void {
    this.#standsSince ??= from
    const ms = until - this.#standsSince
    if (ms >= BREAK_MS) this.#stretchMs = 0
    if (ms < NIGHT_AT_LEAST_MS) return
    this.#dayMs = 0
    this.#onDutySince = until
  }

  /** As of the last fix; undefined before any. */
  get shift(): Shift | undefined {
    const at = this.#last?.occurredAt
    if (at === undefined) return undefined
    return {
      at,
      stretchMs: this.#stretchMs,
      dayMs: this.#dayMs,
      onDutySince: this.#onDutySince,
      standsSince: this.#standsSince,
      speedMps: this.#speedMps(at),
    }
  }
  #speedMps(at: Instant): number | undefined {
    const first = this.#steps.findIndex(step => step.at >= at - SPEED_WINDOW_MS)
    this.#steps = first === -1 ? [] : this.#steps.slice(first)
    let wayM = 0
    let movingMs: Millis = 0
    for (const step of this.#steps) {
      wayM += step.wayM
      movingMs += step.movingMs
    }
    return wayM < ENOUGH_M ? undefined : wayM / (movingMs / 1_000)
  }
}

/** What a driver's day comes to if one goes on: drives, stands, rests where one must. */
export class DayAhead {
  at: Instant
  #stretchMs: Millis
  #dayMs: Millis
  #onDutySince: Instant

  constructor(shift: Shift) {
    this.at = shift.at
    this.#stretchMs = shift.stretchMs
    this.#dayMs = shift.dayMs
    this.#onDutySince = shift.onDutySince
  }

  /** Ends a rest that seems to be going on. */
  endRest({ at, standsSince }: Shift): void {
    if (standsSince === undefined) return
    const stoodMs = at - standsSince
    const tired = this.#roomMs < HARDLY_ANY_MS
    if (stoodMs >= NIGHT_MS) return
    if (stoodMs >= SURELY_RESTING_MS || (tired && stoodMs > BREAK_MS)) this.#rest(NIGHT_MS - stoodMs, true)
  }

  drive(ms: Millis): void {
    for (let leftMs = ms; ;) {
      const roomMs = Math.max(0, Math.min(this.#roomMs, MOST_AT_A_STRETCH_MS - this.#stretchMs))
      const nowMs = Math.min(leftMs, roomMs)
      this.at = later(this.at, nowMs)
      this.#stretchMs += nowMs
      this.#dayMs += nowMs
      leftMs -= nowMs
      if (leftMs <= 0) return
      if (this.#roomMs <= 0) this.#rest(NIGHT_MS, true)
      else this.#rest(BREAK_MS, false)
    }
  }
  stand(ms: Millis): void {
    this.at = later(this.at, ms)
    if (ms >= BREAK_MS) this.#stretchMs = 0
    if (ms < NIGHT_MS) return
    this.#dayMs = 0
    this.#onDutySince = this.at
  }

  /** How long one may still be at the wheel before the night. */
  get #roomMs(): Millis {
    return Math.min(MOST_A_DAY_MS - this.#dayMs, MOST_ON_DUTY_MS - (this.at - this.#onDutySince))
  }
  #rest(ms: Millis, night: boolean): void {
    this.at = later(this.at, ms)
    this.#stretchMs = 0
    if (!night) return
    this.#dayMs = 0
    this.#onDutySince = this.at
  }
}
