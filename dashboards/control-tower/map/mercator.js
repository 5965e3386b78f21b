/** Web Mercator: the world is a square, x from west and y from north, both from 0 to 1. */

const MAX_LATITUDE = 85

export function toWorld(latitude, longitude) {
  const φ = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)) * Math.PI) / 180
  return { x: (longitude + 180) / 360, y: 0.5 - Math.log(Math.tan(Math.PI / 4 + φ / 2)) / (2 * Math.PI) }
}
