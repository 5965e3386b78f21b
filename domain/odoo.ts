/** What a record of Odoo says of a shipment: only outgoing transfers are shipments, from their warehouse to their address. */
import type { OdooChange, Reference, ShipmentRequest, Stop, StopKind } from '../schemas/generated/events.ts'
import { odooKey } from '../schemas/topics.ts'
import type { Instant } from '../streams/time.ts'
import type { Rider } from './plans.ts'

export const PICKING = 'stock.picking'
/** Of references to a picking, by its number or its name. */
export const PICKING_SCHEME = 'odoo.picking'
const RADIUS_M = 300

/** What a version of a picking says; what it says as a plan, in the fields of one. */
export interface PickingVersion {
  /** Of several the highest holds. */
  readonly revision: number
  readonly occurredAt: Instant
  /** It is to be carried out. Not so before it is confirmed, after it is cancelled, and once it is gone. */
  readonly isActive: boolean
  /** null: it is no shipment: a draft, or no outgoing transfer, or gone. */
  readonly plan: PickingPlan | null
}
export type PickingPlan = Omit<ShipmentRequest, 'occurredAt' | 'status' | 'stops'> & { readonly stops: readonly Stop[] }

export type Fields = Readonly<Record<string, unknown>>

export function pickingVersion(change: OdooChange): PickingVersion {
  const { revision, occurredAt, deleted } = change
  const row = (deleted ? {} : JSON.parse(change.row)) as Fields
  const state = text(row['state'])
  const isShipment = !deleted && row['picking_type_code'] === 'outgoing' && state !== null && state !== 'draft'
  return {
    ...{ revision, occurredAt },
    isActive: isShipment && state !== 'cancel',
    plan: isShipment ? planOf(change, row) : null,
  }
}

function planOf({ database, model, id, companyId, occurredAt }: OdooChange, row: Fields): PickingPlan {
  const [sale, batch, carrier, partner] = ['sale_id', 'batch_id', 'carrier_id', 'partner_id'].map(name =>
    fields(row[name]),
  )
  const customer = fields(sale?.['partner_id']) ?? partner
  const named = (kind: string, record: Fields | undefined) => (record ? `odoo-${kind}-${String(record['id'])}` : null)
  const due = instantOf(row['date_deadline'])
  const planned = instantOf(row['scheduled_date']) ?? due ?? occurredAt
  const stop = (kind: StopKind, address: Fields | undefined): Stop => ({
    ...{ stopId: kind, kind, place: placeOf(address, kind) },
    ...{ plannedArrival: planned, dueBy: due ?? null, plannedDeparture: null },
  })
  return {
    shipmentId: odooKey({ database, model, id }),
    references: referencesOf(id, row, sale),
    customerId: text(customer?.['ref']) ?? named('partner', customer),
    carrierId: named('carrier', carrier),
    companyId: companyId === null ? null : `odoo-company-${companyId}`,
    vehicleId: plateOf(fields(batch?.['vehicle_id'])),
    loadId: batch ? odooKey({ database, model: 'stock.picking.batch', id: Number(batch['id']) }) : null,
    stops: [stop('pickup', fields(row['warehouse_address_id'])), stop('delivery', partner)],
  }
}

function referencesOf(id: number, row: Fields, sale: Fields | undefined): Reference[] {
  const all: readonly (readonly [scheme: string, value: string | null])[] = [
    [PICKING_SCHEME, String(id)],
    [PICKING_SCHEME, text(row['name'])],
    ['odoo.order', text(sale?.['name'])],
    ['po', text(sale?.['client_order_ref'])],
    ['tracking', text(row['carrier_tracking_ref'])],
  ]
  return all.flatMap(([scheme, value]) => (value !== null && value.length <= 128 ? [{ scheme, value }] : []))
}

/** Odoo has no way to say that it does not know where a partner is, but 0/0. */
function placeOf(address: Fields | undefined, kind: StopKind): Stop['place'] {
  const [latitude, longitude] = [number(address?.['partner_latitude']), number(address?.['partner_longitude'])]
  const isSet = (latitude !== 0 || longitude !== 0) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
  const name = text(address?.['name']) ?? `${kind} without an address`
  return {
    name: name.slice(0, 200),
    latitude: isSet ? latitude : null,
    longitude: isSet ? longitude : null,
    radiusM: RADIUS_M,
  }
}

/** A licence plate in capitals and digits; of a vehicle that may not be read, the end of its name. */
function plateOf(vehicle: Fields | undefined): string | null {
  const name = text(vehicle?.['license_plate']) ?? text(vehicle?.['display_name'])?.split('/').at(-1) ?? ''
  const plate = name.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '')
  return plate === '' ? null : plate.slice(0, 128)
}

/** Which vehicle carried it since when, by the versions in the order of their revisions. What a later one says is never earlier. */
export function ridersOf(versions: readonly Pick<PickingRider, 'occurredAt' | 'vehicleId'>[]): Rider[] {
  let plannedAt = 0 as Instant
  return versions.map(({ occurredAt, vehicleId }) => {
    plannedAt = Math.max(plannedAt, occurredAt) as Instant
    return { plannedAt, vehicleId }
  })
}
/** What is kept of every version. */
export interface PickingRider {
  readonly occurredAt: Instant
  readonly vehicleId: string | null
  readonly isActive: boolean
}
export const pickingRider = ({ occurredAt, isActive, plan }: PickingVersion): PickingRider => ({
  ...{ occurredAt, isActive },
  vehicleId: isActive ? (plan?.vehicleId ?? null) : null,
})

/** `false` is how Odoo says that there is nothing. */
export const text = (value: unknown): string | null => {
  const trimmed = typeof value === 'string' ? value.trim() : ''
  return trimmed === '' ? null : trimmed
}
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
export const fields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null ? (value as Fields) : undefined
/** `2026-11-23 08:16:05`, UTC. */
export function instantOf(value: unknown): Instant | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(value)) return undefined
  return Date.parse(`${value.slice(0, 19).replace(' ', 'T')}Z`) as Instant
}
