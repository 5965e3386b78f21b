/** Lanes: between which parts of the world a shipment goes, and what its trip over them teaches of ETAs. */
import type {
  LaneCall,
  LaneTrip,
  PastPrediction,
  ShipmentMilestone,
  ShipmentPlan,
  Stop,
} from '../schemas/generated/events.ts'
import { isArrival, isProof } from '../schemas/milestones.ts'
import { type Instant, minutes } from '../streams/time.ts'
import type { Draft } from './corrections.ts'
import { type Fix, Wheel } from './driving.ts'
import { isLocated } from './geo.ts'
import type { Journey } from './journey.ts'
import { cellOf, outlooks } from './outlook.ts'

/** The lane that all trips are on. */
export const EVERYWHERE = 'everywhere'
/** Cells of the earth by which places are taken for neighbours, degrees. */
const GRID_DEG = 0.5
/** Of the past each half hour is asked what it foretold, at most so many of them. */
const ASKED_EVERY_MS = minutes(30)
const MOST_ASKED = 96

/** Of each stop with coordinates: from where the shipment was loaded to there; to its first stop, from anywhere. */
export function lanesOf({ stops }: ShipmentPlan): Map<string, Stop[]> {
  const first = stops[0]
  const lanes = new Map<string, Stop[]>()
  for (const stop of stops) {
    const lane = laneOf(first, stop)
    if (lane !== undefined) lanes.set(lane, [...(lanes.get(lane) ?? []), stop])
  }
  return lanes
}
/** undefined: a place without coordinates is on no lane. */
export function laneOf(first: Stop | undefined, stop: Stop): string | undefined {
  const to = gridCell(stop)
  if (!first || to === undefined) return undefined
  return first === stop ? `>${to}` : `${gridCell(first) ?? ''}>${to}`
}
const gridCell = ({ place }: Stop): string | undefined =>
  isLocated(place)
    ? [place.latitude, place.longitude].map(deg => Math.floor(deg / GRID_DEG) * GRID_DEG).join(',')
    : undefined

/** When a stop was arrived at, as far as somebody says that it was an arrival. */
export function arrivals(known: readonly ShipmentMilestone[]): Map<string, Instant> {
  const at = new Map<string, Instant>()
  for (const milestone of known) {
    const { stopId, code, occurredAt, retracted } = milestone
    if (retracted || stopId === null || !isProof(milestone) || !isArrival(code)) continue
    at.set(stopId, Math.min(at.get(stopId) ?? Infinity, occurredAt) as Instant)
  }
  return at
}

/**
 * A trip on each lane of the shipment and on that which all are on: what plan and way would have foretold of the stops
 * that were arrived at, by what is known now. `track` in the order of time.
 */
export function trips(
  plan: ShipmentPlan,
  way: Journey,
  arrivedAt: ReadonlyMap<string, Instant>,
  track: readonly Fix[],
): Draft<LaneTrip>[] {
  const { shipmentId, stops } = plan
  const over = way.closedAt !== undefined
  const lanes = lanesOf(plan)
  if (lanes.size === 0) return []
  const calls = new Map<string, LaneCall>()
  // Of a cancelled shipment nothing is foretold, so nothing is learnt.
  if (arrivedAt.size > 0 && plan.status !== 'cancelled') {
    const past = predictions(plan, way, arrivedAt, track)
    for (const { stopId } of stops) {
      const at = arrivedAt.get(stopId)
      if (at !== undefined) calls.set(stopId, { stopId, arrivedAt: at, predictions: past.get(stopId) ?? [] })
    }
  }
  return [[EVERYWHERE, stops] as const, ...lanes].map(([lane, its]) => {
    const mine = its.flatMap(({ stopId }) => calls.get(stopId) ?? [])
    const occurredAt = mine.length === 0 ? plan.occurredAt : (Math.max(...mine.map(call => call.arrivedAt)) as Instant)
    return { occurredAt, lane, shipmentId, over, calls: mine }
  })
}

/** By stop, of the last half hours before its arrival. */
function predictions(
  plan: ShipmentPlan,
  way: Journey,
  arrivedAt: ReadonlyMap<string, Instant>,
  track: readonly Fix[],
): Map<string, PastPrediction[]> {
  const made = new Map<string, PastPrediction[]>()
  const until = Math.max(...arrivedAt.values())
  const wheel = new Wheel()
  let asked = -1
  for (const fix of track) {
    if (fix.occurredAt >= until) break
    wheel.add(fix)
    const bucket = Math.floor(fix.occurredAt / ASKED_EVERY_MS)
    const { shift } = wheel
    if (bucket === asked || !shift) continue
    asked = bucket
    for (const outlook of outlooks(plan, asOf(way, fix.occurredAt), fix, shift)) {
      const { stopId } = outlook.stop
      const arrived = arrivedAt.get(stopId)
      if (arrived === undefined || arrived <= fix.occurredAt) continue
      const past = made.get(stopId) ?? []
      made.set(stopId, past)
      past.push({ madeAt: fix.occurredAt, cell: cellOf(outlook), leftMs: Math.round(outlook.leftMs) })
    }
  }
  return new Map([...made].map(([stopId, past]) => [stopId, past.slice(-MOST_ASKED)]))
}

/** What was known of a way at some moment, had everybody spoken at once. */
const asOf = (way: Journey, at: Instant): Journey => ({
  reachedAt: until(way.reachedAt, at),
  seenAt: until(way.seenAt, at),
  departedAt: until(way.departedAt, at),
  closedAt: undefined,
})
const until = (times: ReadonlyMap<string, Instant>, at: Instant): ReadonlyMap<string, Instant> =>
  new Map([...times].filter(([, time]) => time <= at))
