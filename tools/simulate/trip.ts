/**
 * A trip of a truck: what the dispatcher expects of it, and how it goes. Both are driven by the same rules, on roads
 * that are as free as they usually are; what makes the difference has a name.
 */
import { HOUR, MINUTE, type StopKind } from '../feeder/delivery.ts'
import { distanceM, type Point } from '../feeder/places.ts'
import type { Random } from '../feeder/random.ts'
import { Route, type Span } from '../feeder/route.ts'
import { Driver, type Incident, type Trouble } from './driver.ts'
import type { Itinerary, Leg } from './itinerary.ts'
import { openAt, type Site } from './sites.ts'

export interface Halt {
  readonly site: Site
  readonly kind: StopKind
  readonly expected: Span
  /** When the truck was there; none where it drove past. */
  readonly there: Span | undefined
  /** What held it up since the halt before, here included. */
  readonly incidents: readonly Incident[]
  /** The way here, without the stay. */
  readonly way: Span
}
/** A second truck, that took the load over on the way to the last halt. */
export interface Relief {
  readonly route: Route
  readonly takesOverAt: number
}
export interface Trip {
  readonly startsAt: number
  readonly route: Route
  readonly halts: readonly Halt[]
  readonly relief?: Relief
  /** When the device was not heard of at all, and what of it is not known. */
  readonly gap?: Span & { readonly leg: number }
  readonly cancelled: boolean
}

/** The first metres inside of a place, 300 m at town speed. */
const GATE_MS = 31_000

/** What the dispatcher expects: no trouble, usual times. */
export function expectedHalts(itinerary: Itinerary, from: Point, at: number, driver: Driver): Span[] {
  const route = new Route(NO_CHANCE, from, at)
  const alike = driver.alike()
  return itinerary.legs.map(leg => {
    alike.drive(route, leg.way, 0.93)
    const arrived = route.here.at
    stay(route, alike, leg.site, leg.site.usualMinutes * MINUTE)
    return { from: arrived, to: route.here.at }
  })
}
const NO_CHANCE = { between: (low: number) => low } as unknown as Random

/** Drives it. Of a cancelled trip nothing is driven. */
export function driveTrip(
  rng: Random,
  itinerary: Itinerary,
  from: Point,
  at: number,
  driver: Driver,
  expected: readonly Span[],
): Trip {
  const route = new Route(rng, from, at)
  if (rng.chance(0.025)) {
    route.rest(rng.between(90, 300) * MINUTE)
    driver.stood(at, route.here.at)
    const halts = itinerary.legs.map(({ site, kind }, i): Halt => {
      const planned = expected[i] as Span
      return { site, kind, expected: planned, there: undefined, incidents: [], way: planned }
    })
    return { startsAt: at, route, halts, cancelled: true }
  }
  const last = itinerary.legs.length - 1
  const skipped = itinerary.maySkip !== undefined && rng.chance(0.07) ? itinerary.maySkip : -1
  const swapped = itinerary.maySwap && rng.chance(0.04)
  const pace = rng.between(0.9, 0.97)
  let relief: Relief | undefined
  const halts: Halt[] = []
  for (const [i, leg] of itinerary.legs.entries()) {
    const incidents: Incident[] = []
    if (i === 0 && rng.chance(0.06)) incidents.push(hold(route, driver, 'late_start', rng.between(45, 170)))
    const startedAt = route.here.at
    const halt = (way: Span, there: Span | undefined): void =>
      void halts.push({ site: leg.site, kind: leg.kind, expected: expected[i] as Span, there, incidents, way })
    if (i === skipped) {
      incidents.push(...driver.drive(route, leg.way.slice(0, -1), pace, troublesOn(rng, leg)))
      halt({ from: startedAt, to: route.here.at }, undefined)
      continue
    }
    if (swapped && i === last) {
      const handed = handOver(rng, route, driver, leg, pace)
      relief = handed.relief
      incidents.push(...handed.incidents)
      halt({ from: startedAt, to: handed.there.from }, handed.there)
      continue
    }
    incidents.push(...driver.drive(route, leg.way, pace, troublesOn(rng, leg)))
    const arrived = route.here.at
    const slow = rng.chance(0.08) ? rng.between(70, 200) * MINUTE : 0
    const took = leg.site.usualMinutes * rng.between(0.75, 1.25) * MINUTE + slow
    stay(route, driver, leg.site, took)
    if (slow > 0) incidents.push({ cause: 'slow_loading', from: route.here.at - slow, to: route.here.at })
    halt({ from: startedAt, to: arrived - GATE_MS }, { from: arrived - GATE_MS, to: route.here.at + GATE_MS })
  }
  return { startsAt: at, route, halts, ...(relief && { relief }), ...gapOf(rng, halts), cancelled: false }
}

