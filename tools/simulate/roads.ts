/**
 * The roads that trucks take between the cities of Europe: a small net made by hand, along motorways, over passes and
 * through tunnels that there are, and across the water only where there is a ferry or a shuttle. Coordinates are those
 * of the towns, to some hundredths of a degree.
 */
import { along, cities as inland, type City, distanceM, offset, type Place, type Point } from '../feeder/places.ts'

const city = (name: string, latitude: number, longitude: number): City => ({ name, latitude, longitude })

/** Cities beside those that the feeder has: with them the net reaches from Madrid to Stockholm. */
const further: readonly City[] = [
  ...[city('London', 51.51, -0.13), city('Birmingham', 52.48, -1.9), city('Manchester', 53.48, -2.24)],
  ...[city('Bordeaux', 44.84, -0.58), city('Toulouse', 43.6, 1.44), city('Marseille', 43.3, 5.37)],
  ...[city('Nantes', 47.22, -1.55), city('Barcelona', 41.39, 2.17), city('Zaragoza', 41.65, -0.89)],
  ...[city('Madrid', 40.42, -3.7), city('Bilbao', 43.26, -2.93), city('Genoa', 44.41, 8.93)],
  ...[city('Florence', 43.77, 11.26), city('Rome', 41.9, 12.5), city('Graz', 47.07, 15.44)],
  ...[city('Aarhus', 56.16, 10.2), city('Copenhagen', 55.68, 12.57), city('Gothenburg', 57.71, 11.97)],
  ...[city('Stockholm', 59.33, 18.07), city('Kraków', 50.06, 19.94), city('Gdańsk', 54.35, 18.65)],
]
/** Where loads come from and go to. */
export const loadingCities: readonly City[] = [...inland, ...further]

/** Only driven through. */
const junctions: readonly City[] = [
  ...[city('Calais', 50.95, 1.86), city('Folkestone', 51.08, 1.17), city('Kolding', 55.49, 9.47)],
  ...[city('Odense', 55.4, 10.39), city('Malmö', 55.6, 13), city('Jönköping', 57.78, 14.16)],
  ...[city('Tours', 47.39, 0.68), city('Clermont-Ferrand', 45.78, 3.09), city('Narbonne', 43.18, 3)],
  ...[city('Orange', 44.14, 4.81), city('Chambéry', 45.57, 5.92), city('Modane', 45.2, 6.67)],
  ...[city('Bayonne', 43.49, -1.47), city('Burgos', 42.34, -3.7), city('Nice', 43.71, 7.22)],
  ...[city('Göschenen', 46.67, 8.59), city('Bellinzona', 46.19, 9.02), city('Kufstein', 47.58, 12.17)],
  ...[city('Innsbruck', 47.26, 11.39), city('Brenner', 47, 11.51), city('Bolzano', 46.49, 11.34)],
  ...[city('Salzburg', 47.8, 13.04), city('Villach', 46.61, 13.85), city('Udine', 46.06, 13.24)],
  ...[city('Radstadt', 47.38, 13.46), city('Padua', 45.41, 11.88), city('Maribor', 46.56, 15.65)],
  ...[city('Trieste', 45.65, 13.77), city('Luxembourg', 49.61, 6.13), city('Osnabrück', 52.28, 8.05)],
  ...[city('Erfurt', 50.98, 11.03), city('Hof', 50.31, 11.91), city('Szczecin', 53.43, 14.55)],
  ...[city('Toruń', 53.01, 18.6), city('Žilina', 49.22, 18.74), city('Lucerne', 47.05, 8.31)],
]

const LINES = `
Manchester Birmingham London Folkestone ~Calais Lille Antwerp Rotterdam
Calais Paris Tours Bordeaux Bayonne Bilbao Burgos Madrid Zaragoza Barcelona Narbonne Orange Lyon Dijon Metz Luxembourg Liège
Bordeaux Toulouse Narbonne
Nantes Tours
Orange Marseille Nice Genoa Milan Turin Modane Chambéry Lyon Clermont-Ferrand Tours
Turin Genoa Bologna
Bilbao Zaragoza
Lille Paris Reims Metz Strasbourg Basel Lucerne Göschenen Bellinzona Milan
Reims Lille
Paris Dijon Basel Zurich Lucerne
Dijon Strasbourg
Zurich Stuttgart
Antwerp Eindhoven Duisburg Dortmund Hannover Berlin Poznań Łódź Warsaw
Liège Eindhoven Rotterdam
Antwerp Liège Cologne Frankfurt Nuremberg Munich Kufstein Innsbruck Brenner Bolzano Verona Bologna Florence Rome
Cologne Duisburg
Cologne Dortmund Osnabrück Bremen Hamburg Kolding Aarhus
Hamburg Hannover Kassel Frankfurt Mannheim Stuttgart Munich Salzburg Linz Vienna Bratislava Budapest
Kassel Dortmund
Osnabrück Hannover
Bremen Hannover
Strasbourg Mannheim Luxembourg
Basel Strasbourg
Stuttgart Nuremberg Hof Leipzig Berlin Hamburg
Frankfurt Erfurt Leipzig Dresden Berlin Szczecin Gdańsk Toruń Łódź Katowice Kraków
Kassel Erfurt
Hof Dresden Prague Brno Vienna Graz Maribor Zagreb Budapest
Nuremberg Prague
Dresden Wrocław Łódź
Poznań Wrocław Katowice Žilina Bratislava Brno Katowice
Toruń Poznań
Toruń Warsaw
Kufstein Salzburg Radstadt Villach Udine Padua Verona Milan
Padua Bologna
Villach Ljubljana Zagreb
Graz Villach
Maribor Ljubljana Trieste Udine
Kolding Odense Copenhagen Malmö Gothenburg
Malmö Jönköping Stockholm
Gothenburg Jönköping`

