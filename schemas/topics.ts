/** The topics by which ingest, processors and sinks meet. Two records with one identity are two versions of one fact. */
import type { Instant } from '../streams/time.ts'
import type { Topic } from '../streams/topic.ts'
import { payloadCodec } from './codec.ts'
import type * as Events from './generated/events.ts'

interface Rules<V> {
  keyOf(value: V): string
  identityOf(value: V): string
}
const topic =
  <V>() =>
  <Name extends string>(name: Name, rules: Rules<V>): Topic<Name, V> => ({
    name,
    codec: payloadCodec<V>(name),
    ...rules,
  })

/** A reference as a key: the scheme and the value, which may itself hold a bar. */
export const referenceKey = ({ scheme, value }: Events.Reference): string => `${scheme}|${value}`

export const telematicsPositions = topic<Events.TelematicsPosition>()('telematics.position.v1', {
  keyOf: fix => fix.vehicleId,
  identityOf: fix => `${fix.vehicleId}/${fix.occurredAt}`,
})
export const vehiclePositions = topic<Events.VehiclePosition>()('vehicle.position.v1', {
  keyOf: fix => fix.vehicleId,
  identityOf: fix => fix.positionId,
})
export const vehicleJumps = topic<Events.VehicleJump>()('vehicle.jump.v1', {
  keyOf: jump => jump.vehicleId,
  identityOf: jump => jump.positionId,
})
export const sourcesHeard = topic<Events.SourceHeard>()('source.heard.v1', {
  keyOf: heard => heard.sourceId,
  identityOf: heard => `${heard.sourceId}/${heard.occurredAt}`,
})
export const carrierEvents = topic<Events.CarrierEvent>()('carrier.event.v1', {
  keyOf: event => `${event.partner}/${event.partnerEventId}`,
  identityOf: event => `${event.partner}/${event.partnerEventId}`,
})
export const carrierClaims = topic<Events.CarrierClaim>()('carrier.claim.v1', {
  keyOf: referenceKey,
  identityOf: claim => `${claim.partner}/${claim.partnerEventId}/${referenceKey(claim)}`,
})
export const referenceLinks = topic<Events.ReferenceLink>()('reference.link.v1', {
  keyOf: referenceKey,
  identityOf: link => `${referenceKey(link)}/${link.shipmentId}`,
})
export const shipmentEvents = topic<Events.ShipmentEvent>()('shipment.event.v1', {
  keyOf: event => event.shipmentId,
  identityOf: event => `${event.shipmentId}/${event.partner}/${event.partnerEventId}/${event.reference}`,
})
export const shipmentRequests = topic<Events.ShipmentRequest>()('shipment.request.v1', {
  keyOf: request => request.shipmentId,
  identityOf: request => request.shipmentId,
})
/** What a record of Odoo is called here. A picking's name is its shipment's id, so that all that plans it meets under one key. */
export const odooKey = ({ database, model, id }: Pick<Events.OdooChange, 'database' | 'model' | 'id'>): string =>
  `odoo-${database}-${model.slice(model.lastIndexOf('.') + 1)}-${id}`
export const odooChanges = topic<Events.OdooChange>()('odoo.change.v1', {
  keyOf: odooKey,
  identityOf: ({ database, model, id }) => `${database}/${model}/${id}`,
})
export const shipmentMerges = topic<Events.ShipmentMerge>()('shipment.merge.v1', {
  keyOf: merge => merge.shipmentId,
  identityOf: merge => `${merge.shipmentId}/${merge.fromShipmentId}`,
})
export const shipmentPlans = topic<Events.ShipmentPlan>()('shipment.plan.v1', {
  keyOf: plan => plan.shipmentId,
  identityOf: plan => plan.shipmentId,
})
export const vehicleAssignments = topic<Events.VehicleAssignment>()('vehicle.assignment.v1', {
  keyOf: assignment => assignment.vehicleId,
  identityOf: assignment => `${assignment.vehicleId}/${assignment.shipmentId}`,
})
export const shipmentSightings = topic<Events.ShipmentSighting>()('shipment.sighting.v1', {
  keyOf: sighting => sighting.shipmentId,
  /** Of progress, one a vehicle and bucket. */
  identityOf: ({ shipmentId, vehicleId, kind, stopId, occurredAt }) =>
    `${shipmentId}/${vehicleId}/${kind}/${stopId ?? progressBucket(occurredAt)}`,
})
export const PROGRESS_BUCKET_MS = 5 * 60_000
/** The bucket of time that a moment lies in. */
export const progressBucket = (at: Instant): number => Math.floor(at / PROGRESS_BUCKET_MS)
export const shipmentMilestones = topic<Events.ShipmentMilestone>()('shipment.milestone.v1', {
  keyOf: milestone => milestone.shipmentId,
  identityOf: ({ shipmentId, stopId, code, classifier }) => `${shipmentId}/${stopId ?? ''}/${code}/${classifier}`,
})
export const shipmentEtas = topic<Events.ShipmentEta>()('shipment.eta.v1', {
  keyOf: eta => eta.shipmentId,
  identityOf: eta => `${eta.shipmentId}/${eta.stopId}`,
})
/** What a shipment asks of a lane and teaches it. */
export const laneTrips = topic<Events.LaneTrip>()('lane.trip.v1', {
  keyOf: trip => trip.lane,
  identityOf: trip => `${trip.lane}/${trip.shipmentId}`,
})
/** What a lane answers a shipment. */
export const laneModels = topic<Events.LaneModel>()('lane.model.v1', {
  keyOf: model => model.shipmentId,
  identityOf: model => `${model.shipmentId}/${model.lane}`,
})
export const cases = topic<Events.Case>()('case.v1', {
  keyOf: aCase => aCase.subjectId,
  identityOf: aCase => aCase.caseId,
})
export const caseActions = topic<Events.CaseAction>()('case.action.v1', {
  keyOf: action => action.subjectId,
  identityOf: action => `${action.caseId}/${action.by}/${action.occurredAt}`,
})
export const eventLags = topic<Events.EventLag>()('event.lag.v1', {
  keyOf: lag => lag.shipmentId,
  identityOf: lag => `${lag.shipmentId}/${lag.ofEventId}`,
})
export const clockTicks = topic<Events.ClockTick>()('clock.tick.v1', { keyOf: () => '', identityOf: () => '' })
export const refusals = topic<Events.Refused>()('refused.v1', {
  keyOf: refused => refused.adapter,
  identityOf: refused => `${refused.adapter}/${refused.occurredAt}/${refused.at}`,
})
/** What came in at one moment by one adapter: its key finds it. */
export const deliveries = topic<Events.Delivery>()('delivery.v1', {
  keyOf: ({ adapter, occurredAt }) => `${adapter}/${occurredAt}`,
  identityOf: ({ adapter, occurredAt, about }) => `${adapter}/${occurredAt}/${about}`,
})
export const lates = topic<Events.Late>()('late.v1', {
  keyOf: late => late.key,
  identityOf: late => `${late.processor}/${late.ofEventId}`,
})
export const deadLetters = topic<Events.DeadLetter>()('dead-letter.v1', {
  keyOf: letter => letter.key,
  identityOf: letter => `${letter.hop}/${letter.topic}/${letter.partition}/${letter.offset}`,
})
export const audits = topic<Events.Audit>()('audit.v1', {
  keyOf: audit => audit.target,
  identityOf: audit => `${audit.actor}/${audit.occurredAt}`,
})
