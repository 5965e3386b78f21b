/**
 * A world: a fleet on the roads of Europe for some days, everything that Milepost is told of it, in the disorder in
 * which it is told, and what Milepost must conclude in the end. The same options give the same world.
 *
 * It is kept in memory whole, some 300 bytes a fix: fine for a million fixes. For load without truth see load.ts.
 */
import { carrierDeliveries, tell } from './carriers.ts'
import { type Delivery, HOUR, iso, MINUTE, SECOND } from './delivery.ts'
import { byArrival, uploads } from './disorder.ts'
import { disturb } from './faults.ts'
import { defaultShares, type Scenario, SCENARIOS, type Shares } from './features.ts'
import { drive, type Journey, leave, type Wishes } from './journey.ts'
import { around, cities, type Place } from './places.ts'
import { type Random, random, someOf } from './random.ts'
import { Route, undoubted } from './route.ts'
import { announce, carrierOnlyShipment, confuse, type Shipment, shipmentOf, tellPlans } from './shipments.ts'
import { deadlineOf, type Outcome, outcomeOf } from './truth.ts'
import { type Visit, visitsOf } from './visits.ts'

export interface WorldOptions {
  readonly seed: number | string
  readonly vehicles: number
  readonly shipmentsPerVehicle: number
  /** Milliseconds since the epoch. A whole hour keeps worlds of different start alike. */
  readonly startAt: number
  /** 10–60 */
  readonly fixEverySeconds: number
  readonly uploadEverySeconds: number
  readonly partners: readonly string[]
  readonly shares: Partial<Shares>
}
export interface Totals {
  readonly vehicles: number
  readonly shipments: number
  /** Distinct ones, however often they are sent. */
  readonly positions: number
  readonly positionsSent: number
  readonly carrierEvents: number
  /** Distinct versions of the events. */
  readonly carrierEventVersions: number
  readonly carrierEventsSent: number
  /** Distinct versions of plans. */
  readonly plans: number
  readonly plansSent: number
}
/** All of it survives JSON. */
export interface Truth extends Outcome {
  readonly seed: string
  readonly startAt: string
  /** The highest tick that the deliveries bring; no later one changes the outcome (within the horizon of 30 days). */
  readonly finalTick: string
  readonly totals: Totals
  /** How often each thing happens that this world can have. */
  readonly coverage: Readonly<Record<string, number>>
}
export interface World {
  /** In the order in which they reach Milepost. */
  readonly deliveries: readonly Delivery[]
  readonly truth: Truth
}

export const defaults = {
  vehicles: 30,
  shipmentsPerVehicle: 4,
  fixEverySeconds: 30,
  uploadEverySeconds: 180,
  partners: ['acme-haulage', 'northline', 'rhone-express'],
} as const

