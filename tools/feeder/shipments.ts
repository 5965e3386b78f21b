/** The shipments of a world: what their carriers tell of them, and the versions of their plans. */
import { type Announced, drafts, type Served } from './carriers.ts'
import { HOUR, iso, MINUTE, type Plan, type PlanDelivery, type Reference, SECOND, type Stop } from './delivery.ts'
import type { Shares } from './features.ts'
import type { Journey, Load } from './journey.ts'
import { type City, cities, cityAway, warehouse } from './places.ts'
import {
  type Amendment,
  cancelled,
  dueByRevised,
  type Hearing,
  plannedStops,
  plansHeard,
  referenceDropped,
  stopAdded,
  stopRemoved,
  swapped,
  versions,
} from './plans.ts'
import { type Random, someOf } from './random.ts'

/** A shipment while it is made: the plan as it is in the end, and what changed it before. */
export interface Shipment {
  readonly shipmentId: string
  readonly journey?: Journey
  readonly final: Omit<Plan, 'plannedAt'>
  readonly amendments: readonly Amendment[]
  /** The first and the last moment that it is under way. */
  readonly from: number
  readonly to: number
  readonly served: readonly Served[]
}

const own = (shipmentId: string): Reference[] => [
  { scheme: 'bol', value: `BOL-${shipmentId}` },
  { scheme: 'po', value: `PO-${shipmentId}` },
]

/** A shipment of a journey. Amendments lie before its first stop or on the road, never at a stop. */
export function shipmentOf(
  rng: Random,
  {
    shipmentId,
    vehicles,
    partner,
  }: { shipmentId: string; vehicles: { first: string; relief: string }; partner: string },
  journey: Journey,
  load: Load,
): Shipment {
  const { scenario, relief, halts } = journey
  const taken = load.stops.map(({ halt: index, kind }) => {
    const halt = halts[index] as Journey['halts'][number]
    const reliefCall = relief && kind === 'delivery' ? relief.route.calls[0] : undefined
    return {
      kind,
      ...halt,
      at: (reliefCall ?? halt).from,
      to: (reliefCall ?? halt).to,
      from: (reliefCall ?? halt).from,
    }
  })
  const planned = plannedStops(rng, taken, journey.late ? rng.whole(0, taken.length - 1) : Infinity)
  const [first, second, third] = taken as [(typeof taken)[0], (typeof taken)[0], (typeof taken)[0] | undefined]
  const before = first.from - 75 * MINUTE
  const onTheWay = (to = second) => to.onTheWayAt
  const via = planned[1] as Stop
  const amendments: Amendment[] = []
  if (relief) amendments.push(swapped(relief.takesOverAt, vehicles.first))
  if (scenario === 'cancelled') amendments.push(cancelled(rng.chance(0.5) ? before : onTheWay()))
  if (scenario === 'stopAdded') amendments.push(stopAdded(rng.chance(0.5) ? before : onTheWay(), via.stopId))
  if (scenario === 'stopRemoved') amendments.push(stopRemoved(rng.chance(0.5) ? before : onTheWay(third), via))

  const served = taken.flatMap(({ kind, from, to, known }, index): Served[] => {
    const changing = kind === 'via' && (scenario === 'stopAdded' || scenario === 'stopRemoved')
    return known === 'by positions' && !changing ? [{ ...(planned[index] as Stop), kind, from, to }] : []
  })
  return {
    shipmentId,
    journey,
    final: {
      status: scenario === 'cancelled' ? 'cancelled' : 'active',
      references: own(shipmentId),
      carrierId: partner,
      customerId: `customer-${rng.whole(1, 9)}`,
      vehicleId: relief ? vehicles.relief : vehicles.first,
      stops: scenario === 'stopRemoved' ? planned.filter(stop => stop !== via) : planned,
    },
    amendments,
    from: first.from,
    to: Math.max(...taken.map(({ to }) => to)),
    served,
  }
}

/** A shipment that no vehicle of ours carries: all that is known of it is what the carrier tells. */
export function carrierOnlyShipment(rng: Random, shipmentId: string, partner: string, at: number): Shipment {
  const from: City = rng.pick(cities)
  const pickup = warehouse(rng, from, [])
  const delivery = warehouse(rng, cityAway(rng, from, 150, 600), [pickup])
  const leaves = Math.round(at / MINUTE) * MINUTE
  const arrives = leaves + rng.whole(6 * 60, 20 * 60) * MINUTE
  const stops = plannedStops(
    rng,
    [
      // what the carrier tells first may be the end of the stop
      { kind: 'pickup', place: pickup, at: leaves + 20 * MINUTE },
      { kind: 'delivery', place: delivery, at: arrives + 20 * MINUTE },
    ],
    rng.chance(0.3) ? 1 : Infinity,
  )
  const customerId = `customer-${rng.whole(1, 9)}`
  const [first, last] = stops as [Stop, Stop]
  return {
    shipmentId,
    final: { status: 'active', references: own(shipmentId), carrierId: partner, customerId, stops },
    amendments: [],
    from: leaves,
    to: arrives + 20 * MINUTE,
    served: [
      { ...first, from: leaves, to: leaves + 20 * MINUTE },
      { ...last, from: arrives, to: arrives + 20 * MINUTE },
    ],
  }
}

