/** What is asked of the read model about shipments. Times are milliseconds; the HTTP answers are made of these in app/read/. */
import type {
  Case,
  ShipmentEta,
  ShipmentEvent,
  ShipmentMilestone,
  ShipmentPlan,
  ShipmentSighting,
} from '../../schemas/generated/events.ts'
import type { SQLInputValue } from 'node:sqlite'
import type { Instant } from '../../streams/time.ts'
import type { Snapshot, ViewsReader } from './reader.ts'
import type { KeptAssignment } from './shipments.ts'

/** `under_way`: something actual is known; `delivered`: closed by the rule of docs/rules.md. */
export type Phase = 'planned' | 'under_way' | 'delivered' | 'cancelled'

export interface ShipmentFilter {
  readonly status?: 'active' | 'cancelled' | undefined
  readonly phase?: Phase | undefined
  readonly customerId?: string | undefined
  readonly carrierId?: string | undefined
  readonly companyId?: string | undefined
  readonly hasOpenCase?: boolean | undefined
  /** `scheme|value`, or a value of any scheme; either case of letters. */
  readonly reference?: string | undefined
  /** What the id, or the value of a reference, begins with; either case of letters. */
  readonly search?: string | undefined
}

export interface Position {
  readonly vehicleId: string
  readonly occurredAt: number
  readonly latitude: number
  readonly longitude: number
}
/** A shipment in a list. */
export interface Standing {
  readonly plan: ShipmentPlan
  readonly phase: Phase
  /** Actual and not retracted, by occurredAt. */
  readonly milestones: readonly ShipmentMilestone[]
  /** Not retracted, in the order of the plan's stops. */
  readonly etas: readonly ShipmentEta[]
  /** Open or acknowledged, the oldest first. */
  readonly openCases: readonly Case[]
  readonly lastPosition: Position | undefined
}

interface ShipmentRow {
  readonly shipment_id: string
  readonly phase: Phase
  readonly plan: string
}
const parse = <V>(rows: readonly { readonly value: string }[]): V[] => rows.map(({ value }) => JSON.parse(value) as V)

/** The shipments after one of them, in the order of their ids. */
export function shipmentsAfter(at: Snapshot, filter: ShipmentFilter, after: string, limit: number): Standing[] {
  const wheres = ['NOT s.retracted', 's.shipment_id > ?']
  const values: SQLInputValue[] = [after]
  const where = (sql: string, ...given: readonly SQLInputValue[]) => {
    wheres.push(sql)
    values.push(...given)
  }
  if (filter.status !== undefined) where('s.status = ?', filter.status)
  if (filter.phase !== undefined) where('s.phase = ?', filter.phase)
  if (filter.customerId !== undefined) where('s.customer_id = ?', filter.customerId)
  if (filter.carrierId !== undefined) where('s.carrier_id = ?', filter.carrierId)
  if (filter.companyId !== undefined) where('s.company_id = ?', filter.companyId)
  if (filter.hasOpenCase !== undefined) where(filter.hasOpenCase ? 's.open_cases > 0' : 's.open_cases = 0')
  if (filter.reference !== undefined) {
    const [scheme, value] = halves(filter.reference)
    const whole = 'SELECT shipment_id FROM shipment_references WHERE value = ? COLLATE NOCASE'
    if (value === undefined) where(`s.shipment_id IN (${whole})`, scheme)
    else where(`s.shipment_id IN (${whole} AND scheme = ?)`, value, scheme)
  }
  if (filter.search !== undefined) {
    const [from, until] = [filter.search, filter.search + LAST_CHARACTER]
    where(
      `s.shipment_id IN (SELECT shipment_id FROM shipments WHERE shipment_id COLLATE NOCASE BETWEEN ? AND ?
       UNION SELECT shipment_id FROM shipment_references WHERE value COLLATE NOCASE BETWEEN ? AND ?)`,
      ...[from, until, from, until],
    )
  }
  const sql = `SELECT s.shipment_id, s.phase, s.plan FROM shipments s WHERE ${wheres.join(' AND ')} ORDER BY s.shipment_id LIMIT ?`
  return at.all<ShipmentRow>(sql, ...values, limit).map(row => standing(at, row))
}

const LAST_CHARACTER = String.fromCodePoint(0x10_ff_ff)

function halves(reference: string): readonly [string, string | undefined] {
  const bar = reference.indexOf('|')
  return bar < 0 ? [reference, undefined] : [reference.slice(0, bar), reference.slice(bar + 1)]
}

function standing(at: Snapshot, { shipment_id: id, phase, plan: text }: ShipmentRow): Standing {
  const plan = JSON.parse(text) as ShipmentPlan
  const rankOf = new Map(plan.stops.map(({ stopId }, rank) => [stopId, rank]))
  const rank = (eta: ShipmentEta) => rankOf.get(eta.stopId) ?? plan.stops.length
  return {
    plan,
    phase,
    milestones: parse(
      at.all(
        `SELECT value FROM milestones WHERE shipment_id = ? AND classifier = 'actual' AND NOT retracted ORDER BY occurred_at, stop_id, code`,
        id,
      ),
    ),
    etas: parse<ShipmentEta>(at.all('SELECT value FROM etas WHERE shipment_id = ? AND NOT retracted', id)).sort(
      (a, b) => rank(a) - rank(b),
    ),
    openCases: parse(
      at.all(
        `SELECT value FROM cases WHERE shipment_id = ? AND state IN ('open', 'acknowledged') ORDER BY opened_at, case_id`,
        id,
      ),
    ),
    lastPosition: positions(at, id).at(-1),
  }
}

