/** A small fleet that drives now: endless, by the wall clock, without truth. It is what one sees after `npm start`. */
import { setTimeout as pause } from 'node:timers/promises'
import { type CarrierEvent, type Delivery, type Fix, HOUR, iso, MINUTE, type Plan, SECOND } from './delivery.ts'
import { along, around, cities, type City, cityAway, distanceM, type Place, type Point } from './places.ts'
import { type Random, random } from './random.ts'
import { type Call, Route } from './route.ts'

export interface FleetOptions {
  readonly vehicles?: number
  /** How much shorter than in life trips and stops are (1–20). Speeds stay those of trucks, and `occurredAt` stays near now. */
  readonly tempo?: number
  readonly fixEverySeconds?: number
  readonly partners?: readonly string[]
  readonly seed?: number | string
  readonly signal?: AbortSignal
  /** For tests: the time, and how to wait. */
  readonly now?: () => number
  readonly sleep?: (ms: number) => Promise<unknown>
}

type Due = { readonly at: number } & (
  | { readonly fix: Fix }
  | { readonly plan: Plan; readonly shipmentId: string }
  | { readonly event: CarrierEvent; readonly partner: string }
)

interface Trip {
  readonly due: readonly Due[]
  /** When the vehicle is free again, and where. */
  readonly endsAt: number
  readonly endsIn: Point
}

/** A trip follows the one before without a break, but where nobody listened for longer it begins so long ago. */
const MOST_BACK_MS = 2 * MINUTE

/**
 * What the fleet tells, as it happens. The vehicles are under way when it starts: the first deliveries bring their
 * plans and what they reported since their last stop. Each start is another fleet, so that two never mix on one
 * Milepost. Ends when the signal does.
 */
export async function* liveFleet(options: FleetOptions = {}): AsyncGenerator<Delivery> {
  const { vehicles = 20, tempo = 1, partners = ['acme-haulage'], signal, now = Date.now } = options
  if (!(tempo >= 1 && tempo <= 20)) throw new RangeError('tempo must be 1–20')
  const sleep = options.sleep ?? (ms => pause(ms, undefined, { ...(signal && { signal }) }).catch(() => undefined))
  const everyMs = (options.fixEverySeconds ?? (tempo > 3 ? 10 : 30)) * SECOND
  const startedAt = now()
  const run = Math.floor(startedAt / SECOND).toString(36)
  const rng = random(`${options.seed ?? run}`)
  let trips = 0
  let message = 0

  const fleet = Array.from({ length: vehicles }, (_, index) => {
    const chance = rng.fork(`vehicle ${index}`)
    const vehicleId = `truck-${run}-${String(index + 1).padStart(2, '0')}`
    const next = (from: Point, at: number, plannedAt: number): Trip => {
      const shipmentId = `demo-${run}-${String(++trips).padStart(4, '0')}`
      return plan(
        chance,
        { vehicleId, shipmentId, partner: chance.pick(partners), tempo, everyMs },
        from,
        at,
        plannedAt,
      )
    }
    // the fleet is spread over its trips: some have just left, some are about to arrive
    const progress = (0.2 + (0.75 * (index + 0.5)) / vehicles) * (LONGEST_KM / 2 / 65) * HOUR
    const since = startedAt - Math.max(10 * MINUTE, progress / tempo)
    const trip = next(around(chance, chance.pick(cities), 12_000), since, since - 30 * MINUTE)
    return { trip, told: 0, next }
  })

  while (!signal?.aborted) {
    const time = now()
    const due: Due[] = []
    for (const vehicle of fleet) {
      for (let each = vehicle.trip.due[vehicle.told]; each && each.at <= time; each = vehicle.trip.due[++vehicle.told])
        due.push(each)
      if (vehicle.told < vehicle.trip.due.length || time < vehicle.trip.endsAt) continue
      const { endsIn, endsAt } = vehicle.trip
      vehicle.trip = vehicle.next(endsIn, Math.max(endsAt, time - MOST_BACK_MS), time)
      vehicle.told = 0
    }
    for (const each of due) {
      if ('plan' in each) yield { kind: 'plan', at: time, shipmentId: each.shipmentId, plan: each.plan }
    }
    const positions = due.flatMap(each => ('fix' in each ? each.fix : []))
    for (let i = 0; i < positions.length; i += 1_000) {
      yield { kind: 'positions', at: time, positions: positions.slice(i, i + 1_000) }
    }
    for (const each of due) {
      if (!('event' in each)) continue
      const messageId = `msg_${run}${(++message).toString(36)}`
      yield { kind: 'carrier', at: time, partner: each.partner, messageId, events: [each.event] }
    }
    await sleep(SECOND)
  }
}

