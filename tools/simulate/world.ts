/**
 * The simulated world: a fleet that goes on for ever, each truck from one trip to the next, all that Milepost is told of
 * it and all that is true, in the order of time. The same options give the same world, however far it is followed; its
 * trucks are made of what the feeder's worlds are made of (tools/feeder), and only as far ahead as is needed.
 */
import { type CarrierDelivery, HOUR, iso, MINUTE, type PlanDelivery, type Reference } from '../feeder/delivery.ts'
import type { City } from '../feeder/places.ts'
import { type Random, random } from '../feeder/random.ts'
import { type Device, deviceOf, report } from './devices.ts'
import { Driver } from './driver.ts'
import type { Happening } from './happenings.ts'
import { Heap } from './heap.ts'
import { type Itinerary, itineraryFrom } from './itinerary.ts'
import { announcementOf, containerOf, type Order, orderOf } from './orders.ts'
import { loadingCities } from './roads.ts'
import { openAt, type Site } from './sites.ts'
import { outageOf, tellOf } from './telling.ts'
import { driveTrip, expectedHalts, type Trip } from './trip.ts'
import { truthOfOrder, truthOfTruck } from './truth.ts'

export interface WorldOptions {
  readonly seed: number | string
  /** Trucks that drive; those that come to relieve others are not counted. */
  readonly vehicles: number
  /** When the first of them set off, milliseconds since the epoch. */
  readonly startAt: number
  /** 10–120; parked devices report less often. */
  readonly fixEverySeconds?: number
  readonly uploadEverySeconds?: number
  /** The carriers, each with manners of its own. */
  readonly partners: readonly string[]
  /** So many shipments are ordered, and all of them driven to the end; without it there is no end. */
  readonly shipments?: number
}

/** Nothing of a trip is heard earlier than this before it starts. */
const LEAD = 9 * HOUR
/** A site may come again after that. */
const SITE_REST = 60 * HOUR
const DAY = 24 * HOUR

/** Throws RangeError where an option is out of its range. */
export function* simulated(options: WorldOptions): Generator<Happening> {
  const { startAt, partners, vehicles, shipments = Infinity } = options
  const { fixEverySeconds = 60, uploadEverySeconds = 180 } = options
  if (!(vehicles >= 1 && vehicles <= 100_000)) throw new RangeError('vehicles must be 1–100,000')
  if (!(fixEverySeconds >= 10 && fixEverySeconds <= 120)) throw new RangeError('fixEverySeconds must be 10–120')
  if (partners.length === 0) throw new RangeError('at least one partner')
  const seed = String(options.seed)
  const rng = random(`simulated ${seed}`)
  const every = { fixEverySeconds, uploadEverySeconds }
  yield { at: startAt, truth: { type: 'world', seed, startAt: iso(startAt), vehicles, fixEverySeconds } }

  const trucks = new Heap<Truck>(({ nextAt }) => nextAt - LEAD)
  for (let n = 0; n < vehicles; n++)
    trucks.push(new Truck(rng.fork(`truck ${n}`), seed, n + 1, startAt, every, partners))
  const waiting = new Heap<Happening>(({ at }) => at)
  let ordered = 0
  let lastAt = startAt
  let day = Math.floor(startAt / DAY)
  for (;;) {
    const truck = ordered < shipments ? trucks.peek() : undefined
    const known = truck ? truck.nextAt - LEAD : Infinity
    for (let next = waiting.peek(); next && next.at < known; next = waiting.peek()) {
      waiting.pop()
      if (next.at >= (day + 1) * DAY) for (const down of outages(seed, partners, ++day)) waiting.push(down)
      lastAt = Math.max(lastAt, next.at)
      yield { ...next, at: Math.max(startAt, next.at) }
    }
    if (!truck) break
    trucks.pop()
    const trip = truck.nextTrip(shipments - ordered)
    ordered += trip.shipments
    for (const each of trip.happenings) waiting.push(each)
    trucks.push(truck)
  }
  const finalTick = Math.ceil((lastAt + 50 * HOUR) / MINUTE) * MINUTE
  yield { at: lastAt, truth: { type: 'end', shipments: ordered, finalTick: iso(finalTick) } }
}

