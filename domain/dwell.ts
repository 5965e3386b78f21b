/** A vehicle that stands at a stop for longer than was planned. */
import type { ShipmentPlan, Stop } from '../schemas/generated/events.ts'
import { type Instant, later, type Millis, minutes, NEVER_YET } from '../streams/time.ts'
import type { Grounds } from './cases.ts'
import { type Journey, reachedAfter } from './journey.ts'

/** Where the plan says nothing of the stay. */
const USUAL_MS = minutes(120)
/** So much longer than planned is nobody’s business. */
const GRACE_MS = minutes(45)
/** Devices of parked vehicles speak once an hour: who was not heard of for longer may have left. */
const HEARD_MS = minutes(65)

const plannedMs = ({ plannedArrival, plannedDeparture }: Stop): Millis | undefined =>
  plannedDeparture === null || plannedDeparture < plannedArrival ? undefined : plannedDeparture - plannedArrival

interface Stay {
  readonly stop: Stop
  readonly from: Instant
  /** undefined: it lasts. */
  readonly until: Instant | undefined
  /** When it becomes too long. */
  readonly tooLongAt: Instant
}

/**
 * Where positions saw the arrival, until the departure. Where none is known, though the shipment was further on since,
 * nobody knows how long the stay was; nor do those who are not watched tell of each departure.
 */
function stays(plan: ShipmentPlan, way: Journey): Stay[] {
  return plan.stops.flatMap((stop, n) => {
    const from = way.seenAt.get(stop.stopId)
    const left = way.departedAt.get(stop.stopId)
    if (from === undefined) return []
    const until = left !== undefined && left >= from ? left : undefined
    if (until === undefined && (reachedAfter(plan, way, n)?.at ?? NEVER_YET) > from) return []
    const planned = plannedMs(stop)
    return { stop, from, until, tooLongAt: later(from, planned === undefined ? USUAL_MS : planned + GRACE_MS) }
  })
}

/** When a vehicle must have been heard of last, so that a stay of which no end was seen has become too long. */
const heardSince = ({ tooLongAt }: Stay): Instant => later(tooLongAt, -HEARD_MS)

/** `passed`: how late it is. `heardAt`: when the vehicle was heard of last. */
export const dwellGrounds = (plan: ShipmentPlan, way: Journey, passed: Instant, heardAt: Instant): Grounds[] =>
  stays(plan, way).flatMap((stay): Grounds[] => {
    const { stop, from, until, tooLongAt } = stay
    if (until === undefined ? passed < tooLongAt || heardAt < heardSince(stay) : until <= tooLongAt) return []
    const planned = plannedMs(stop)
    return [
      {
        kind: 'dwell',
        stopId: stop.stopId,
        severity: 'medium',
        openedAt: tooLongAt,
        endedAt: until ?? null,
        basis: `there since ${iso(from)}, expected to leave by ${iso(tooLongAt)}`,
        evidence: {
          arrivedAt: iso(from),
          ...(planned === undefined ? {} : { plannedMinutes: Math.round(planned / minutes(1)) }),
          expectedToLeaveBy: iso(tooLongAt),
          ...(until === undefined ? {} : { leftAt: iso(until), minutesThere: Math.round((until - from) / minutes(1)) }),
        },
      },
    ]
  })

/** When the stays that last become too long. */
export const dwellDeadlines = (plan: ShipmentPlan, way: Journey): Instant[] =>
  stays(plan, way).flatMap(({ until, tooLongAt }) => (until === undefined ? tooLongAt : []))

/** Since when a vehicle would have to be heard of, so that a stay that lasts had become too long after all; undefined: of none. */
export function unheardSince(plan: ShipmentPlan, way: Journey, passed: Instant, heardAt: Instant): Instant | undefined {
  const unheard = stays(plan, way)
    .filter(stay => stay.until === undefined && stay.tooLongAt <= passed && heardAt < heardSince(stay))
    .map(heardSince)
  return unheard.length > 0 ? (Math.min(...unheard) as Instant) : undefined
}

const iso = (at: Instant): string => new Date(at).toISOString()
