/**
 * Days of all buses of Austin, a fix every two or four minutes (Capital Metro, captured from GTFS-realtime by
 * github.com/scascketta/CapMetrics, `data/vehicle_positions/DAY.csv`; MIT). Its times carry their zone. A stop list is not in it: a trip's termini are where its
 * first and its last fix were.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fix } from '../feeder/delivery.ts'
import { distanceM, type Place } from '../feeder/places.ts'
import { csvRows, valueOf } from './csv.ts'
import { datasets, type Run, runsOf, startOf, type Trace, type Trip } from './trace.ts'

export const AUSTIN_DAYS = ['2016-11-24', '2016-11-25', '2016-11-26', '2017-03-16'] as const
const RADIUS_M = 300

/** One day, of all vehicles or of the first so many. */
export function austin(day: string, vehicles = Infinity): Trace {
  const rows = csvRows(readFileSync(join(datasets(), 'austin-gtfsrt', `${day}.csv`), 'utf8'))
  const all = rows.map(row => ({
    tripId: valueOf(row, 'trip_id'),
    name: valueOf(row, 'trip_headsign') || `route ${valueOf(row, 'route_id')}`,
    fix: fixOf(row),
  }))
  const wanted = new Set([...new Set(all.map(({ fix }) => fix.vehicleId))].sort().slice(0, vehicles))
  const recorded = all.filter(({ fix }) => wanted.has(fix.vehicleId))
  const names = new Map(recorded.map(({ tripId, name }) => [tripId, name]))
  const trips = runsOf(recorded).map(run => tripOf(day, run, names.get(run.tripId) ?? run.tripId))
  return { fixes: recorded.map(({ fix }) => fix), trips }
}

function tripOf(day: string, run: Run, name: string): Trip {
  const place = (which: string, { latitude, longitude }: Fix): Place => ({
    name: `${name}, ${which}`,
    latitude,
    longitude,
    radiusM: RADIUS_M,
  })
  const origin = place('begin', run.fixes[0])
  const destination = place('end', run.fixes.at(-1) ?? run.fixes[0])
  // A round trip comes back to where it began: one place that is visited twice, not two that overlap.
  const isRound = distanceM(origin, destination) <= 2 * RADIUS_M
  const { latitude, longitude } = origin
  const hhmm = new Date(startOf(run)).toISOString().slice(11, 16).replace(':', '')
  return {
    ...run,
    shipmentId: `austin-${day}-${run.tripId}-${run.vehicleId}-${hhmm}`,
    origin,
    destination: isRound ? { ...destination, latitude, longitude } : destination,
  }
}

function fixOf(row: Readonly<Record<string, string>>): Fix {
  return {
    vehicleId: valueOf(row, 'vehicle_id'),
    occurredAt: new Date(valueOf(row, 'timestamp')).toISOString(),
    latitude: Number(valueOf(row, 'latitude')),
    longitude: Number(valueOf(row, 'longitude')),
    speedMps: Number(valueOf(row, 'speed')),
  }
}
