/** What is asked of the read model about vehicles. */
import type { SQLInputValue } from 'node:sqlite'
import type { Severity } from '../../schemas/generated/events.ts'
import type { Snapshot } from './reader.ts'

/** Degrees. West of east, unless the box lies across the antimeridian. */
export interface Box {
  readonly west: number
  readonly south: number
  readonly east: number
  readonly north: number
}

/** The next stop of what a vehicle carries, of the shipment that is the latest against what was agreed. */
export interface NextStop {
  readonly shipmentId: string
  readonly place: string | null
  readonly p50: number
  /** After dueBy (else plannedArrival); negative: before it. */
  readonly lateByMs: number
}

/** A vehicle where it was last. */
export interface Vehicle {
  readonly vehicleId: string
  readonly occurredAt: number
  readonly receivedAt: number
  readonly latitude: number
  readonly longitude: number
  readonly speedMps: number | null
  readonly courseDeg: number | null
  readonly source: string
  /** What it carries: assigned at the time of the position, and neither delivered nor cancelled. By id. */
  readonly shipmentIds: readonly string[]
  /** Of the open cases of these. */
  readonly worstCase: Severity | null
  readonly next: NextStop | null
}

const POSITION = `vehicle_id AS vehicleId, occurred_at AS occurredAt, received_at AS receivedAt, latitude, longitude,
  speed_mps AS speedMps, course_deg AS courseDeg, source`

/** The vehicles after one of them, by id. */
export function vehiclesAfter(at: Snapshot, box: Box | undefined, after: string, limit: number): Vehicle[] {
  const values: SQLInputValue[] = [after]
  let where = 'vehicle_id > ?'
  if (box) {
    const across = box.west > box.east
    where += ` AND latitude BETWEEN ? AND ? AND (longitude >= ? ${across ? 'OR' : 'AND'} longitude <= ?)`
    values.push(box.south, box.north, box.west, box.east)
  }
  const sql = `SELECT ${POSITION} FROM vehicles WHERE ${where} ORDER BY vehicle_id LIMIT ?`
  return at.all<Seen>(sql, ...values, limit).map(seen => withLoad(at, seen))
}

/** Those of these that were ever seen. */
export const vehiclesNamed = (at: Snapshot, ids: Iterable<string>): Vehicle[] =>
  [...ids].flatMap(id => {
    const seen = at.get<Seen>(`SELECT ${POSITION} FROM vehicles WHERE vehicle_id = ?`, id)
    return seen ? [withLoad(at, seen)] : []
  })

/** Which vehicles a shipment is, or was, assigned to. */
export const vehiclesOf = (at: Snapshot, shipmentId: string): string[] =>
  at
    .all<{ id: string }>('SELECT DISTINCT vehicle_id AS id FROM assignments WHERE shipment_id = ?', shipmentId)
    .map(({ id }) => id)

type Seen = Omit<Vehicle, 'shipmentIds' | 'worstCase' | 'next'>
interface Load {
  readonly id: string
  readonly worst: number
  readonly place: string | null
  readonly p50: number | null
  readonly due: number
}

const LOADS = `
  SELECT s.shipment_id AS id, s.worst, s.next_place AS place, s.next_p50 AS p50, s.next_due AS due
  FROM assignments a JOIN shipments s ON s.shipment_id = a.shipment_id
  WHERE a.vehicle_id = ?1 AND NOT a.retracted AND NOT s.retracted AND s.phase IN ('planned', 'under_way')
    AND EXISTS (SELECT 1 FROM json_each(a.value, '$.periods') p WHERE p.value ->> '$.from' <= ?2 AND ?2 < p.value ->> '$.until')
  ORDER BY 1`
const SEVERITIES = [null, 'low', 'medium', 'high'] as const

function withLoad(at: Snapshot, seen: Seen): Vehicle {
  const loads = at.all<Load>(LOADS, seen.vehicleId, seen.occurredAt)
  const expected = loads.flatMap(({ id, place, p50, due }): NextStop[] =>
    p50 === null ? [] : [{ shipmentId: id, place, p50, lateByMs: p50 - due }],
  )
  return {
    ...seen,
    shipmentIds: loads.map(({ id }) => id),
    worstCase: SEVERITIES[Math.max(0, ...loads.map(({ worst }) => worst))] ?? null,
    next: expected.sort((a, b) => b.lateByMs - a.lateByMs)[0] ?? null,
  }
}
