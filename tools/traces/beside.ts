/** What was concluded of recorded trips beside what is plain to see in the recording, read here without Milepost's code. */
import type { Standing } from '../chaos/outcome.ts'
import { type Fix, MINUTE } from '../feeder/delivery.ts'
import { distanceM, type Place } from '../feeder/places.ts'
import { LAYOVER_MS, type PlanStyle, ridesIn } from './plans.ts'
import { endOf, startOf, timeOf, type Trace, type Trip } from './trace.ts'

type StopId = 'origin' | 'destination'
const CODES = {
  origin: ['arrived_at_pickup', 'departed_pickup'],
  destination: ['arrived_at_delivery', 'departed_delivery'],
} as const

/** Times in milliseconds since the epoch; null: there is none. */
export interface Beside {
  readonly trip: Trip
  readonly stopId: StopId
  /** The first and the last of the trip's own fixes inside the radius. */
  readonly inside: { readonly first: number; readonly last: number } | null
  /** How near the trip's own fixes come, metres. */
  readonly nearestM: number
  /** The stay that the vehicle's fixes show while it rides for the shipment. */
  readonly seen: Stay | null
  /** What was concluded. */
  readonly arrival: number | null
  readonly departure: number | null
  /** Whether that is what was seen. */
  readonly agrees: boolean
  /** Why it is so, where the trip's own fixes let one expect something else; empty: it is as expected. */
  readonly remark: string
}
export interface Stay {
  readonly arrival: number
  /** The first fix outside after it. */
  readonly departure: number | null
}

export function besides({ fixes, trips }: Trace, style: PlanStyle, { shipments }: Standing): Beside[] {
  const found = new Map(shipments.map(({ shipmentId, milestones }) => [shipmentId, milestones]))
  const sane = fixes.filter(({ latitude, longitude }) => latitude !== 0 || longitude !== 0)
  const byVehicle = Map.groupBy(
    sane.toSorted((a, b) => timeOf(a) - timeOf(b)),
    ({ vehicleId }) => vehicleId,
  )
  return trips.flatMap(trip => {
    const { from, until } = ridesIn(trip, style)
    const series = (byVehicle.get(trip.vehicleId) ?? []).filter(fix => from <= timeOf(fix) && timeOf(fix) < until)
    const { origin, destination } = trip
    const isRound = origin.latitude === destination.latitude && origin.longitude === destination.longitude
    return (['origin', 'destination'] as const).map(stopId => {
      const place = trip[stopId]
      const seen = staysIn(series, place)[isRound && stopId === 'destination' ? 1 : 0] ?? null
      const [arrival, departure] = CODES[stopId].map(code => {
        const milestone = found
          .get(trip.shipmentId)
          ?.find(each => each.stopId === stopId && each.code === code && !each.retracted)
        return milestone ? Date.parse(milestone.occurredAt) : null
      }) as [number | null, number | null]
      const inside = trip.fixes.filter(fix => isInside(place, fix)).map(timeOf)
      const [first, last] = [inside[0], inside.at(-1)]
      const row = {
        ...{ trip, stopId, seen, arrival, departure },
        inside: first !== undefined && last !== undefined ? { first, last } : null,
        nearestM: Math.round(Math.min(...trip.fixes.map(fix => distanceM(fix, place)))),
        agrees: arrival === (seen?.arrival ?? null) && departure === (seen?.departure ?? null),
      }
      return { ...row, remark: remarkOf(row) }
    })
  })
}

const isInside = (place: Place, fix: Fix): boolean => distanceM(fix, place) <= place.radiusM

/** As docs/rules.md has it: less than 10 minutes apart is one stay, and it has to span 2 minutes. */
function staysIn(series: readonly Fix[], place: Place): Stay[] {
  const stays: { arrival: number; last: number; departure: number | null }[] = []
  series.forEach((fix, i) => {
    if (!isInside(place, fix)) return
    const [at, next] = [timeOf(fix), series[i + 1]]
    const departure = next && !isInside(place, next) ? timeOf(next) : null
    const stay = stays.at(-1)
    if (stay && (stay.departure === null || at - stay.last < 10 * MINUTE)) Object.assign(stay, { last: at, departure })
    else stays.push({ arrival: at, last: at, departure })
  })
  return stays.filter(({ arrival, last }) => last - arrival >= 2 * MINUTE)
}

function remarkOf({ trip, inside, nearestM, arrival, departure, agrees }: Omit<Beside, 'remark'>): string {
  if (!agrees) return 'NOT AS SEEN'
  if (arrival === null)
    return inside
      ? `there for ${(inside.last - inside.first) / 1_000} s: under 2 min is no stay`
      : `not recorded there: ${nearestM} m at the nearest`
  if (arrival < startOf(trip) - LAYOVER_MS || arrival > endOf(trip) + LAYOVER_MS)
    return 'on another trip of the vehicle'
  if (arrival < startOf(trip)) return 'there before its trip began'
  if (departure === null) return 'recorded no longer'
  return departure > endOf(trip) ? 'departure on the next trip' : ''
}

const clock = (at: number | null | undefined) => (at == null ? '–' : new Date(at).toISOString().slice(11, 19))

/** In Markdown, times UTC. */
export const tableOf = (rows: readonly Beside[]): string =>
  [
    '| trip | vehicle | stop | first inside | last inside | arrival | departure | remark |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map(({ trip, stopId, inside, arrival, departure, remark }) => {
      const times = [inside?.first, inside?.last, arrival, departure].map(clock)
      return `| ${[trip.tripId, trip.vehicleId, stopId, ...times, remark].join(' | ')} |`
    }),
    '',
  ].join('\n')

/** How many rows have which remark, figures left out. */
export function remarksOf(rows: readonly Beside[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { stopId, remark } of rows) {
    const kind = `${stopId}: ${remark.replace(/\d+(\.\d+)? (s|m)\b/, 'so many $2') || 'as recorded'}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}
