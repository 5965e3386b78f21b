/** Where a shipment is, what was seen and said of it, how far it has come and when it will arrive. */
import {
  progressBucket,
  shipmentEtas,
  shipmentEvents,
  shipmentMilestones,
  shipmentSightings,
} from '../../schemas/topics.ts'
import { KEPT } from './schema.ts'
import { flag, keepHighest, sinkInto } from './sink-into.ts'

const FACT = ['shipment_id', 'identity', 'revision', 'event_id', 'received_at', 'value']
const SIGHTING = keepHighest('sightings', ['shipment_id', 'identity'], FACT)
const CARRIER_EVENT = keepHighest('carrier_events', ['shipment_id', 'identity'], FACT)
const POSITION = keepHighest(
  'positions',
  ['shipment_id', 'bucket', 'vehicle_id'],
  ['shipment_id', 'bucket', 'vehicle_id', 'revision', 'event_id', 'retracted', 'occurred_at', 'latitude', 'longitude'],
)
/** Retracted buckets count as well: otherwise what is kept would depend on when the retraction came. */
const OLD_POSITIONS = `DELETE FROM positions WHERE shipment_id = ?1 AND (bucket, vehicle_id) <
  (SELECT bucket, vehicle_id FROM positions WHERE shipment_id = ?1 ORDER BY bucket DESC, vehicle_id DESC LIMIT 1 OFFSET ${KEPT.positions - 1})`

export const sightingsSink = sinkInto('shipment-sightings', shipmentSightings, (views, note) => {
  const sighting = views.sql(SIGHTING)
  const position = views.sql(POSITION)
  const oldPositions = views.sql(OLD_POSITIONS)
  return ({ eventId, occurredAt, receivedAt, value }) => {
    const { shipmentId, vehicleId, kind, revision, retracted, latitude, longitude } = value
    if (kind !== 'progress') {
      const identity = shipmentSightings.identityOf(value)
      if (sighting.run(shipmentId, identity, revision, eventId, receivedAt, JSON.stringify(value)).changes > 0)
        note('shipment', shipmentId)
      return
    }
    const bucket = progressBucket(occurredAt)
    const seen = [flag(retracted), occurredAt, latitude, longitude]
    if (position.run(shipmentId, bucket, vehicleId, revision, eventId, ...seen).changes === 0) return
    oldPositions.run(shipmentId)
    note('shipment', shipmentId)
  }
})

export const carrierEventsSink = sinkInto('shipment-events', shipmentEvents, (views, note) => {
  const carrierEvent = views.sql(CARRIER_EVENT)
  return ({ eventId, receivedAt, value }) => {
    const { shipmentId, revision } = value
    const identity = shipmentEvents.identityOf(value)
    if (carrierEvent.run(shipmentId, identity, revision, eventId, receivedAt, JSON.stringify(value)).changes > 0)
      note('shipment', shipmentId)
  }
})

const MILESTONE_KEY = ['shipment_id', 'stop_id', 'code', 'classifier']
const MILESTONE = keepHighest('milestones', MILESTONE_KEY, [
  ...MILESTONE_KEY,
  ...['revision', 'event_id', 'retracted', 'occurred_at', 'value'],
])
const MILESTONE_REVISION = keepHighest(
  'milestone_revisions',
  [...MILESTONE_KEY, 'revision'],
  [...MILESTONE_KEY, ...['revision', 'event_id', 'retracted', 'occurred_at', 'claimed_by', 'received_at']],
)
const OLD_MILESTONES = `DELETE FROM milestone_revisions WHERE (shipment_id, stop_id, code, classifier) = (?1, ?2, ?3, ?4) AND revision <=
  (SELECT revision FROM milestones WHERE (shipment_id, stop_id, code, classifier) = (?1, ?2, ?3, ?4)) - ${KEPT.milestoneRevisions}`

export const milestonesSink = sinkInto('shipment-milestones', shipmentMilestones, (views, note) => {
  const milestone = views.sql(MILESTONE)
  const told = views.sql(MILESTONE_REVISION)
  const oldOnes = views.sql(OLD_MILESTONES)
  return ({ eventId, occurredAt, receivedAt, value }) => {
    const { shipmentId, stopId, code, classifier, revision, retracted, claimedBy } = value
    const key = [shipmentId, stopId ?? '', code, classifier]
    milestone.run(...key, revision, eventId, flag(retracted), occurredAt, JSON.stringify(value))
    if (told.run(...key, revision, eventId, flag(retracted), occurredAt, claimedBy, receivedAt).changes === 0) return
    oldOnes.run(...key)
    note('shipment', shipmentId)
  }
})

const ETA = keepHighest(
  'etas',
  ['shipment_id', 'stop_id'],
  ['shipment_id', 'stop_id', 'revision', 'event_id', 'retracted', 'p50', 'value'],
)
const ETA_TOLD = keepHighest(
  'eta_history',
  ['shipment_id', 'stop_id', 'revision'],
  ['shipment_id', 'stop_id', 'revision', 'event_id', 'retracted', 'occurred_at', 'p10', 'p50', 'p90'],
)
const OLD_ETAS = `DELETE FROM eta_history WHERE shipment_id = ?1 AND stop_id = ?2 AND revision <=
  (SELECT revision FROM etas WHERE shipment_id = ?1 AND stop_id = ?2) - ${KEPT.etas}`

export const etasSink = sinkInto('shipment-etas', shipmentEtas, (views, note) => {
  const eta = views.sql(ETA)
  const told = views.sql(ETA_TOLD)
  const oldOnes = views.sql(OLD_ETAS)
  return ({ eventId, occurredAt, value }) => {
    const { shipmentId, stopId, revision, retracted, p10, p50, p90 } = value
    eta.run(shipmentId, stopId, revision, eventId, flag(retracted), p50, JSON.stringify(value))
    const { changes } = told.run(shipmentId, stopId, revision, eventId, flag(retracted), occurredAt, p10, p50, p90)
    if (changes === 0) return
    oldOnes.run(shipmentId, stopId)
    note('shipment', shipmentId)
  }
})