const outages = (seed: string, partners: readonly string[], day: number): Happening[] =>
  partners.flatMap(partner => {
    const down = outageOf(seed, partner, day * DAY)
    if (!down) return []
    const times = { from: iso(down.from), until: iso(down.to) }
    return [
      {
        at: down.from,
        truth: {
          type: 'case',
          kind: 'stale_source',
          subject: `partner:${partner}`,
          stopId: null,
          cause: 'feed_down',
          ...times,
        },
      },
    ]
  })

/** One truck: its driver, its device, and where it is. */
class Truck {
  readonly #rng: Random
  readonly #seed: string
  readonly #id: string
  readonly #device: Device
  readonly #driver: Driver
  readonly #every: { readonly fixEverySeconds: number; readonly uploadEverySeconds: number }
  readonly #partners: readonly string[]
  readonly #visited = new Map<Site, number>()
  #city: City
  #at: number
  #trips = 0
  #shipments = 0
  #last: Earlier | undefined

  constructor(
    rng: Random,
    seed: string,
    number: number,
    startAt: number,
    every: Truck['every'],
    partners: readonly string[],
  ) {
    this.#rng = rng
    this.#seed = seed
    this.#id = `${seed}-${String(number).padStart(4, '0')}`
    this.#every = every
    this.#device = deviceOf(rng, `truck-${this.#id}`, every)
    this.#partners = partners
    this.#city = rng.pick(loadingCities)
    this.#at = startAt + rng.between(0, 6) * HOUR
    this.#driver = new Driver(this.#at - rng.between(0, 7) * HOUR)
  }
  get every() {
    return this.#every
  }
  /** When it sets off next. */
  get nextAt(): number {
    return this.#at
  }

