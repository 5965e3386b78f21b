/**
 * Buses of route 14 in Liverpool on an afternoon, outbound only: Queen Square Bus Station to Petherick Road
 * (UK Bus Open Data, by movingpandas-examples; Open Government Licence). Its times name no zone: it is January, so
 * they are UTC. A bus that turns back or is out of service is not in it, and nor is what was before 15:55 and after
 * 18:20: trips are cut off at both.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fix } from '../feeder/delivery.ts'
import type { Place } from '../feeder/places.ts'
import { csvRows, valueOf } from './csv.ts'
import { datasets, runsOf, type Trace } from './trace.ts'

export const RADIUS_M = 300

/** The termini are where the trips begin and end, at the median. */
export function liverpool(radiusM = RADIUS_M): Trace {
  const rows = csvRows(readFileSync(join(datasets(), 'liverpool-bus', 'route14_outbound.csv'), 'utf8'))
  const recorded = rows.map(row => ({ tripId: valueOf(row, 'trip_id'), fix: fixOf(row) }))
  const runs = runsOf(recorded)
  const terminus = (name: string, there: readonly Fix[]): Place => ({
    name,
    latitude: median(there.map(({ latitude }) => latitude)),
    longitude: median(there.map(({ longitude }) => longitude)),
    radiusM,
  })
  const first = runs.map(({ fixes }) => fixes[0])
  const last = runs.map(({ fixes }) => fixes.at(-1) ?? fixes[0])
  const [origin, destination] = [terminus('Queen Square Bus Station', first), terminus('Petherick Road', last)]
  const trips = runs.map(run => ({ ...run, shipmentId: `liverpool-14-${run.tripId}`, origin, destination }))
  return { fixes: recorded.map(({ fix }) => fix), trips }
}

function fixOf(row: Readonly<Record<string, string>>): Fix {
  const bearing = valueOf(row, 'bearing')
  return {
    vehicleId: valueOf(row, 'vehicle_id'),
    occurredAt: `${valueOf(row, 'timestamp').replace(' ', 'T')}Z`,
    latitude: Number(valueOf(row, 'latitude')),
    longitude: Number(valueOf(row, 'longitude')),
    ...(bearing !== '' && { courseDeg: Number(bearing) }),
  }
}

/** Of an even count, half-way between the two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
