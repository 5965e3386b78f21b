/** The plans that a dispatcher would have given for recorded trips. */
import { HOUR, iso, MINUTE, type Plan, type PlanDelivery, type PositionsDelivery } from '../feeder/delivery.ts'
import { endOf, startOf, timeOf, type Trace, type Trip } from './trace.ts'

/**
 * `assigned`: the vehicle is on the plan from a quarter of an hour before its trip to a quarter of an hour after it.
 * `named`: one version that names the vehicle, so that it rides in the whole window of the shipment, from 6 h before to
 * 48 h after: also on its other trips.
 */
export const PLAN_STYLES = ['assigned', 'named'] as const
export type PlanStyle = (typeof PLAN_STYLES)[number]

const AHEAD_MS = 2 * HOUR
/** A bus waits at its termini. */
export const LAYOVER_MS = 15 * MINUTE
/** Plans are told in batches, so that positions between them can be sent many at once. */
const TOLD_EVERY_MS = 15 * MINUTE
const before = (at: number) => Math.floor(at / TOLD_EVERY_MS) * TOLD_EVERY_MS
const after = (at: number) => Math.ceil(at / TOLD_EVERY_MS) * TOLD_EVERY_MS

export function plansOf(trip: Trip, style: PlanStyle): PlanDelivery[] {
  const { shipmentId, tripId, vehicleId, origin, destination } = trip
  const [start, end] = [startOf(trip), endOf(trip)]
  const version = (at: number, plannedAt: number, vehicle: string | undefined): PlanDelivery => ({
    kind: 'plan',
    at,
    shipmentId,
    plan: {
      status: 'active',
      references: [{ scheme: 'trip', value: `${shipmentId}/${tripId}` }],
      carrierId: 'recorded',
      customerId: 'recorded',
      plannedAt: iso(plannedAt),
      ...(vehicle !== undefined && { vehicleId: vehicle }),
      stops: [
        { stopId: 'origin', kind: 'pickup', place: origin, plannedArrival: iso(start) },
        { stopId: 'destination', kind: 'delivery', place: destination, plannedArrival: iso(end) },
      ],
    } satisfies Plan,
  })
  const planned = before(start - AHEAD_MS)
  if (style === 'named') return [version(planned, planned, vehicleId)]
  const { from, until } = ridesIn(trip, style)
  return [
    version(planned, planned, undefined),
    version(before(from), from, vehicleId),
    version(after(until), until, undefined),
  ]
}

/** When the vehicle rides for the shipment, by docs/rules.md: until before the end. Milliseconds since the epoch. */
export function ridesIn(trip: Trip, style: PlanStyle): { readonly from: number; readonly until: number } {
  const [start, end] = [startOf(trip), endOf(trip)]
  return style === 'named'
    ? { from: start - 6 * HOUR, until: end + 48 * HOUR }
    : { from: start - LAYOVER_MS, until: end + LAYOVER_MS }
}

export type Told = PlanDelivery | PositionsDelivery

/** Everything as it happened. */
export function inOrder({ fixes, trips }: Trace, style: PlanStyle): Told[] {
  const positions = fixes.map((fix): Told => ({ kind: 'positions', at: timeOf(fix), positions: [fix] }))
  return [...trips.flatMap(trip => plansOf(trip, style)), ...positions].sort((a, b) => a.at - b.at)
}

/** The same, each thing held back by up to so many milliseconds; `chance` gives 0 ≤ x < 1. */
export const shuffled = (told: readonly Told[], withinMs: number, chance: () => number): Told[] =>
  told
    .map(each => ({ ...each, at: each.at + Math.round(chance() * withinMs) }))
    .map(each => (each.kind === 'plan' ? { ...each, at: after(each.at) } : each))
    .sort((a, b) => a.at - b.at)
