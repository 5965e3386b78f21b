/** What of a shipment somebody sent, and when that was received: enough to find the bytes that it came in. */
import type { ShipmentEvent, ShipmentSighting } from '../../schemas/generated/events.ts'
import type { Snapshot } from './reader.ts'

export type Origin = { readonly receivedAt: number; readonly occurredAt: number } & (
  | { readonly what: 'request'; readonly shipmentId: string }
  | { readonly what: 'odoo'; readonly reading: OdooReading }
  | { readonly what: 'carrier_event'; readonly event: ShipmentEvent }
  | { readonly what: 'sighting'; readonly sighting: ShipmentSighting }
)

/** A picking as Odoo had it when it was last read. */
export interface OdooReading {
  readonly eventId: string
  readonly source: string
  /** JSON; `null`: it is gone. */
  readonly row: string
}

interface FactRow {
  readonly receivedAt: number
  readonly value: string
}

/** The request that holds and the picking of Odoo, then the events and the arrivals and departures that have not been taken back, the latest first. */
export function originsOf(at: Snapshot, shipmentId: string): Origin[] {
  const facts = (table: string): FactRow[] =>
    at.all(`SELECT received_at AS receivedAt, value FROM ${table} WHERE shipment_id = ? ORDER BY identity`, shipmentId)
  const requests = at.all<{ readonly receivedAt: number; readonly occurredAt: number }>(
    'SELECT received_at AS receivedAt, planned_at AS occurredAt FROM requests WHERE shipment_id = ?',
    shipmentId,
  )
  const readings = at.all<OdooReading & { readonly receivedAt: number; readonly occurredAt: number }>(
    `SELECT event_id AS eventId, source, row, received_at AS receivedAt, occurred_at AS occurredAt
     FROM odoo_readings WHERE shipment_id = ?`,
    shipmentId,
  )
  const events = facts('carrier_events').flatMap(({ receivedAt, value }): Origin[] => {
    const event = JSON.parse(value) as ShipmentEvent
    return event.retracted ? [] : [{ what: 'carrier_event', receivedAt, occurredAt: event.occurredAt, event }]
  })
  const sightings = facts('sightings').flatMap(({ receivedAt, value }): Origin[] => {
    const sighting = JSON.parse(value) as ShipmentSighting
    return sighting.retracted ? [] : [{ what: 'sighting', receivedAt, occurredAt: sighting.occurredAt, sighting }]
  })
  return [
    ...requests.map((request): Origin => ({ what: 'request', shipmentId, ...request })),
    ...readings.map(({ receivedAt, occurredAt, ...reading }): Origin => ({
      ...{ what: 'odoo', receivedAt, occurredAt, reading },
    })),
    ...[...events, ...sightings].sort((a, b) => b.occurredAt - a.occurredAt),
  ]
}
