/** The plans of shipments: what was agreed in the end, and the versions that led there. */
import {
  iso,
  MINUTE,
  type Plan,
  type PlanDelivery,
  type Reference,
  SECOND,
  type Stop,
  type StopKind,
} from './delivery.ts'
import type { Place } from './places.ts'
import type { Random } from './random.ts'

/** A stop as it went: when it was reached, or would have been. */
export interface Reached {
  readonly kind: StopKind
  readonly place: Place
  readonly at: number
}

/**
 * The stops of a plan whose deadlines (`dueBy`, else `plannedArrival` + 15 min) are passed by at least 45 minutes
 * from the stop `lateFrom` on, and kept by at least 20 before it.
 */
export function plannedStops(rng: Random, reached: readonly Reached[], lateFrom = Infinity): Stop[] {
  const lateBy = rng.whole(45, 170)
  return reached.map(({ kind, place, at }, index) => {
    const due = index >= lateFrom ? at - lateBy * MINUTE : at + rng.whole(20, 100) * MINUTE
    const saysDue = rng.chance(0.5)
    const planned = saysDue ? due - rng.whole(20, 60) * MINUTE : due - 15 * MINUTE
    const stop = { stopId: `s${index + 1}`, kind, place, plannedArrival: iso(planned) }
    return saysDue ? { ...stop, dueBy: iso(due) } : stop
  })
}

/** A change of mind: what the plan was before it. */
export interface Amendment {
  /** The `plannedAt` of the version that it makes. */
  readonly at: number
  /** When Milepost hears of it, where that is later. */
  readonly heardAt?: number
  readonly before: (after: Plan) => Plan
}

/** All versions of a plan, oldest first: the last is the one given, the older ones lack what amended them. */
export function versions(final: Omit<Plan, 'plannedAt'>, plannedAt: number, amendments: readonly Amendment[]): Plan[] {
  const inOrder = [...amendments].sort((a, b) => b.at - a.at)
  const all: Plan[] = [{ ...final, plannedAt: iso(inOrder[0]?.at ?? plannedAt) }]
  inOrder.forEach(({ before }, index) => {
    const at = iso(inOrder[index + 1]?.at ?? plannedAt)
    all.unshift({ ...before(all[0] as Plan), plannedAt: at })
  })
  return all
}

const shifted = (time: string, ms: number) => iso(Date.parse(time) + ms)

export const dueByRevised = (at: number, byMs: number): Amendment => ({
  at,
  before: plan => ({
    ...plan,
    stops: plan.stops.map(stop => ({
      ...stop,
      plannedArrival: shifted(stop.plannedArrival, byMs),
      ...(stop.dueBy !== undefined && { dueBy: shifted(stop.dueBy, byMs) }),
      ...(stop.plannedDeparture !== undefined && { plannedDeparture: shifted(stop.plannedDeparture, byMs) }),
    })),
  }),
})
export const cancelled = (at: number): Amendment => ({ at, before: plan => ({ ...plan, status: 'active' }) })
export const swapped = (at: number, fromVehicle: string): Amendment => ({
  at,
  before: plan => ({ ...plan, vehicleId: fromVehicle }),
})
export const stopAdded = (at: number, stopId: string): Amendment => ({
  at,
  before: plan => ({ ...plan, stops: plan.stops.filter(stop => stop.stopId !== stopId) }),
})
export const stopRemoved = (at: number, stop: Stop): Amendment => ({
  at,
  before: plan => ({
    ...plan,
    stops: [...plan.stops, stop].sort((a, b) => (a.stopId < b.stopId ? -1 : 1)),
  }),
})
export const referenceDropped = (at: number, heardAt: number, reference: Reference): Amendment => ({
  at,
  heardAt,
  before: plan => ({ ...plan, references: [...plan.references, reference] }),
})

export interface Hearing {
  /** The first version comes only then. */
  readonly notBefore?: number
  /** The first version comes after the last. */
  readonly outOfOrder: boolean
  /** Versions are sent again, some hours later. */
  readonly resent: boolean
}

/** When Milepost hears of the versions of a plan. */
export function plansHeard(
  rng: Random,
  shipmentId: string,
  plans: readonly Plan[],
  heardAt: ReadonlyMap<string, number>,
  { notBefore = 0, outOfOrder, resent }: Hearing,
): PlanDelivery[] {
  const soon = () => rng.whole(2, 40) * SECOND
  const told = plans.map((plan): PlanDelivery => {
    const at = Math.round(Math.max(heardAt.get(plan.plannedAt) ?? Date.parse(plan.plannedAt), notBefore)) + soon()
    return { kind: 'plan', at, shipmentId, plan }
  })
  const last = Math.max(...told.map(({ at }) => at))
  const [first, ...others] = told
  const inTime = first && outOfOrder ? [...others, { ...first, at: last + rng.whole(5, 90) * MINUTE }] : told
  if (!resent) return inTime
  return [...inTime, ...inTime.map(plan => ({ ...plan, at: plan.at + rng.whole(30, 540) * MINUTE }))]
}
