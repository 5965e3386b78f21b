/** The plan that holds, the newest request, the picking as Odoo has it, and which vehicle carries what. */
import type { VehicleAssignment } from '../../schemas/generated/events.ts'
import { odooChanges, odooKey, shipmentPlans, shipmentRequests, vehicleAssignments } from '../../schemas/topics.ts'
import { flag, keepHighest, sinkInto } from './sink-into.ts'

const PLAN = keepHighest(
  'shipments',
  ['shipment_id'],
  // prettier-ignore
  ['shipment_id', 'revision', 'event_id', 'retracted', 'status', 'customer_id', 'carrier_id', 'company_id', 'last_stop_id', 'phase', 'open_cases', 'worst', 'plan'],
)

export const plansSink = sinkInto('shipment-plans', shipmentPlans, (views, note) => {
  const plan = views.sql(PLAN)
  const forget = views.sql('DELETE FROM shipment_references WHERE shipment_id = ?')
  const refer = views.sql('INSERT INTO shipment_references VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  return ({ eventId, value }) => {
    const { shipmentId, revision, retracted, status, references, customerId, carrierId, companyId, stops } = value
    const lastStop = stops.at(-1)?.stopId ?? null
    // prettier-ignore
    const { changes } = plan.run(
      shipmentId, revision, eventId, flag(retracted), status, customerId, carrierId, companyId, lastStop, 'planned', 0, 0, JSON.stringify(value),
    )
    if (changes === 0) return
    forget.run(shipmentId)
    if (!retracted) for (const { scheme, value: number } of references) refer.run(shipmentId, scheme, number)
    note('shipment', shipmentId)
  }
})

/** Of requests the latest plannedAt holds, of equal ones the higher eventId: the rule of the plan itself. */
const REQUEST = keepHighest(
  'requests',
  ['shipment_id'],
  ['shipment_id', 'planned_at', 'event_id', 'received_at'],
  ['planned_at', 'event_id'],
)

export const requestsSink = sinkInto('shipment-requests', shipmentRequests, views => {
  const request = views.sql(REQUEST)
  return ({ eventId, occurredAt, receivedAt, value }) => {
    request.run(value.shipmentId, occurredAt, eventId, receivedAt)
  }
})

const ODOO_READING = keepHighest(
  'odoo_readings',
  ['shipment_id'],
  ['shipment_id', 'revision', 'event_id', 'received_at', 'occurred_at', 'source', 'row'],
)
const PICKING = 'stock.picking'

/** A picking’s row brings all that its plan is made of, so that nothing else of Odoo has to be kept. */
export const odooReadingsSink = sinkInto('odoo-changes', odooChanges, views => {
  const reading = views.sql(ODOO_READING)
  return ({ eventId, source, occurredAt, receivedAt, value }) => {
    if (value.model !== PICKING) return
    reading.run(odooKey(value), value.revision, eventId, receivedAt, occurredAt, source, value.row)
  }
})

const ASSIGNMENT = keepHighest(
  'assignments',
  ['shipment_id', 'identity'],
  ['shipment_id', 'identity', 'vehicle_id', 'revision', 'event_id', 'retracted', 'value'],
)

/** An assignment without its stops: those are the plan's. */
export type KeptAssignment = Pick<VehicleAssignment, 'vehicleId' | 'periods' | 'revision' | 'retracted'>

export const assignmentsSink = sinkInto('vehicle-assignments', vehicleAssignments, (views, note) => {
  const assignment = views.sql(ASSIGNMENT)
  return ({ eventId, value }) => {
    const { shipmentId, vehicleId, periods, revision, retracted } = value
    const kept = JSON.stringify({ vehicleId, periods, revision, retracted } satisfies KeptAssignment)
    const identity = vehicleAssignments.identityOf(value)
    const { changes } = assignment.run(shipmentId, identity, vehicleId, revision, eventId, flag(retracted), kept)
    if (changes > 0) note('shipment', shipmentId)
  }
})
