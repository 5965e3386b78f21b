/** Where the next trip goes: whom the truck loads for, and over which roads. */
import type { StopKind } from '../feeder/delivery.ts'
import { type City, distanceM } from '../feeder/places.ts'
import type { Random } from '../feeder/random.ts'
import { kmOf, loadingCities, type Segment, townsBetween, wayBetween } from './roads.ts'
import { type Site, sites } from './sites.ts'

export interface Leg {
  readonly site: Site
  readonly kind: StopKind
  /** Over the roads, from the place before to this one. */
  readonly way: readonly Segment[]
  readonly km: number
}
export interface Itinerary {
  readonly legs: readonly Leg[]
  /** The shipments on board: which of the legs' ends are their stops. */
  readonly loads: readonly (readonly number[])[]
  /** The halt that a driver may leave out. */
  readonly maySkip?: number
  /** Whether another truck can take over on the last leg. */
  readonly maySwap: boolean
}

const near = (from: City, leastKm: number, mostKm: number): City[] =>
  loadingCities.filter(to => {
    const km = distanceM(from, to) / 1_000
    return km >= leastKm && km <= mostKm
  })

/**
 * A trip from a city. `visited` are the sites of late: a truck does not come back to one while what it brought there
 * may still be looked for.
 */
export function itineraryFrom(rng: Random, from: City, visited: ReadonlySet<Site>): Itinerary {
  const taken = new Set(visited)
  const siteIn = (choices: readonly City[], nearTo: City): Site => {
    const others = loadingCities.toSorted((a, b) => distanceM(a, nearTo) - distanceM(b, nearTo))
    for (const city of [...rng.shuffled(choices), ...others]) {
      const free = sites.filter(site => site.city === city.name && !taken.has(site))
      if (free.length === 0) continue
      const site = rng.pick(free)
      taken.add(site)
      return site
    }
    throw new Error('this truck has been everywhere')
  }
  const cityOf = ({ city }: Site) => loadingCities.find(({ name }) => name === city) as City
  const pickup = siteIn(near(from, 0, rng.chance(0.6) ? 0 : 140), from)
  const regional = rng.chance(0.55)
  const choices = near(cityOf(pickup), regional ? 60 : 260, regional ? 250 : 850)
  const delivery = siteIn(choices, cityOf(pickup))
  const calls: [Site, StopKind][] = [[pickup, 'pickup']]
  const shape = rng.next()
  const hub = rng.pick(['', ...townsBetween(pickup.city, delivery.city).slice(1, -1)])
  const isHub = shape < 0.18 && sites.some(site => site.city === hub && !taken.has(site))
  const second = shape >= 0.18 && shape < 0.36
  if (isHub)
    calls.push([
      siteIn(
        loadingCities.filter(({ name }) => name === hub),
        from,
      ),
      'via',
    ])
  calls.push([delivery, 'delivery'])
  if (second) calls.push([siteIn(near(cityOf(delivery), 30, 170), cityOf(delivery)), 'delivery'])

  let here = from
  const legs = calls.map(([site, kind], i): Leg => {
    const before = calls[i - 1]?.[0].place ?? from
    const way = [...(i > 0 ? [{ to: here, water: false }] : []), ...wayBetween(here.name, site.city)]
    const all = [...way, { to: site.place, water: false }]
    here = cityOf(site)
    return { site, kind, way: all, km: kmOf(before, all) }
  })
  const whole = legs.map((_, i) => i)
  if (second && rng.chance(0.5)) {
    const split = [whole.slice(0, 2), [0, 2]]
    return { legs, loads: split, maySwap: false }
  }
  const together = shape >= 0.36 && rng.chance(0.25) ? rng.whole(2, 3) : 1
  const longEnough = (legs.at(-1)?.km ?? 0) > 120
  return {
    legs,
    loads: Array.from({ length: together }, () => whole),
    ...((isHub || second) && { maySkip: 1 }),
    maySwap: legs.length === 2 && longEnough,
  }
}
