/** The shipments of a trip: the versions of their plans, and what their carrier tells. */
import { HOUR, iso, MINUTE, type Plan, type PlanDelivery, type Reference, type Stop } from '../feeder/delivery.ts'
import {
  type Amendment,
  cancelled,
  dueByRevised,
  plansHeard,
  referenceDropped,
  swapped,
  versions,
} from '../feeder/plans.ts'
import type { Random } from '../feeder/random.ts'
import type { Announcement, Said } from './telling.ts'
import type { Halt, Trip } from './trip.ts'

/** A shipment as it was ordered, and as it went. */
export interface Order {
  readonly shipmentId: string
  readonly partner: string
  readonly trip: Trip
  /** By stop: its place among the halts of the trip. */
  readonly halts: readonly number[]
  /** The plan that holds in the end. */
  readonly plan: Plan
  readonly vehicles: { readonly first: string; readonly relief: string }
  /** A reference of another shipment, given to this one by mistake; when it was mended, if ever. */
  readonly mistaken:
    { readonly reference: Reference; readonly toldAt: number; readonly mendedAt: number | null } | undefined
  /** When the carrier said of a delivery that it was before the pickup. */
  readonly wrongTimeAt: number | undefined
}

export interface Wanted {
  readonly shipmentId: string
  readonly partner: string
  readonly vehicles: Order['vehicles']
  /** The reference of an earlier shipment that this one may get by mistake. */
  readonly othersReference: Reference | undefined
}

export const containerOf = (shipmentId: string): Reference => ({ scheme: 'container', value: `CONT-${shipmentId}` })
const toMinute = (at: number): number => Math.round(at / MINUTE) * MINUTE

/** An order for a load of a trip, and how Milepost hears of it. */
export function orderOf(
  rng: Random,
  wanted: Wanted,
  trip: Trip,
  load: readonly number[],
): { order: Order; plans: PlanDelivery[] } {
  const { shipmentId, partner, vehicles, othersReference } = wanted
  const halts = load.map(index => trip.halts[index] as Halt)
  const [first] = halts as [Halt]
  const pickedUpAt = (first.there ?? first.expected).from
  const mistake = othersReference && !trip.cancelled && rng.chance(0.02) ? othersReference : undefined
  const mends = rng.chance(0.5)
  const mendedAt = mistake && mends ? toMinute(pickedUpAt + rng.between(2, 5) * HOUR) : null
  const own: Reference[] = [
    { scheme: 'bol', value: `BOL-${shipmentId}` },
    { scheme: 'po', value: `PO-${shipmentId}` },
    containerOf(shipmentId),
  ]
  const amendments: Amendment[] = []
  const plannedAt = toMinute(trip.startsAt - rng.between(3, 8) * HOUR)
  if (trip.cancelled) amendments.push(cancelled(toMinute(trip.startsAt - rng.between(-0.5, 1.5) * HOUR)))
  else if (trip.relief) amendments.push(swapped(trip.relief.takesOverAt, vehicles.first))
  else if (rng.chance(0.08)) {
    const at = toMinute(rng.chance(0.5) ? trip.startsAt - 0.75 * HOUR : (first.there?.to ?? pickedUpAt) + 20 * MINUTE)
    amendments.push(dueByRevised(at, rng.whole(2, 8) * 15 * MINUTE * (rng.chance(0.7) ? 1 : -1)))
  }
  if (mistake && mendedAt !== null) amendments.push(referenceDropped(mendedAt, mendedAt, mistake))
  const final: Omit<Plan, 'plannedAt'> = {
    status: trip.cancelled ? 'cancelled' : 'active',
    references: mistake && mendedAt === null ? [...own, mistake] : own,
    carrierId: partner,
    customerId: `customer-${rng.whole(1, 12)}`,
    vehicleId: trip.relief ? vehicles.relief : vehicles.first,
    stops: stopsOf(rng, trip, halts),
  }
  const all = versions(final, plannedAt, amendments)
  const lateOrder = rng.chance(0.05) && !trip.cancelled
  const hearing = {
    outOfOrder: rng.chance(0.04),
    resent: rng.chance(0.04),
    ...(lateOrder && { notBefore: pickedUpAt + rng.between(0.3, 4) * HOUR }),
  }
  const plans = plansHeard(rng, shipmentId, all, new Map(), hearing)
  const wrongTimeAt = !trip.cancelled && halts.length === 2 && rng.chance(0.005) ? pickedUpAt - 2 * HOUR : undefined
  const plan = all.at(-1) as Plan
  const mistaken = mistake && { reference: mistake, toldAt: pickedUpAt + 5 * MINUTE, mendedAt }
  return { order: { shipmentId, partner, trip, halts: load, plan, vehicles, mistaken, wrongTimeAt }, plans }
}

/** As a dispatcher promises it: what is expected, and some more the longer it takes. */
function stopsOf(rng: Random, trip: Trip, halts: readonly Halt[]): Stop[] {
  return halts.map(({ site, kind, expected }, index) => {
    const spare = rng.between(25, 75) * MINUTE + 0.06 * (expected.from - trip.startsAt)
    const due = toMinute(expected.from + spare)
    const saysDue = rng.chance(0.5)
    const planned = saysDue ? toMinute(expected.from + spare / 3) : due - 15 * MINUTE
    return {
      stopId: `s${index + 1}`,
      kind,
      place: site.place,
      plannedArrival: iso(planned),
      ...(saysDue && { dueBy: iso(due) }),
      plannedDeparture: iso(toMinute(planned + expected.to - expected.from)),
    }
  })
}

/** What the carrier has to tell of an order. */
export function announcementOf(
  { shipmentId, partner, trip, halts, plan, mistaken, wrongTimeAt }: Order,
  manner: number,
): Announcement {
  const served = plan.stops.flatMap(({ stopId, kind }, i) => {
    const there = (trip.halts[halts[i] ?? -1] as Halt).there
    return there ? [{ stopId, kind, ...there }] : []
  })
  const more: Said[] = []
  const at = (time: number) => Math.round(time / 1_000) * 1_000
  if (mistaken) {
    const loaded = {
      code: 'loaded',
      classifier: 'actual' as const,
      stopId: undefined,
      references: [mistaken.reference],
    }
    more.push({ ...loaded, occurredAt: at(mistaken.toldAt), toldAt: at(mistaken.toldAt) })
  }
  if (wrongTimeAt !== undefined) {
    const delivered = { code: 'delivered', classifier: 'actual' as const, stopId: plan.stops.at(-1)?.stopId }
    more.push({
      ...delivered,
      occurredAt: at(wrongTimeAt),
      toldAt: at((served.at(-1)?.to ?? wrongTimeAt) + 10 * MINUTE),
    })
  }
  const references = plan.references.filter(({ scheme }) => scheme !== 'container')
  return { shipmentId, partner, manner, references, served, more }
}