const LONGEST_KM = 160

interface Order {
  readonly vehicleId: string
  readonly shipmentId: string
  readonly partner: string
  readonly tempo: number
  readonly everyMs: number
}

/** A trip along the corridor between two cities: to the pickup, to the delivery, all told in the order it happens. */
function plan(rng: Random, order: Order, from: Point, at: number, plannedAt: number): Trip {
  const { vehicleId, shipmentId, partner, tempo, everyMs } = order
  const scaled = (least: number, low: number, high: number) => Math.max(least, rng.between(low, high) / tempo)
  const start = nearest(from)
  const end = cityAway(rng, from, 90, 320)
  const radiusM = 300
  const spot = { ...around(rng, from, scaled(2, 4, 12) * 1_000), radiusM }
  const pickup: Place = { name: `${start.name} warehouse ${rng.whole(1, 40)}`, ...spot }
  const km = scaled(5, 60, LONGEST_KM)
  const total = distanceM(pickup, end) / 1_000
  const there = around(rng, along(pickup, end, Math.min(0.95, km / total)), 1_000)
  const close = nearest(there)
  const where = distanceM(there, close) < 15_000 ? close.name : `${start.name}–${end.name} km ${Math.round(km)}`
  const delivery: Place = { name: `${where} depot ${rng.whole(1, 40)}`, ...there, radiusM }

  const route = new Route(rng, from, at)
  route.driveTo(pickup)
  route.stayAt(pickup, scaled(3.5, 18, 35) * MINUTE)
  route.driveTo(delivery)
  route.stayAt(delivery, scaled(3.5, 18, 35) * MINUTE)
  const [loading, unloading] = route.calls as [Call, Call]
  const leg = unloading.from - loading.to
  if (leg > 80 * MINUTE && rng.chance(0.07)) {
    const middle = loading.to + leg / 2
    route.unseen.push({ from: middle - 22 * MINUTE, to: middle + 22 * MINUTE })
  }
  const late = rng.chance(0.25)
  const whole = (time: number) => Math.round(time / SECOND) * SECOND
  const dueBy = whole(unloading.from + (late ? -scaled(4, 15, 60) : scaled(6, 25, 70)) * MINUTE)
  const references = [
    { scheme: 'bol', value: `BOL-${shipmentId}` },
    { scheme: 'po', value: `PO-${rng.whole(100_000, 999_999)}` },
  ]
  const body: Plan = {
    status: 'active',
    references,
    carrierId: partner,
    customerId: `customer-${rng.whole(1, 6)}`,
    vehicleId,
    plannedAt: iso(whole(plannedAt)),
    stops: [
      { stopId: 's1', kind: 'pickup', place: pickup, plannedArrival: iso(whole(loading.from - MINUTE)) },
      { stopId: 's2', kind: 'delivery', place: delivery, plannedArrival: iso(dueBy - 5 * MINUTE), dueBy: iso(dueBy) },
    ],
  }
  const event = (code: string, classifier: 'actual' | 'estimated', occurred: number, told: number): Due => {
    const times = { occurredAt: iso(whole(occurred)), updatedAt: iso(whole(told)) }
    const eventId = `${shipmentId}-${code}-${classifier}`
    return { at: told, partner, event: { eventId, references: references.slice(0, 1), code, classifier, ...times } }
  }
  const share = (call: Call, part: number) => call.from + (call.to - call.from) * part
  const fixes = [...route.samples(everyMs)].map(({ at: time, ...seen }): Due => ({
    at: time + rng.whole(300, 1_500),
    fix: { vehicleId, occurredAt: iso(time), ...seen, accuracyM: rng.whole(4, 15) },
  }))
  const due: Due[] = [
    { at: plannedAt, shipmentId, plan: body },
    ...fixes,
    event('loaded', 'actual', share(loading, 0.6), share(loading, 0.8)),
    event('arrived_at_delivery', 'estimated', unloading.from + rng.whole(-4, 8) * MINUTE, loading.to),
    event('delivered', 'actual', share(unloading, 0.6), share(unloading, 0.8)),
  ]
  return { due: due.sort((a, b) => a.at - b.at), endsAt: route.here.at, endsIn: delivery }
}

const nearest = (point: Point): City =>
  cities.reduce((best, city) => (distanceM(city, point) < distanceM(best, point) ? city : best))