function stay(route: Route, driver: Driver, site: Site, ms: number): void {
  const arrived = route.here.at
  route.stayAt(site.place, openAt(site, arrived) - arrived + ms)
  driver.stood(arrived, route.here.at)
}

function hold(route: Route, driver: Driver, cause: Incident['cause'], minutes: number): Incident {
  const from = route.here.at
  route.rest(minutes * MINUTE)
  driver.stood(from, route.here.at)
  return { cause, from, to: route.here.at }
}

function troublesOn(rng: Random, { way, km }: Leg): Trouble[] {
  const troubles: Trouble[] = []
  const afterM = () => rng.between(0.15, 0.85) * km * 1_000
  if (km > 40 && rng.chance(Math.min(0.25, km / 1_800)))
    troubles.push({ cause: 'traffic', afterM: afterM(), ms: rng.between(25, 130) * MINUTE })
  if (km > 40 && rng.chance(km / 15_000))
    troubles.push({ cause: 'breakdown', afterM: afterM(), ms: rng.between(40, 160) * MINUTE })
  let doneM = 0
  way.forEach(({ to, water }, i) => {
    const before = way[i - 1]
    if (water && before?.water === false && rng.chance(0.2))
      troubles.push({ cause: 'missed_ferry', afterM: doneM + 1, ms: rng.between(60, 150) * MINUTE })
    doneM += before ? distanceM(before.to, to) : 0
  })
  return troubles
}

/** The truck breaks down half way; another one comes, takes the load and delivers it. The first goes on, empty, hours later. */
function handOver(rng: Random, route: Route, driver: Driver, { way, site }: Leg, pace: number) {
  const half = Math.max(1, Math.floor(way.length / 2))
  driver.drive(route, way.slice(0, half), pace)
  const brokeDownAt = route.here.at
  const takesOverAt = brokeDownAt + Math.round(rng.between(70, 150)) * MINUTE
  const second = new Route(rng, route.here, takesOverAt - 20 * MINUTE)
  second.rest(35 * MINUTE)
  const other = new Driver(second.start)
  other.drive(second, way.slice(half), pace)
  const arrived = second.here.at
  stay(second, other, site, site.usualMinutes * MINUTE)
  const there: Span = { from: arrived - GATE_MS, to: second.here.at + GATE_MS }
  other.drive(second, way.slice(-2, -1), pace)
  second.rest(45 * MINUTE)
  hold(route, driver, 'breakdown', rng.between(240, 420))
  driver.drive(route, way.slice(half, -1), pace)
  const incidents: Incident[] = [
    { cause: 'breakdown', from: brokeDownAt, to: takesOverAt },
    { cause: 'vehicle_swap', from: takesOverAt, to: second.start + 35 * MINUTE },
  ]
  return { relief: { route: second, takesOverAt }, there, incidents }
}

/** Long enough that nobody takes it for a hiccup, and away from the stops. */
function gapOf(rng: Random, halts: readonly Halt[]): Pick<Trip, 'gap'> {
  const leg = rng.whole(1, halts.length - 1)
  const { way, there } = halts[leg] as Halt
  if (!there || way.to - way.from < 2.2 * HOUR || !rng.chance(0.09)) return {}
  const lasts = rng.between(48, 100) * MINUTE
  const from = rng.between(way.from + 15 * MINUTE, way.to - 15 * MINUTE - lasts)
  return { gap: { leg, from, to: from + lasts } }
}
