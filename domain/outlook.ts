/** What plan and way foretell of the stops ahead, before anything is learnt: when it was to be there, and whether it can. */
import type { ShipmentPlan, Stop } from '../schemas/generated/events.ts'
import { hours, type Instant, type Millis, minutes, seconds } from '../streams/time.ts'
import { DayAhead, type Fix, type Shift } from './driving.ts'
import { distanceM, isLocated, type Point } from './geo.ts'
import type { Journey } from './journey.ts'

/** Roads are longer than the great circle. */
const DETOUR = 1.25
const ASSUMED_MPS = 60_000 / 3_600
/** Nobody goes on for hours at less than this. */
const SLOWEST_MPS = 8
const STAY_MS = minutes(30)
/** So far from a stop it has been left, whoever says so. */
const AWAY_M = 2_000
/** The way is known roughly: a plan that needs so little more haste is believed. */
const HASTE = 0.9

/** Where a shipment stands: before its first stop, at the last one that it reached, or on the way from it. */
export type Phase = 'before' | 'stays' | 'onTheWay'

/** What is foretold of one stop, counted from `at`. */
export interface Outlook {
  readonly stop: Stop
  readonly at: Instant
  readonly phase: Phase
  readonly remainingM: number
  readonly speedMps: number
  /** At the wheel alone; with stays and rests; by the plan, as late as it is by now. */
  readonly driveMs: Millis
  readonly wayMs: Millis
  readonly planMs: Millis
  /** The time left: the plan's, unless the way alone takes longer. */
  readonly leftMs: Millis
}

/** The stops after the last one that something actual is known of. */
export function stopsAhead({ stops }: ShipmentPlan, { reachedAt }: Journey): readonly Stop[] {
  const last = stops.findLastIndex(({ stopId }) => reachedAt.has(stopId))
  return stops.slice(last + 1)
}

/** As of a fix, with the driver's day up to it. Nobody knows how far it is to a place without coordinates, nor by way of it. */
export function outlooks(plan: ShipmentPlan, way: Journey, fix: Fix, shift: Shift): Outlook[] {
  const ahead = stopsAhead(plan, way)
  const last = plan.stops[plan.stops.length - ahead.length - 1]
  const unknown = ahead.findIndex(({ place }) => !isLocated(place))
  const { phase, lateMs, stayLeftMs } = standing(last, way, fix)
  const day = new DayAhead(shift)
  if (phase === 'stays') day.stand(stayLeftMs)
  else day.endRest(shift)
  const speedMps = Math.max(SLOWEST_MPS, shift.speedMps ?? ASSUMED_MPS)
  let remainingM = 0
  let from: Point = fix
  return ahead.slice(0, unknown === -1 ? ahead.length : unknown).map((stop): Outlook => {
    const to = stop.place as Point
    const legM = distanceM(from, to) * DETOUR
    from = to
    remainingM += legM
    day.drive(seconds(legM / speedMps))
    const driveMs = seconds(remainingM / speedMps)
    const wayMs = day.at - shift.at
    const planMs = stop.plannedArrival + lateMs - fix.occurredAt
    const leftMs = Math.max(planMs, driveMs * HASTE)
    day.stand(stayOf(stop))
    return { stop, at: fix.occurredAt, phase, remainingM, speedMps, driveMs, wayMs, planMs, leftMs }
  })
}

/** `lateMs`: by how much the plan was missed so far, which may be less than nothing. */
function standing(last: Stop | undefined, { reachedAt, departedAt }: Journey, fix: Fix) {
  if (!last) return { phase: 'before' as const, lateMs: 0, stayLeftMs: 0 }
  const at = fix.occurredAt
  const reached = reachedAt.get(last.stopId) ?? at
  const departed = departedAt.get(last.stopId)
  const arrivedLateMs = reached - last.plannedArrival
  if (departed !== undefined && departed <= at) {
    const plannedDeparture = last.plannedDeparture ?? last.plannedArrival + stayOf(last)
    return { phase: 'onTheWay' as const, lateMs: departed - plannedDeparture, stayLeftMs: 0 }
  }
  if (isLocated(last.place) && distanceM(last.place, fix) > AWAY_M)
    return { phase: 'onTheWay' as const, lateMs: arrivedLateMs, stayLeftMs: 0 }
  return { phase: 'stays' as const, lateMs: arrivedLateMs, stayLeftMs: Math.max(0, reached + stayOf(last) - at) }
}

const stayOf = ({ plannedArrival, plannedDeparture }: Stop): Millis =>
  plannedDeparture === null ? STAY_MS : Math.max(0, plannedDeparture - plannedArrival)

/** The horizons by hours at the wheel; the last has no end. */
const HORIZONS_MS = [0.25, 0.5, 1, 2, 4, 8, 16].map(hours)
/** How much longer the plan gives than the wheel needs. */
const SLACKS_MS = [0, hours(1.5), hours(4)]
/** What rests and stays come to on the way: none to speak of, breaks, a night. */
const RESTS_MS = [minutes(30), hours(4)]

/**
 * In what circumstances something is foretold, from the coarse to the fine, each character a feature: horizon (0–7), slack
 * (`a` too little, `b` up to 1.5 h, `c` up to 4 h, `d` more), rests (`0` none, `1` breaks, `2` a night), phase (`b`, `s`, `o`).
 * The circumstances that these are part of are its beginnings.
 */
export const cellOf = ({ driveMs, wayMs, planMs, phase }: Outlook): string =>
  [
    step(HORIZONS_MS, driveMs),
    'abcd'.charAt(step(SLACKS_MS, planMs - driveMs)),
    step(RESTS_MS, wayMs - driveMs),
    phase.charAt(0),
  ].join('')
const step = (bounds: readonly Millis[], ms: Millis): number => {
  const found = bounds.findIndex(bound => ms < bound)
  return found === -1 ? bounds.length : found
}

/** Whether the plan leaves so little that a night on the way would not fit in. */
export const isTight = ({ planMs, driveMs }: Outlook): boolean => planMs - driveMs < hours(1.5)
