/**
 * What the reads answer, as zod shapes: /openapi.json is made of them, and the functions that fill them are typed by
 * them. Times are ISO 8601, UTC; ids are as they came.
 */
import { z } from 'zod'

const instant = z.iso.datetime().meta({ examples: ['2026-03-01T12:00:00.000Z'] })
const latitude = z.number().describe('Degrees north, WGS 84')
const longitude = z.number().describe('Degrees east, WGS 84')
const revision = z.int().describe('Rises each time this is said again: the highest one holds')
const retracted = z.boolean().describe('It was taken back')

export const classifier = z.enum(['planned', 'requested', 'estimated', 'actual'])
export const status = z.enum(['active', 'cancelled'])
export const phase = z
  .enum(['planned', 'under_way', 'delivered', 'cancelled'])
  .describe('under_way: something actual is known; delivered: left or delivered at the last stop')
export const caseKind = z.enum([
  'late',
  'missed_milestone',
  'no_signal',
  'ambiguous_reference',
  'stop_without_coordinates',
  'dwell',
  'out_of_sequence',
  'impossible_movement',
  'stale_source',
  'late_risk',
])
export const caseState = z.enum(['open', 'acknowledged', 'resolved', 'withdrawn'])
export const severity = z.enum(['low', 'medium', 'high'])
export const action = z.enum(['acknowledge', 'resolve', 'comment'])

const reference = z.strictObject({ scheme: z.string(), value: z.string() }).meta({ id: 'Reference' })
const parties = {
  customerId: z.string().nullable(),
  carrierId: z.string().nullable(),
  companyId: z.string().nullable(),
}

const stop = z
  .strictObject({
    stopId: z.string(),
    kind: z.enum(['pickup', 'delivery', 'via']),
    place: z.strictObject({
      name: z.string(),
      latitude: latitude.nullable(),
      longitude: longitude.nullable().describe('Degrees east, WGS 84; null: nobody knows where it is'),
      radiusM: z.number(),
    }),
    plannedArrival: instant,
    dueBy: instant.nullable(),
    plannedDeparture: instant.nullable(),
  })
  .meta({ id: 'Stop' })

const position = z
  .strictObject({ vehicleId: z.string(), occurredAt: instant, latitude, longitude })
  .meta({ id: 'LastPosition' })

const claim = z.strictObject({
  by: z.string().describe('positions:VEHICLE or carrier:PARTNER'),
  occurredAt: instant,
  rawCode: z.string().nullable().describe('The code as the partner wrote it'),
  identity: z.string().describe('The sighting or the partner’s event'),
})
const milestoneFields = {
  stopId: z.string().nullable().describe('null: about the whole shipment'),
  code: z.string(),
  classifier,
  occurredAt: instant,
  claimedBy: z.string().describe('Who made the claim that won: positions:VEHICLE or carrier:PARTNER'),
}
const place = z.string().nullable().describe('Name of the stop’s place')
const lastMilestone = z.strictObject({ ...milestoneFields, place }).meta({ id: 'LastMilestone' })
const milestone = z
  .strictObject({
    ...milestoneFields,
    revision,
    retracted,
    claims: z.array(claim).describe('Everything that says so, the winner first'),
    revisions: z
      .array(
        z.strictObject({
          revision,
          eventId: z.string(),
          retracted,
          occurredAt: instant,
          claimedBy: z.string(),
          receivedAt: instant.describe('When what led to it reached us'),
        }),
      )
      .describe('What was said of it, the oldest first; the last one holds'),
  })
  .meta({ id: 'Milestone' })

const interval = {
  p10: instant.describe('One in ten arrives before'),
  p50: instant.describe('As likely before as after'),
  p90: instant.describe('One in ten arrives after'),
  asOf: instant.describe('When the evidence for it occurred'),
}
const nextEta = z.strictObject({ stopId: z.string(), place, ...interval }).meta({ id: 'NextEta' })
const eta = z
  .strictObject({
    stopId: z.string(),
    ...interval,
    basis: z.string().describe('What the estimate rests on'),
    modelId: z.string(),
    remainingM: z.number(),
    speedMps: z.number(),
    revision,
    retracted: z.boolean().describe('It holds no more: the stop was reached, or the plan has changed'),
    history: z.array(z.strictObject({ revision, retracted, ...interval })).describe('The oldest first'),
  })
  .meta({ id: 'Eta' })

export const caseShape = z
  .strictObject({
    caseId: z.string(),
    kind: caseKind,
    subject: z.strictObject({ kind: z.enum(['shipment', 'vehicle', 'source', 'reference']), id: z.string() }),
    shipmentId: z.string().nullable(),
    stopId: z.string().nullable(),
    severity,
    state: caseState,
    owner: z.string().nullable().describe('Who took it'),
    openedAt: instant,
    closedAt: instant.nullable(),
    closedBy: z.string().nullable().describe('Who closed it, if a person did'),
    basis: z.string().describe('What the case rests on: give it back with an action to act only on what you saw'),
    evidence: z.unknown().describe('What led to it'),
    notes: z.array(z.strictObject({ by: z.string(), at: instant, text: z.string() })),
    ...parties,
    revision,
    changedAt: instant,
  })
  .meta({ id: 'Case' })