/** Throws where a share or a rhythm is out of its range, and where the truth would be in doubt. */
export function makeWorld(options: Pick<WorldOptions, 'seed' | 'startAt'> & Partial<WorldOptions>): World {
  const given = { ...defaults, ...options }
  const { vehicles, startAt, fixEverySeconds, partners } = given
  if (!(fixEverySeconds >= 10 && fixEverySeconds <= 60)) throw new RangeError('fixEverySeconds must be 10–60')
  if (partners.length === 0) throw new RangeError('at least one partner')
  const seed = String(given.seed)
  const rng = random(seed)
  const shares = { ...defaultShares, ...given.shares }
  const everyMs = fixEverySeconds * SECOND

  const shipments: Shipment[] = []
  const deliveries: Delivery[] = []
  const visits = new Map<string, Visit[]>()
  const coverage: Record<string, number> = {}
  const count = (counts: Record<string, number>) => {
    for (const [name, n] of Object.entries(counts)) coverage[name] = (coverage[name] ?? 0) + n
  }
  let end = startAt

  /** The device of a vehicle reports its route. */
  const report = (vehicleId: string, chance: Random, route: Route, watched: readonly Place[]) => {
    const samples = [...undoubted(route.samples(everyMs), route.calls, watched)]
    const { sound, taken, counts } = disturb(chance, vehicleId, samples, route.calls, everyMs, shares)
    const { visits: seen, ...passes } = visitsOf(vehicleId, route.calls, sound)
    const sent = uploads(chance, taken, given.uploadEverySeconds * SECOND, shares)
    visits.set(vehicleId, seen)
    for (const delivery of sent.deliveries) deliveries.push(delivery)
    count({ ...counts, ...passes, bufferedFixes: sent.buffered, duplicateFixes: sent.duplicates })
    coverage['mostLateMinutes'] = Math.max(coverage['mostLateMinutes'] ?? 0, Math.round(sent.mostLateMs / MINUTE))
    count({ stillAtStop: seen.filter(({ departure }) => departure === undefined).length })
    end = Math.max(end, route.here.at)
  }

  const wishes = wishesFor(rng.fork('wishes'), given.vehicles, given.shipmentsPerVehicle, shares)
  for (let v = 0; v < vehicles; v++) {
    const chance = rng.fork(`vehicle ${v}`)
    const vehicleId = `veh-${seed}-${String(v + 1).padStart(4, '0')}`
    const route = new Route(
      chance,
      around(chance, chance.pick(cities), 20_000),
      startAt + chance.between(0, 90) * MINUTE,
    )
    route.rest(5 * MINUTE)
    const known: Place[] = []
    const journeys = wishes[v] as (typeof wishes)[number]
    journeys.forEach((wish, j) => {
      const journey = drive(chance, route, known, wish)
      const relief = `${vehicleId}-relief-${j + 1}`
      if (journey.relief)
        report(
          relief,
          chance,
          journey.relief.route,
          journey.halts.map(({ place }) => place),
        )
      for (const load of journey.loads) {
        const shipmentId = `shp-${seed}-${String(shipments.length + 1).padStart(5, '0')}`
        const who = { shipmentId, vehicles: { first: vehicleId, relief }, partner: chance.pick(partners) }
        shipments.push(shipmentOf(chance, who, journey, load))
      }
      if (j < journeys.length - 1 || chance.chance(0.7)) leave(chance, route)
    })
    report(vehicleId, chance, route, known)
  }

  const others = rng.fork('carrier only')
  const days = end - startAt
  someOf(others, shipments, shares.carrierOnly).forEach((_, index) => {
    const shipmentId = `shp-${seed}-c${String(index + 1).padStart(4, '0')}`
    const at = startAt + others.between(0, days)
    shipments.push(carrierOnlyShipment(others, shipmentId, others.pick(partners), at))
  })

  const confusion = confuse(rng.fork('confusion'), shipments, shares.ambiguous)
  const announced = [...announce(rng.fork('carriers'), shipments, partners, shares), ...confusion.announced]
  const { told, ...changes } = tell(rng.fork('versions'), announced, shares)
  const carried = carrierDeliveries(rng.fork('requests'), told, shares)
  const plans = tellPlans(rng.fork('plans'), shipments, shares)
  deliveries.push(...carried.deliveries, ...plans.deliveries)
  count({ ...changes, ...plans.counts, carrierResends: carried.resends })
  count({ ambiguousReferences: confusion.announced.length, ambiguousSettled: confusion.settled })

  const due = shipments.flatMap(({ final }) => final.stops.map(deadlineOf))
  const latest = deliveries.reduce((most, { at }) => Math.max(most, at), end)
  const finalTick = Math.ceil((Math.max(latest, ...due) + 2 * HOUR) / MINUTE) * MINUTE
  const clock = { vehicleId: `clock-${seed}`, occurredAt: iso(finalTick), latitude: 54.5, longitude: 3 }
  deliveries.push({ kind: 'positions', at: finalTick, positions: [clock] })

  const outcome = outcomeOf(plans.deliveries, visits, told, finalTick)
  const inTurn = byArrival(deliveries)
  count(scenarios(shipments))
  count(found(outcome))
  count(heardEarly(inTurn))
  const totals = totalsOf(inTurn)
  return {
    deliveries: inTurn,
    truth: { seed, startAt: iso(startAt), finalTick: iso(finalTick), totals, coverage, ...outcome },
  }
}