/** What the carriers announce of the shipments, and events of shipments that do not exist. */
export function announce(
  rng: Random,
  shipments: readonly Shipment[],
  partners: readonly string[],
  shares: Shares,
): Announced[] {
  const talkedOf = new Set(someOf(rng, shipments, shares.carrier))
  const announced = shipments.flatMap((shipment): Announced[] => {
    const { shipmentId, journey, final, served, from } = shipment
    const middleSkipped = journey?.scenario === 'middleSkipped'
    const loaded = (references: readonly Reference[], firm: boolean): Announced => {
      const occurredAt = Math.round((from + 5 * MINUTE) / SECOND) * SECOND
      const partner = final.carrierId
      const { stopId } = final.stops[0] as Stop
      return { code: 'loaded', classifier: 'actual', occurredAt, toldAt: occurredAt, stopId, partner, references, firm }
    }
    // the pickup that no position tells of, and a truck with two shipments, are always told
    const must = middleSkipped ? [loaded(final.references.slice(0, 1), true)] : []
    const twin = shipments.find(other => other.journey === journey && other.shipmentId > shipmentId)
    if (journey?.scenario === 'sharedTruck' && twin) {
      must.push(loaded([...final.references.slice(0, 1), ...twin.final.references.slice(0, 1)], false))
    }
    if (!talkedOf.has(shipment)) return must
    return [
      ...must,
      ...drafts(rng, served, journey !== undefined).map(draft => ({
        ...draft,
        partner: rng.chance(0.9) ? final.carrierId : rng.pick(partners),
        references: rng.chance(0.3) ? own(shipmentId) : [rng.pick(own(shipmentId))],
      })),
    ]
  })
  const strangers = someOf(rng, announced, shares.orphan).map((draft, index) => ({
    ...draft,
    references: [{ scheme: 'bol', value: `BOL-of-somebody-else-${index + 1}` }],
  }))
  return [...announced, ...strangers]
}

/** Gives pairs of shipments one reference, which an event names. Every other time the second drops it in the end. */
export function confuse(
  rng: Random,
  shipments: Shipment[],
  share: number,
): { announced: Announced[]; settled: number } {
  const simple = rng.shuffled(
    shipments.filter(({ journey }) => ['plain', 'via', 'milkRun'].includes(journey?.scenario ?? '')),
  )
  const pairs = simple.slice(0, share > 0 ? Math.max(2, Math.round(share * simple.length)) : 0)
  const others = simple.slice(pairs.length)
  let settled = 0
  const announced = pairs.flatMap((mine, index): Announced[] => {
    const other = others[index]
    if (!other) return []
    const reference = { scheme: 'container', value: `SHARED-${mine.shipmentId}` }
    const references = [...mine.final.references, reference]
    replace(shipments, { ...mine, final: { ...mine.final, references } })
    if (index % 2 === 0) {
      const both = { ...other.final, references: [...other.final.references, reference] }
      replace(shipments, { ...other, final: both })
    } else {
      const dropped = referenceDropped(other.from - 100 * MINUTE, other.to + rng.between(1, 3) * HOUR, reference)
      replace(shipments, { ...other, amendments: [...other.amendments, dropped] })
      settled++
    }
    const occurredAt = mine.from + 3 * MINUTE
    const named = { code: 'loaded', classifier: 'actual', partner: mine.final.carrierId } as const
    return [{ ...named, occurredAt, toldAt: occurredAt, stopId: undefined, references: [reference], firm: true }]
  })
  return { announced, settled }
}

/** The versions of the plans, and when they are heard of. */
export function tellPlans(rng: Random, shipments: readonly Shipment[], shares: Shares) {
  const onRoad = shipments.filter(({ journey }) => journey !== undefined)
  const revised = new Set(someOf(rng, onRoad, shares.dueByRevised))
  const late = new Set(someOf(rng, onRoad, shares.latePlan))
  const resent = new Set(someOf(rng, shipments, shares.planResent))
  const told = shipments.map(shipment => {
    const { shipmentId, final, from, to } = shipment
    const byMs = (rng.chance(0.5) ? 1 : -1) * rng.whole(25, 60) * MINUTE
    const revision = revised.has(shipment) ? [dueByRevised(from - 90 * MINUTE, byMs)] : []
    const amendments = [...shipment.amendments, ...revision]
    const plannedAt = from - rng.whole(4 * 60, 9 * 60) * MINUTE
    return { shipment, plans: versions(final, plannedAt, amendments), amendments, shipmentId, to }
  })
  const outOfOrder = new Set(
    someOf(
      rng,
      told.filter(({ plans }) => plans.length > 1),
      shares.versionsOutOfOrder,
    ),
  )
  const deliveries = told.flatMap((each): PlanDelivery[] => {
    const heardAt = new Map(
      each.amendments.flatMap(({ at, heardAt: heard }) => (heard === undefined ? [] : [[iso(at), heard]])),
    )
    const hearing: Hearing = { outOfOrder: outOfOrder.has(each), resent: resent.has(each.shipment) }
    const notBefore = late.has(each.shipment) ? { notBefore: each.to + rng.between(0.5, 8) * HOUR } : {}
    return plansHeard(rng, each.shipmentId, each.plans, heardAt, { ...hearing, ...notBefore })
  })
  const counts = {
    latePlans: late.size,
    dueByRevisions: revised.size,
    plansOutOfOrder: outOfOrder.size,
    plansResent: resent.size,
    planRevisions: told.reduce((sum, { plans }) => sum + plans.length - 1, 0),
  }
  return { deliveries, counts }
}

function replace(shipments: Shipment[], by: Shipment): void {
  shipments[shipments.findIndex(({ shipmentId }) => shipmentId === by.shipmentId)] = by
}
