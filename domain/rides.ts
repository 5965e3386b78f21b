/** What a vehicle is to do for one shipment, and what its track says that it did. */
import type { Period, ShipmentSighting, Stop, VehicleAssignment } from '../schemas/generated/events.ts'
import { progressBucket } from '../schemas/topics.ts'
import type { Instant } from '../streams/time.ts'
import type { Draft } from './corrections.ts'
import { distanceM, type Fence, fenceOf, isLocated, type Point } from './geo.ts'
import { isStay, type Seen, type Visit } from './visits.ts'

/** An assignment as it is kept: what is needed to follow a vehicle and no more. */
export interface Ride {
  readonly shipmentId: string
  readonly revision: number
  /** Of what is said for the first time. */
  readonly firstRevision: number
  readonly periods: readonly Period[]
  /** The stops in order, without those that nobody knows the place of. `nth`: how many stops before it are at the same place. `fence`: which of the fences. */
  readonly stops: readonly { readonly stopId: string; readonly fence: number; readonly nth: number }[]
  /** Each place once. */
  readonly fences: readonly Fence[]
  /** When it is over, however it went. */
  readonly overAt: Instant
}

const SAME_PLACE_M = 1

/** So many times may be said what follows from one version of an assignment. */
const REVISIONS_A_VERSION = 65_536

/**
 * A retracted assignment is a ride without periods and stops. `before`: the ride of the version before. If that is not
 * known any more, nor is what was told of it: what is said now has to outrank it.
 */
export function rideOf(
  before: Ride | undefined,
  { shipmentId, revision, retracted, ...assignment }: VehicleAssignment,
): Ride {
  const periods = retracted ? [] : assignment.periods
  const fences: Fence[] = []
  const places: Point[] = []
  const stops = (retracted ? [] : assignment.stops).flatMap(({ stopId, place }) => {
    if (!isLocated(place)) return []
    let fence = fences.findIndex(other => isSameFence(other, place))
    if (fence === -1) fence = fences.push(fenceOf(place)) - 1
    const nth = places.filter(other => distanceM(other, place) <= SAME_PLACE_M).length
    places.push(place)
    return [{ stopId, fence, nth }]
  })
  const ends = assignment.periods.map(({ until }) => until)
  const due = assignment.stops.map(({ dueBy, plannedArrival }) => dueBy ?? plannedArrival)
  const overAt = Math.max(assignment.occurredAt, ...(ends.length > 0 ? ends : due))
  const firstRevision = before?.firstRevision ?? 1 + (revision - 1) * REVISIONS_A_VERSION
  return { shipmentId, revision, firstRevision, periods, stops, fences, overAt: overAt as Instant }
}

export const isSameFence = (a: Stop['place'] | Fence, b: Stop['place'] | Fence): boolean =>
  a.latitude === b.latitude && a.longitude === b.longitude && a.radiusM === b.radiusM

type Sighting = Draft<ShipmentSighting>

/** Arrivals at the stops and departures from them: of the n-th stop at a place, by the n-th stay there. `visits` by fence. */
export function calls(
  vehicleId: string,
  { shipmentId, stops }: Ride,
  visits: readonly (readonly Visit[])[],
): Sighting[] {
  const sighting = (kind: ShipmentSighting['kind'], stopId: string, { at, latitude, longitude }: Seen): Sighting => ({
    occurredAt: at,
    shipmentId,
    vehicleId,
    kind,
    stopId,
    latitude,
    longitude,
  })
  return stops.flatMap(({ stopId, fence, nth }) => {
    const stay = visits[fence]?.filter(isStay)[nth]
    if (!stay) return []
    const arrived = sighting('arrived', stopId, stay.first)
    return stay.next ? [arrived, sighting('departed', stopId, stay.next)] : [arrived]
  })
}

const NEVER = Number.POSITIVE_INFINITY as Instant

/** When the vehicle left the last stop. */
export function endOf({ stops }: Ride, visits: readonly (readonly Visit[])[]): Instant {
  const last = stops.at(-1)
  return (last && visits[last.fence]?.filter(isStay)[last.nth]?.next?.at) ?? NEVER
}

/** Progress: the first fix of each bucket, until the ride has ended. `series` in order, from the start of a bucket on. */
export function progress(vehicleId: string, { shipmentId }: Ride, series: Iterable<Seen>, end: Instant): Sighting[] {
  const sightings: Sighting[] = []
  let bucket: number | undefined
  for (const { at, latitude, longitude } of series) {
    if (at >= end) break
    if (progressBucket(at) === bucket) continue
    bucket = progressBucket(at)
    sightings.push({ occurredAt: at, shipmentId, vehicleId, kind: 'progress', stopId: null, latitude, longitude })
  }
  return sightings
}