/** What a truck drives along; `water`: it is carried, at the pace of the shuttle, and cannot stop. */
export interface Segment {
  readonly to: Point
  readonly water: boolean
}
interface Road {
  readonly to: string
  readonly km: number
  readonly water: boolean
}

/** Roads are not straight: how far they swing aside, in parts of their length. */
const SWING = 0.035
const REST_EVERY_M = 24_000

const nodes: ReadonlyMap<string, City> = new Map([...loadingCities, ...junctions].map(each => [each.name, each]))
const roads = new Map<string, Road[]>()
for (const line of LINES.trim().split('\n')) {
  const names = line.split(' ')
  for (const [i, name] of names.slice(1).entries()) {
    const [a, b] = [(names[i] ?? '').replace('~', ''), name.replace('~', '')]
    const [from, to] = [nodes.get(a), nodes.get(b)]
    if (!from || !to) throw new Error(`there is no ${from ? b : a}`)
    const road = { km: distanceM(from, to) / 1_000, water: name.startsWith('~') }
    roads.set(a, [...(roads.get(a) ?? []), { to: b, ...road }])
    roads.set(b, [...(roads.get(b) ?? []), { to: a, ...road }])
  }
}

const shapes = new Map<string, readonly Segment[]>()
/** The points of a road, the same in both directions: at each of them a truck can stand. */
function shapeOf(a: string, b: string, water: boolean): readonly Segment[] {
  if (a > b) {
    const back = shapeOf(b, a, water)
    return [...back.slice(0, -1).reverse(), { to: nodes.get(b) as City, water }]
  }
  const known = shapes.get(`${a} ${b}`)
  if (known) return known
  const [from, to] = [nodes.get(a) as City, nodes.get(b) as City]
  const lengthM = distanceM(from, to)
  const parts = Math.max(1, Math.round(lengthM / REST_EVERY_M))
  const [north, east] = [(to.longitude - from.longitude) * 0.65, from.latitude - to.latitude]
  const across = Math.hypot(north, east) || 1
  const swing = water ? 0 : (SWING * lengthM * ((a.length * 7 + b.length * 3) % 2 === 0 ? 1 : -1)) / across
  const shape = Array.from({ length: parts }, (_, i): Segment => {
    const part = (i + 1) / parts
    const aside = swing * Math.sin(2 * Math.PI * part) ** 2 * (part < 0.5 ? 1 : -1)
    const point = offset(along(from, to, part), north * aside, east * aside)
    return { to: i + 1 === parts ? to : point, water }
  })
  shapes.set(`${a} ${b}`, shape)
  return shape
}

const ways = new Map<string, readonly string[]>()
/** The towns on the shortest way, both ends among them. */
export function townsBetween(from: string, to: string): readonly string[] {
  const known = ways.get(`${from} ${to}`)
  if (known) return known
  const best = new Map([[from, { km: 0, before: '' }]])
  const open = new Set([from])
  while (open.size > 0) {
    const kmOf = (name: string) => best.get(name)?.km ?? Infinity
    const name = [...open].reduce((nearest, other) => (kmOf(other) < kmOf(nearest) ? other : nearest))
    open.delete(name)
    if (name === to) break
    for (const road of roads.get(name) ?? []) {
      const km = kmOf(name) + road.km * (road.water ? 2 : 1)
      if (km >= kmOf(road.to)) continue
      best.set(road.to, { km, before: name })
      open.add(road.to)
    }
  }
  if (!best.has(to)) throw new Error(`there is no way from ${from} to ${to}`)
  const way = [to]
  for (let name = to; name !== from;) way.unshift((name = best.get(name)?.before ?? from))
  ways.set(`${from} ${to}`, way)
  return way
}

/** From the middle of one city to that of another; nothing where they are the same. */
export function wayBetween(from: string, to: string): Segment[] {
  const towns = townsBetween(from, to)
  return towns.slice(1).flatMap((name, i) => {
    const before = towns[i] as string
    return shapeOf(before, name, roads.get(before)?.find(road => road.to === name)?.water ?? false)
  })
}

export const kmOf = (start: Point, way: readonly Segment[]): number =>
  way.reduce((sum, { to }, i) => sum + distanceM(way[i - 1]?.to ?? start, to), 0) / 1_000

/** The net, for those who want to look at it or to check it. */
export const townsAndRoads = () => ({
  towns: [...nodes.values()],
  roads: [...roads].flatMap(([from, all]) => all.filter(({ to }) => from < to).map(road => ({ from, ...road }))),
})

/** Where trucks rest beside the road, as places. */
export function restPlaces(): Place[] {
  return townsAndRoads()
    .roads.filter(({ water }) => !water)
    .flatMap(({ from, to, water }) =>
      shapeOf(from, to, water)
        .slice(0, -1)
        .map((segment, i) => ({ name: `Rest place ${i + 1} ${from}–${to}`, ...segment.to, radiusM: 500 })),
    )
}