const openCase = z
  .strictObject({
    caseId: z.string(),
    kind: caseKind,
    severity,
    state: caseState,
    stopId: z.string().nullable(),
    openedAt: instant,
  })
  .meta({ id: 'OpenCase' })

const lateness = z
  .strictObject({
    stopId: z.string(),
    lateByS: z.int().describe('Seconds after dueBy (else plannedArrival); negative: before it'),
    by: z.enum(['eta', 'arrival']).describe('Of the p50 of the next ETA, or of the arrival at the last stop'),
  })
  .meta({ id: 'Lateness' })

const summaryFields = {
  shipmentId: z.string(),
  status,
  phase,
  references: z.array(reference),
  ...parties,
  vehicleId: z.string().nullable(),
  loadId: z.string().nullable(),
  plannedAt: instant,
  from: z.string().nullable().describe('Name of the first stop’s place'),
  to: z.string().nullable().describe('Name of the last stop’s place'),
  lastMilestone: lastMilestone.nullable().describe('The latest actual one'),
  nextEta: nextEta.nullable().describe('Of the next stop that has one'),
  lateness: lateness.nullable(),
  openCases: z.array(openCase).describe('Open or acknowledged, the oldest first'),
  lastPosition: position.nullable(),
}
export const shipmentSummary = z.strictObject(summaryFields).meta({ id: 'ShipmentSummary' })

const sighting = z.strictObject({
  kind: z.enum(['arrived', 'departed']),
  stopId: z.string().nullable(),
  ...{ vehicleId: z.string(), occurredAt: instant, latitude, longitude, revision, retracted },
})
const carrierEvent = z.strictObject({
  partner: z.string(),
  partnerEventId: z.string(),
  reference: z.string().describe('scheme|value by which it was found'),
  code: z.string(),
  rawCode: z.string().nullable(),
  classifier,
  stopId: z.string().nullable(),
  occurredAt: instant,
  updatedAt: instant.nullable(),
  ...{ revision, retracted },
})
const assignment = z.strictObject({
  vehicleId: z.string(),
  periods: z
    .array(z.strictObject({ from: instant.nullable(), until: instant.nullable() }))
    .describe('When the vehicle rides for the shipment; null: without limit'),
  ...{ revision, retracted },
})
export const shipment = z
  .strictObject({
    ...summaryFields,
    plan: z.strictObject({ revision, stops: z.array(stop).describe('In the order of calls') }),
    milestones: z.array(milestone).describe('By occurredAt; retracted ones too'),
    etas: z.array(eta).describe('In the order of stops'),
    cases: z.array(caseShape).describe('The oldest first'),
    evidence: z.strictObject({
      assignments: z.array(assignment),
      sightings: z.array(sighting).describe('Arrivals and departures that positions show'),
      carrierEvents: z.array(carrierEvent).describe('Partners’ events that reached the shipment'),
      positions: z.array(position).describe('The last ones: one per vehicle and five minutes'),
    }),
  })
  .meta({ id: 'Shipment' })

const nextCursor = z.string().nullable().describe('Give it as cursor for the next page; null: this is the last')
export const shipmentPage = z
  .strictObject({ shipments: z.array(shipmentSummary), nextCursor })
  .meta({ id: 'ShipmentPage' })
export const casePage = z.strictObject({ cases: z.array(caseShape), nextCursor }).meta({ id: 'CasePage' })

export const vehicle = z
  .strictObject({
    vehicleId: z.string(),
    occurredAt: instant.describe('When it was there'),
    receivedAt: instant.describe('When we were told'),
    latitude,
    longitude,
    speedMps: z.number().nullable().describe('Speed over ground, metres per second'),
    courseDeg: z.number().nullable().describe('Course over ground, degrees from north'),
    source: z.string(),
    shipmentIds: z.array(z.string()).describe('What it carries: assigned, and neither delivered nor cancelled'),
    worstCase: severity.nullable().describe('Of the open cases of these'),
    next: z
      .strictObject({ shipmentId: z.string(), place, p50: instant, lateByS: z.int() })
      .nullable()
      .describe('The next stop, of the shipment that is the latest against what was agreed'),
  })
  .meta({ id: 'Vehicle' })
export const vehiclePage = z.strictObject({ vehicles: z.array(vehicle), nextCursor }).meta({ id: 'VehiclePage' })

export const caseAction = z
  .strictObject({
    eventId: z.string(),
    caseId: z.string(),
    action,
    by: z.string(),
    text: z.string().nullable(),
    basis: z.string(),
    occurredAt: instant,
  })
  .meta({ id: 'CaseAction' })

const count = z.int()
export const overview = z
  .strictObject({
    now: instant.describe('How late it is by the clock that events follow'),
    shipments: z.strictObject({ planned: count, under_way: count, delivered: count, cancelled: count }),
    shipmentsWithOpenCases: count,
    openCases: z.strictObject({ low: count, medium: count, high: count }),
  })
  .meta({ id: 'Overview' })

/** ISO 8601 of milliseconds; beyond what a Date can hold (an unlimited period) there is none. */
export const iso = (at: number): string => new Date(at).toISOString()
export const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at))
const LAST_DAY_MS = 8.64e15
export const isoUnlessEndless = (at: number): string | null => (at > 0 && at < LAST_DAY_MS ? iso(at) : null)