const positions = (at: Snapshot, id: string): Position[] =>
  at.all(
    `SELECT vehicle_id AS vehicleId, occurred_at AS occurredAt, latitude, longitude FROM positions
     WHERE shipment_id = ? AND NOT retracted ORDER BY occurred_at, vehicle_id`,
    id,
  )

export interface MilestoneTold {
  readonly revision: number
  readonly eventId: string
  readonly retracted: boolean
  readonly occurredAt: number
  readonly claimedBy: string
  readonly receivedAt: number
}
export interface EtaTold {
  readonly revision: number
  readonly retracted: boolean
  readonly occurredAt: number
  readonly p10: number
  readonly p50: number
  readonly p90: number
}
/** Everything that is kept of a shipment. Histories begin with the oldest. */
export interface Whole {
  readonly standing: Standing
  readonly milestones: readonly (ShipmentMilestone & { readonly told: readonly MilestoneTold[] })[]
  readonly etas: readonly (ShipmentEta & { readonly told: readonly EtaTold[] })[]
  readonly cases: readonly Case[]
  readonly assignments: readonly KeptAssignment[]
  readonly sightings: readonly ShipmentSighting[]
  readonly carrierEvents: readonly ShipmentEvent[]
  readonly positions: readonly Position[]
}

type Bits<T> = Omit<T, 'retracted'> & { readonly retracted: 0 | 1 }
const told = <T extends { readonly retracted: boolean }>(rows: readonly Bits<T>[]): T[] =>
  rows.map(row => ({ ...row, retracted: row.retracted === 1 }) as unknown as T)

export function shipmentWhole(at: Snapshot, id: string): Whole | undefined {
  const row = at.get<ShipmentRow>(
    'SELECT shipment_id, phase, plan FROM shipments WHERE shipment_id = ? AND NOT retracted',
    id,
  )
  if (!row) return undefined
  const facts = <V>(table: string): V[] =>
    parse<V>(at.all(`SELECT value FROM ${table} WHERE shipment_id = ? ORDER BY identity`, id))
  const byTime = (a: { occurredAt: number }, b: { occurredAt: number }) => a.occurredAt - b.occurredAt
  const milestones = parse<ShipmentMilestone>(
    at.all('SELECT value FROM milestones WHERE shipment_id = ? ORDER BY occurred_at, stop_id, code, classifier', id),
  )
  const etas = parse<ShipmentEta>(at.all('SELECT value FROM etas WHERE shipment_id = ? ORDER BY stop_id', id))
  return {
    standing: standing(at, row),
    milestones: milestones.map(milestone => ({ ...milestone, told: milestoneTold(at, milestone) })),
    etas: etas.map(eta => ({ ...eta, told: etaTold(at, eta) })),
    cases: parse(at.all('SELECT value FROM cases WHERE shipment_id = ? ORDER BY opened_at, case_id', id)),
    assignments: facts('assignments'),
    sightings: facts<ShipmentSighting>('sightings').sort(byTime),
    carrierEvents: facts<ShipmentEvent>('carrier_events').sort(byTime),
    positions: positions(at, id),
  }
}

const milestoneTold = (at: Snapshot, { shipmentId, stopId, code, classifier }: ShipmentMilestone): MilestoneTold[] =>
  told<MilestoneTold>(
    at.all(
      `SELECT revision, event_id AS eventId, retracted, occurred_at AS occurredAt, claimed_by AS claimedBy, received_at AS receivedAt
       FROM milestone_revisions WHERE shipment_id = ? AND stop_id = ? AND code = ? AND classifier = ? ORDER BY revision`,
      ...[shipmentId, stopId ?? '', code, classifier],
    ),
  )

const etaTold = (at: Snapshot, { shipmentId, stopId }: ShipmentEta): EtaTold[] =>
  told<EtaTold>(
    at.all(
      `SELECT revision, retracted, occurred_at AS occurredAt, p10, p50, p90 FROM eta_history
       WHERE shipment_id = ? AND stop_id = ? ORDER BY revision`,
      ...[shipmentId, stopId],
    ),
  )

/**
 * Of a read model: the version of a shipment that holds, as far as the sinks have come: when it was planned, and the eventId
 * of the request, which is made of its content. Rejects with `ViewsUnavailable`.
 */
export const versionOf =
  (views: ViewsReader) =>
  async (shipmentId: string): Promise<{ plannedAt: Instant; contentHash: string } | undefined> =>
    views.snapshot(at =>
      at.get('SELECT planned_at AS plannedAt, event_id AS contentHash FROM requests WHERE shipment_id = ?', shipmentId),
    )
