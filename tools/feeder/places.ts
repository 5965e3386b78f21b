/** Where the fleets of the feeder drive: cities of Europe, and warehouses made up around them. */
import type { Random } from './random.ts'

export interface Point {
  readonly latitude: number
  readonly longitude: number
}
export interface Place extends Point {
  readonly name: string
  readonly radiusM: number
}

const EARTH_RADIUS_M = 6_371_000
const METRES_PER_DEGREE = (EARTH_RADIUS_M * Math.PI) / 180
const radians = (degrees: number) => (degrees * Math.PI) / 180
/** To the sixth decimal, some 10 cm: what devices send. */
const rounded = (degrees: number) => Math.round(degrees * 1e6) / 1e6

/** Great-circle distance in metres, by the haversine. The feeder's own, so that it cannot share a mistake with the pipeline. */
export function distanceM(a: Point, b: Point): number {
  const north = Math.sin(radians(b.latitude - a.latitude) / 2)
  const east = Math.sin(radians(b.longitude - a.longitude) / 2)
  const h = north * north + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * east * east
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** The point so many metres north and east of another; good for some 100 km away from the poles. */
export const offset = (from: Point, northM: number, eastM: number): Point => ({
  latitude: rounded(from.latitude + northM / METRES_PER_DEGREE),
  longitude: rounded(from.longitude + eastM / (METRES_PER_DEGREE * Math.cos(radians(from.latitude)))),
})

/** A point at a distance, in a direction that chance gives. */
export function around(rng: Random, from: Point, distance: number): Point {
  const direction = rng.between(0, 2 * Math.PI)
  return offset(from, distance * Math.cos(direction), distance * Math.sin(direction))
}

/** The point at a fraction of the way, both coordinates in proportion; may go beyond the ends. */
export const along = (from: Point, to: Point, fraction: number): Point => ({
  latitude: rounded(from.latitude + (to.latitude - from.latitude) * fraction),
  longitude: rounded(from.longitude + (to.longitude - from.longitude) * fraction),
})

/** Course from one point to another, whole degrees from north, 0–359. */
export function courseDeg(from: Point, to: Point): number {
  const north = to.latitude - from.latitude
  const east = (to.longitude - from.longitude) * Math.cos(radians(from.latitude))
  return (Math.round((Math.atan2(east, north) * 180) / Math.PI) + 360) % 360
}

export interface City extends Point {
  readonly name: string
}
const city = (name: string, latitude: number, longitude: number): City => ({ name, latitude, longitude })

export const cities: readonly City[] = [
  city('Rotterdam', 51.92, 4.48),
  city('Antwerp', 51.22, 4.4),
  city('Eindhoven', 51.44, 5.48),
  city('Liège', 50.63, 5.57),
  city('Duisburg', 51.43, 6.76),
  city('Cologne', 50.94, 6.96),
  city('Dortmund', 51.51, 7.47),
  city('Bremen', 53.08, 8.8),
  city('Hamburg', 53.55, 9.99),
  city('Hannover', 52.37, 9.73),
  city('Kassel', 51.31, 9.48),
  city('Frankfurt', 50.11, 8.68),
  city('Mannheim', 49.49, 8.47),
  city('Stuttgart', 48.78, 9.18),
  city('Nuremberg', 49.45, 11.08),
  city('Munich', 48.14, 11.58),
  city('Leipzig', 51.34, 12.37),
  city('Berlin', 52.52, 13.4),
  city('Dresden', 51.05, 13.74),
  city('Prague', 50.08, 14.44),
  city('Brno', 49.2, 16.61),
  city('Vienna', 48.21, 16.37),
  city('Bratislava', 48.15, 17.11),
  city('Budapest', 47.5, 19.04),
  city('Linz', 48.31, 14.29),
  city('Wrocław', 51.11, 17.03),
  city('Poznań', 52.41, 16.93),
  city('Łódź', 51.76, 19.46),
  city('Warsaw', 52.23, 21.01),
  city('Katowice', 50.26, 19.02),
  city('Strasbourg', 48.57, 7.75),
  city('Basel', 47.56, 7.59),
  city('Zurich', 47.38, 8.54),
  city('Metz', 49.12, 6.18),
  city('Reims', 49.26, 4.03),
  city('Lille', 50.63, 3.06),
  city('Paris', 48.86, 2.35),
  city('Dijon', 47.32, 5.04),
  city('Lyon', 45.76, 4.84),
  city('Turin', 45.07, 7.69),
  city('Milan', 45.46, 9.19),
  city('Verona', 45.44, 10.99),
  city('Bologna', 44.49, 11.34),
  city('Ljubljana', 46.06, 14.51),
  city('Zagreb', 45.81, 15.98),
]

/** A city between so and so many kilometres away by the crow; the one nearest to that range where there is none. */
export function cityAway(rng: Random, from: Point, leastKm: number, mostKm: number): City {
  const miss = (to: City) => {
    const km = distanceM(from, to) / 1_000
    return km < leastKm ? leastKm - km : km > mostKm ? km - mostKm : 0
  }
  const fits = cities.filter(to => miss(to) === 0)
  if (fits.length > 0) return rng.pick(fits)
  return cities.filter(to => miss(to) < leastKm).reduce((best, to) => (miss(to) < miss(best) ? to : best))
}

const KINDS = ['warehouse', 'cross-dock', 'distribution centre', 'plant', 'freight hall']

/** A place 4–14 km from the middle of a city, at least 3 km from the places that its vehicle knows already. */
export function warehouse(rng: Random, near: City, away: readonly Point[], radiusM = 300): Place {
  for (let attempt = 0; attempt < 200; attempt++) {
    const at = around(rng, near, rng.between(4_000, 14_000))
    if (away.every(other => distanceM(at, other) > 3_000)) {
      return { name: `${near.name} ${rng.pick(KINDS)} ${rng.whole(1, 99)}`, ...at, radiusM }
    }
  }
  throw new Error(`no room for another place near ${near.name}: fewer shipments per vehicle, please`)
}
