/** Where things are on the earth, taken as a sphere. */

export interface Point {
  /** Degrees north and east, WGS 84. */
  readonly latitude: number
  readonly longitude: number
}

/** Mean radius (IUGG R1). */
const EARTH_RADIUS_M = 6_371_008.8
const RADIANS = Math.PI / 180

/** Great-circle distance in metres. */
export function distanceM(a: Point, b: Point): number {
  const sinLat = Math.sin(((b.latitude - a.latitude) * RADIANS) / 2)
  const sinLon = Math.sin(((b.longitude - a.longitude) * RADIANS) / 2)
  const h = sinLat * sinLat + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * sinLon * sinLon
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, h)))
}

/** A place that somebody knows the coordinates of. */
export const isLocated = <P extends { readonly latitude: number | null; readonly longitude: number | null }>(
  place: P,
): place is P & Point => place.latitude !== null && place.longitude !== null

/** Not less than the distance in metres, without trigonometry: a degree of longitude is nowhere longer than one of latitude. */
export function atMostM(a: Point, b: Point): number {
  const lat = b.latitude - a.latitude
  const lon = b.longitude - a.longitude
  return EARTH_RADIUS_M * RADIANS * Math.sqrt(lat * lat + lon * lon)
}

/** A circle on the ground with the box around it, which rules out nearly every position at once. */
export interface Fence extends Point {
  readonly radiusM: number
  readonly south: number
  readonly north: number
  readonly west: number
  readonly east: number
}

/** For what rounding does to the edge of the box. */
const SLACK_DEG = 1e-6

export function fenceOf({ latitude, longitude, radiusM }: Point & { readonly radiusM: number }): Fence {
  const angle = radiusM / EARTH_RADIUS_M
  const lat = angle / RADIANS + SLACK_DEG
  const [south, north] = [latitude - lat, latitude + lat]
  // Near a pole the circle lies across all meridians; across the 180th one a box of degrees says nothing.
  const sinLon = Math.sin(Math.min(angle, Math.PI / 2)) / Math.cos(latitude * RADIANS)
  const lon = south > -90 && north < 90 && sinLon < 1 ? Math.asin(sinLon) / RADIANS + SLACK_DEG : 360
  const [west, east] = [longitude - lon, longitude + lon]
  const around = west < -180 || east > 180
  return { latitude, longitude, radiusM, south, north, west: around ? -360 : west, east: around ? 360 : east }
}

/** At most the radius away. */
export const isInside = (fence: Fence, point: Point): boolean =>
  point.latitude >= fence.south &&
  point.latitude <= fence.north &&
  point.longitude >= fence.west &&
  point.longitude <= fence.east &&
  distanceM(fence, point) <= fence.radiusM