  /** The next trip with at most so many shipments. */
  nextTrip(most: number): { happenings: Happening[]; shipments: number } {
    const rng = this.#rng.fork(`trip ${++this.#trips}`)
    const startsAt = this.#at
    const { itinerary, expected } = this.#dispatch(rng)
    const trip = driveTrip(rng, itinerary, this.#city, startsAt, this.#driver, expected)
    this.#leave(rng, trip, itinerary)
    if (trip.gap) trip.route.unseen.push(trip.gap)
    const { deliveries, wild } = report(rng.fork('device'), this.#device, trip.route)
    const happenings: Happening[] = [
      ...deliveries.map(delivery => ({ at: delivery.at, delivery })),
      ...truthOfTruck(this.#device.vehicleId, trip, wild),
    ]
    const relief = `truck-${this.#id}-relief-${this.#trips}`
    if (trip.relief) {
      const other = report(rng.fork('relief'), deviceOf(rng, relief, this.#every), trip.relief.route)
      happenings.push(
        ...other.deliveries.map(delivery => ({ at: delivery.at, delivery })),
        ...truthOfTruck(relief, { ...trip, halts: [] }, other.wild),
      )
    }
    const loads = itinerary.loads.slice(0, Math.max(1, most))
    for (const load of loads) happenings.push(...this.#order(rng, trip, load, relief))
    return { happenings, shipments: loads.length }
  }

  /** Where to next: the dispatcher thinks of some, and takes one that does not end at a closed gate. */
  #dispatch(rng: Random): { itinerary: Itinerary; expected: ReturnType<typeof expectedHalts> } {
    for (const [site, at] of this.#visited) if (at < this.#at - SITE_REST) this.#visited.delete(site)
    for (let attempt = 0; ; attempt++) {
      const itinerary = itineraryFrom(rng, this.#city, new Set(this.#visited.keys()))
      const expected = expectedHalts(itinerary, this.#city, this.#at, this.#driver)
      const waits = expected.map(
        ({ from }, i) => openAt((itinerary.legs[i] as Itinerary['legs'][number]).site, from) - from,
      )
      if (attempt === 12 || Math.max(...waits) < 40 * MINUTE) return { itinerary, expected }
    }
  }

  /** Off the yard to the middle of the town, and there until the next trip. */
  #leave(rng: Random, { route, relief, halts }: Trip, { legs }: Itinerary): void {
    const site = legs.at(-1)?.site
    if (halts.some(({ there }) => there)) {
      this.#city = loadingCities.find(({ name }) => name === site?.city) ?? this.#city
      if (!relief) this.#driver.drive(route, [{ to: this.#city, water: false }], 0.9)
    }
    const from = route.here.at
    route.rest(rng.chance(0.3) ? rng.between(11, 14) * HOUR : rng.between(15, 100) * MINUTE)
    this.#driver.stood(from, route.here.at)
    for (const leg of legs) this.#visited.set(leg.site, route.here.at)
    this.#at = route.here.at
  }

  #order(rng: Random, trip: Trip, load: readonly number[], relief: string): Happening[] {
    const shipmentId = `shp-${this.#id}-${String(++this.#shipments).padStart(3, '0')}`
    const manner = rng.whole(0, this.#partners.length - 1)
    const partner = this.#partners[manner] as string
    const vehicles = { first: this.#device.vehicleId, relief }
    const { order, plans } = orderOf(
      rng,
      { shipmentId, partner, vehicles, othersReference: this.#last?.reference },
      trip,
      load,
    )
    const misled = misledBy(order, this.#last)
    const carried = trip.cancelled ? [] : tellOf(rng.fork(shipmentId), this.#seed, announcementOf(order, manner))
    this.#last = trip.cancelled || order.mistaken ? undefined : earlier(order, carried)
    const doubtful = isInDoubt(order, plans, carried)
    const truth = truthOfOrder(order).filter(
      each => doubtful || !('truth' in each && each.truth.type === 'case' && each.truth.kind === 'ambiguous_reference'),
    )
    return [...[...plans, ...carried].map(delivery => ({ at: delivery.at, delivery })), ...truth, ...misled]
  }
}

/** A shipment whose reference another one may get by mistake. */
interface Earlier {
  readonly shipmentId: string
  readonly reference: Reference
  /** Where it was picked up, and when it was further on; undefined: there is no one such place. */
  readonly pickup: { readonly stopId: string; readonly furtherAt: number } | undefined
  /** Its carrier told of the loading. */
  readonly loaded: boolean
}
function earlier({ shipmentId, plan, trip, halts }: Order, carried: readonly CarrierDelivery[]): Earlier {
  const [pickup, ...others] = plan.stops.filter(({ kind }) => kind === 'pickup')
  const further = halts.slice(1).flatMap(n => trip.halts[n]?.there?.from ?? [])
  const said = carried.flatMap(({ events }) => events)
  return {
    ...{ shipmentId, reference: containerOf(shipmentId) },
    pickup: pickup && others.length === 0 ? { stopId: pickup.stopId, furtherAt: Math.min(...further) } : undefined,
    loaded: said.some(({ code, classifier }) => code === 'loaded' && classifier === 'actual'),
  }
}

/** Once the mistake is mended, what was told under the reference is of the other shipment: loaded, long after it was delivered. */
function misledBy({ mistaken }: Order, other: Earlier | undefined): Happening[] {
  const { pickup, loaded } = other ?? {}
  if (!other || !pickup || loaded !== false || mistaken?.mendedAt == null) return []
  if (mistaken.toldAt < pickup.furtherAt + 5 * MINUTE) return []
  const { toldAt: at, mendedAt } = mistaken
  const about = { kind: 'out_of_sequence', subject: other.shipmentId, stopId: pickup.stopId } as const
  const truth = { type: 'case', ...about, cause: 'wrong_reference', from: iso(mendedAt), until: null } as const
  return [{ at: Math.max(at, mendedAt), truth }]
}

/** Whether a mistaken reference was ever heard of while two shipments had it. */
function isInDoubt({ mistaken }: Order, plans: readonly PlanDelivery[], carried: readonly CarrierDelivery[]): boolean {
  if (!mistaken) return false
  const named = ({ value }: Reference) => value === mistaken.reference.value
  const firstOf = (some: readonly { readonly at: number }[]) => Math.min(...some.map(({ at }) => at))
  const given = firstOf(plans.filter(({ plan }) => plan.references.some(named)))
  const told = firstOf(carried.filter(({ events }) => events.some(({ references }) => references.some(named))))
  const { mendedAt } = mistaken
  if (mendedAt === null) return Number.isFinite(told)
  const mended = firstOf(plans.filter(({ plan }) => Date.parse(plan.plannedAt) >= mendedAt))
  return Math.max(given, told) + MINUTE < mended
}