/** What is to happen on each journey of each vehicle. */
function wishesFor(rng: Random, vehicles: number, journeys: number, shares: Shares): Wishes[][] {
  const slots = Array.from({ length: vehicles * journeys }, (_, slot) => slot)
  const scenario = new Map<number, Scenario>()
  for (const name of SCENARIOS.toReversed()) {
    if (name === 'plain' || name === 'via' || name === 'milkRun') continue
    const free = slots.filter(slot => !scenario.has(slot) && (name !== 'vanished' || slot % journeys === journeys - 1))
    const wanted = Math.max(1, Math.round(shares[name] * slots.length))
    for (const slot of rng.shuffled(free).slice(0, shares[name] > 0 ? wanted : 0)) scenario.set(slot, name)
  }
  const [driveBy, interruptedStay, late] = [shares.driveBy, shares.interruptedStay, shares.late].map(
    share => new Set(someOf(rng, slots, share)),
  ) as [Set<number>, Set<number>, Set<number>]
  const wish = (slot: number): Wishes => ({
    scenario: scenario.get(slot) ?? rng.pick(['plain', 'plain', 'via', 'milkRun']),
    driveBy: driveBy.has(slot),
    interruptedStay: interruptedStay.has(slot),
    late: late.has(slot),
  })
  return Array.from({ length: vehicles }, (_, v) => slots.slice(v * journeys, (v + 1) * journeys).map(wish))
}

function scenarios(shipments: readonly Shipment[]): Record<string, number> {
  const journeys = new Set<Journey>(shipments.flatMap(({ journey }) => journey ?? []))
  const counts = Object.fromEntries(SCENARIOS.map(name => [name, 0]))
  for (const { scenario } of journeys) counts[scenario] = (counts[scenario] ?? 0) + 1
  return { ...counts, carrierOnly: shipments.filter(({ journey }) => !journey).length }
}

function found({ milestones, openCases, resolvedLate }: Outcome): Record<string, number> {
  const open = (wanted: string) => openCases.filter(({ kind }) => kind === wanted).length
  return {
    milestonesByPositions: milestones.filter(({ by }) => by === 'positions').length,
    milestonesByCarriers: milestones.filter(({ by }) => by === 'carrier').length,
    milestonesOfNoStop: milestones.filter(({ stopId }) => stopId === null).length,
    estimates: milestones.filter(({ classifier }) => classifier === 'estimated').length,
    lateArrivals: resolvedLate.length,
    openLate: open('late'),
    openMissedMilestone: open('missed_milestone'),
    openNoSignal: open('no_signal'),
    openAmbiguousReference: open('ambiguous_reference'),
  }
}

/** Events that come before any plan has their reference, and those that none ever has. */
function heardEarly(inTurn: readonly Delivery[]): Record<string, number> {
  const planned = new Set<string>()
  const waiting: string[][] = []
  let ofTwoShipments = 0
  for (const each of inTurn) {
    if (each.kind === 'plan') for (const { value } of each.plan.references) planned.add(value)
    if (each.kind !== 'carrier') continue
    for (const { references } of each.events) {
      const values = references.map(({ value }) => value)
      if (new Set(values.map(value => value.replace(/^[A-Z]+-/, ''))).size > 1) ofTwoShipments++
      if (!values.some(value => planned.has(value))) waiting.push(values)
    }
  }
  const orphans = waiting.filter(values => !values.some(value => planned.has(value))).length
  return { eventsBeforeShipment: waiting.length - orphans, orphanEvents: orphans, eventsOfTwoShipments: ofTwoShipments }
}

function totalsOf(deliveries: readonly Delivery[]): Totals {
  const [vehicles, fixes, shipments, plans] = [
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
  ]
  const [events, eventVersions] = [new Set<string>(), new Set<string>()]
  let [positionsSent, plansSent, carrierEventsSent] = [0, 0, 0]
  for (const each of deliveries) {
    if (each.kind === 'positions') {
      positionsSent += each.positions.length
      // no vehicle of the feeder takes two fixes at one time: a second one is the same again
      for (const { vehicleId, occurredAt } of each.positions) fixes.add(`${vehicleId} ${occurredAt}`)
      for (const { vehicleId } of each.positions) vehicles.add(vehicleId)
    } else if (each.kind === 'plan') {
      plansSent++
      shipments.add(each.shipmentId)
      plans.add(`${each.shipmentId} ${each.plan.plannedAt}`)
    } else {
      carrierEventsSent += each.events.length
      for (const event of each.events) {
        events.add(`${each.partner} ${event.eventId}`)
        eventVersions.add(`${each.partner} ${JSON.stringify(event)}`)
      }
    }
  }
  return {
    vehicles: vehicles.size,
    shipments: shipments.size,
    positions: fixes.size,
    positionsSent,
    carrierEvents: events.size,
    carrierEventVersions: eventVersions.size,
    carrierEventsSent,
    plans: plans.size,
    plansSent,
  }
}
