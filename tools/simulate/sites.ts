/** The warehouses of the simulated world: a few outside of each city, on the roads out of it, with hours and a pace of their own. */
import { distanceM, offset, type Place, type Point } from '../feeder/places.ts'
import { random } from '../feeder/random.ts'
import { HOUR } from '../feeder/delivery.ts'
import { loadingCities, townsAndRoads } from './roads.ts'

export interface Site {
  readonly city: string
  readonly place: Place
  /** Whole hours of the day, UTC; 0–24 never closes. Nights are closed, not days. */
  readonly opensAt: number
  readonly closesAt: number
  /** What loading or unloading usually takes. */
  readonly usualMinutes: number
}

const KINDS = ['warehouse', 'cross-dock', 'distribution centre', 'plant', 'freight hall']
const HOURS: readonly (readonly [number, number])[] = [
  ...[[0, 24] as const, [0, 24] as const, [4, 20] as const, [5, 21] as const, [6, 18] as const],
]
const EACH = 4
/** So far apart that no vehicle is at two of them. */
const APART_M = 3_500

/** The same for every world. */
export const sites: readonly Site[] = loadingCities.flatMap(city => {
  const rng = random(`sites of ${city.name}`)
  const { towns, roads } = townsAndRoads()
  const next = roads.flatMap(({ from, to, water }) =>
    water ? [] : from === city.name ? [to] : to === city.name ? [from] : [],
  )
  const found: Site[] = []
  for (let attempt = 0; found.length < EACH && attempt < 200; attempt++) {
    const town = towns.find(({ name }) => name === next[attempt % next.length])
    const point = town
      ? outside(city, town, rng.between(4_500, 15_000), (rng.chance(0.5) ? 1 : -1) * rng.between(900, 2_500))
      : city
    if (found.some(({ place }) => distanceM(place, point) < APART_M)) continue
    const [opensAt, closesAt] = rng.pick(HOURS)
    const name = `${city.name} ${rng.pick(KINDS)} ${found.length + 1}`
    const usualMinutes = rng.whole(20, 45)
    found.push({ city: city.name, place: { name, ...point, radiusM: 300 }, opensAt, closesAt, usualMinutes })
  }
  return found
})

/** A point so far on the way to a town, and so far to the right of it. */
function outside(from: Point, to: Point, onM: number, asideM: number): Point {
  const north = to.latitude - from.latitude
  const east = (to.longitude - from.longitude) * Math.cos((from.latitude * Math.PI) / 180)
  const length = Math.hypot(north, east)
  return offset(from, (onM * north - asideM * east) / length, (onM * east + asideM * north) / length)
}

/** When a truck that is there at this time is let in. */
export function openAt({ opensAt, closesAt }: Site, at: number): number {
  const day = 24 * HOUR
  const midnight = Math.floor(at / day) * day
  if (at < midnight + opensAt * HOUR) return midnight + opensAt * HOUR
  return at < midnight + closesAt * HOUR ? at : midnight + day + opensAt * HOUR
}
