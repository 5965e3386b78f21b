// Generated from schemas/*.avsc by `npm run generate`; do not edit.
import type { Instant } from '../../streams/time.ts'

export type Classifier = 'planned' | 'requested' | 'estimated' | 'actual'

export interface Reference {
  /** What kind of number: bol, container, po, odoo.picking, … */
  readonly scheme: string
  /** The number */
  readonly value: string
}

export type SubjectKind = 'shipment' | 'vehicle' | 'source' | 'reference'

export type Action = 'acknowledge' | 'resolve' | 'comment'

export type CaseKind =
  | 'late'
  | 'missed_milestone'
  | 'no_signal'
  | 'ambiguous_reference'
  | 'stop_without_coordinates'
  | 'dwell'
  | 'out_of_sequence'
  | 'impossible_movement'
  | 'stale_source'
  | 'late_risk'

export type Severity = 'low' | 'medium' | 'high'

export type CaseState = 'open' | 'acknowledged' | 'resolved' | 'withdrawn'

export interface Note {
  /** Who */
  readonly by: string
  /** When */
  readonly at: Instant
  /** What */
  readonly text: string
}

export type Packing = 'none' | 'zstd'

export interface LearntCell {
  /** In what circumstances: see domain/calibration.ts */
  readonly cell: string
  /** How many arrivals tell of it */
  readonly arrivals: number
  /** What is to be added to the time left and 20 minutes, in thousandths of both: one in ten needs less */
  readonly p10: number
  /** The same: as often less as more */
  readonly p50: number
  /** The same: one in ten needs more */
  readonly p90: number
}

export interface PastPrediction {
  /** As of when */
  readonly madeAt: Instant
  /** In what circumstances: see domain/calibration.ts */
  readonly cell: string
  /** The time left by plan and way alone, milliseconds */
  readonly leftMs: number
}

export interface LaneCall {
  /** The stop that was reached */
  readonly stopId: string
  /** When */
  readonly arrivedAt: Instant
  /** What plan and way alone foretold of it, every half hour */
  readonly predictions: readonly PastPrediction[]
}

export type ShipmentStatus = 'active' | 'cancelled'

export type StopKind = 'pickup' | 'delivery' | 'via'

export interface RequestedPlace {
  /** Name of the place */
  readonly name: string
  /** Degrees north, WGS 84 */
  readonly latitude: number
  /** Degrees east, WGS 84 */
  readonly longitude: number
  /** How near counts as there, metres */
  readonly radiusM: number
}

export interface RequestedStop {
  /** Identity of the stop within its shipment */
  readonly stopId: string
  /** What happens at the stop */
  readonly kind: StopKind
  /** Where the stop is */
  readonly place: RequestedPlace
  /** When the vehicle is to arrive */
  readonly plannedArrival: Instant
  /** The latest arrival that was agreed */
  readonly dueBy: Instant | null
  /** When the vehicle is to leave */
  readonly plannedDeparture: Instant | null
}

export interface RiderSince {
  /** Since when */
  readonly plannedAt: Instant
  /** The vehicle; null: none */
  readonly vehicleId: string | null
}

export interface Claim {
  /** positions:VEHICLE or carrier:PARTNER */
  readonly by: string
  /** When it happened, by this claim */
  readonly at: Instant
  /** The code as the partner wrote it */
  readonly rawCode: string | null
  /** What the claim is about: the sighting or the partner’s event */
  readonly identity: string
}

export interface Place {
  /** Name of the place */
  readonly name: string
  /** Degrees north, WGS 84; null: nobody knows where it is */
  readonly latitude: number | null
  /** Degrees east, WGS 84; null: nobody knows where it is */
  readonly longitude: number | null
  /** How near counts as there, metres */
  readonly radiusM: number
}

export interface Stop {
  /** Identity of the stop within its shipment */
  readonly stopId: string
  /** What happens at the stop */
  readonly kind: StopKind
  /** Where the stop is */
  readonly place: Place
  /** When the vehicle is to arrive */
  readonly plannedArrival: Instant
  /** The latest arrival that was agreed */
  readonly dueBy: Instant | null
  /** When the vehicle is to leave */
  readonly plannedDeparture: Instant | null
}

export type SightingKind = 'arrived' | 'departed' | 'progress'

export interface Period {
  /** First moment */
  readonly from: Instant
  /** First moment no longer in it */
  readonly until: Instant
}

/** What people and operators did. */
export interface Audit {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Who */
  readonly actor: string
  /** What */
  readonly action: string
  /** To what */
  readonly target: string
  /** As JSON */
  readonly detail: string | null
}

/** One partner event under one of its references. Key: scheme|value. */
export interface CarrierClaim {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Scheme of the reference */
  readonly scheme: string
  /** Value of the reference */
  readonly value: string
  /** The partner that sent the event */
  readonly partner: string
  /** The partner’s own id of the event */
  readonly partnerEventId: string
  /** Milestone code */
  readonly code: string
  /** The code as the partner wrote it */
  readonly rawCode: string | null
  /** Whether it happened or is to happen */
  readonly classifier: Classifier
  /** The stop, where the partner names it */
  readonly stopId: string | null
  /** When the partner last changed the event */
  readonly updatedAt: Instant | null
  /** eventId of the version of the partner’s event that holds */
  readonly versionId: string
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** A version of an event as a partner sent it. Key: partner + partnerEventId. */
export interface CarrierEvent {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The partner that sent it */
  readonly partner: string
  /** The partner’s own id of the event */
  readonly partnerEventId: string
  /** What the partner calls the shipment, consignment or equipment */
  readonly references: readonly Reference[]
  /** Milestone code of schemas/milestones.json */
  readonly code: string
  /** The code as the partner wrote it */
  readonly rawCode: string | null
  /** Whether it happened or is to happen */
  readonly classifier: Classifier
  /** The stop, where the partner names it */
  readonly stopId: string | null
  /** When the partner last changed the event */
  readonly updatedAt: Instant | null
  /** The partner took the event back */
  readonly retracted: boolean
}

/** What a person did about a case. Key: subject id. */
export interface CaseAction {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The case */
  readonly caseId: string
  /** What the case is about */
  readonly subjectId: string
  /** What kind of thing that is */
  readonly subjectKind: SubjectKind
  /** What was done */
  readonly action: Action
  /** Who did it */
  readonly by: string
  /** What they said */
  readonly text: string | null
  /** What the case rested on when the person saw it */
  readonly basis: string
}

/** Something that needs a person; occurredAt is when it last changed. Key: subject id. */
export interface Case {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Hash of kind, subject and stop */
  readonly caseId: string
  /** What is wrong */
  readonly kind: CaseKind
  /** What it is about */
  readonly subjectKind: SubjectKind
  /** Which one */
  readonly subjectId: string
  /** The shipment, where there is one */
  readonly shipmentId: string | null
  /** The stop, where there is one */
  readonly stopId: string | null
  /** How bad */
  readonly severity: Severity
  /** Where it stands */
  readonly state: CaseState
  /** Who took it */
  readonly owner: string | null
  /** Since when */
  readonly openedAt: Instant
  /** Until when */
  readonly closedAt: Instant | null
  /** Who closed it, if a person did */
  readonly closedBy: string | null
  /** What the case rests on: a person’s close holds until it differs */
  readonly basis: string
  /** What led to it, as JSON */
  readonly evidence: string
  /** What people said */
  readonly notes: readonly Note[]
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** Rises each time this case is said again: the highest one holds */
  readonly revision: number
  /** Its grounds turned out not to be: the state is withdrawn */
  readonly retracted: boolean
}

/** It is now so late: occurredAt. Read by every task. */
export interface ClockTick {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
}

/** A record that could not be handled, with its raw bytes. */
export interface DeadLetter {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The processor or sink that failed */
  readonly hop: string
  /** Where the record lies */
  readonly topic: string
  /** in which partition */
  readonly partition: number
  /** and where in it */
  readonly offset: number
  /** Key of the record */
  readonly key: string
  /** The error */
  readonly reason: string
  /** The record’s value, untouched */
  readonly raw: Uint8Array
  /** The record’s own cause */
  readonly recordCause: string | null
}

/** What came in and was taken in, as it came: one record a request. Key: adapter and receivedAt. */
export interface Delivery {
  /** When it was received */
  readonly occurredAt: Instant
  /** The adapter that took it in */
  readonly adapter: string
  /** What the address named: the shipment, the partner; empty where it names none */
  readonly about: string
  /** As the sender named it */
  readonly contentType: string | null
  /** How the bytes are packed */
  readonly packing: Packing
  /** What came: as sent, a content coding undone; then packed as `packing` says */
  readonly raw: Uint8Array
}

/** How late a shipment event came, by stage. Key: shipmentId. */
export interface EventLag {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Who reported the event */
  readonly ofSource: string
  /** What was reported: the milestone code or the sighting */
  readonly kind: string
  /** The shipment */
  readonly shipmentId: string
  /** The event */
  readonly ofEventId: string
  /** From happening to being sent, by the source’s clock */
  readonly sourceMs: number | null
  /** From being sent (else happening) to being received */
  readonly transferMs: number | null
}

/** What a shipment is told of a lane: how arrivals differ from what plan and way foretell; occurredAt is when it was learnt. Key: shipmentId. */
export interface LaneModel {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment that is told */
  readonly shipmentId: string
  /** The lane: between which cells of a half degree, or everywhere */
  readonly lane: string
  /** A digest of what was learnt: the same version is the same model */
  readonly version: string
  /** How many arrivals it was learnt from */
  readonly arrivals: number
  /** By circumstances */
  readonly cells: readonly LearntCell[]
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** What a shipment’s trip over a lane teaches of ETAs, and a question for what is known of the lane; occurredAt is the last arrival’s time, else the plan’s. Key: lane. */
export interface LaneTrip {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The lane: between which cells of a half degree, or everywhere */
  readonly lane: string
  /** The shipment */
  readonly shipmentId: string
  /** The shipment needs no ETA any more */
  readonly over: boolean
  /** The stops of this lane that were reached */
  readonly calls: readonly LaneCall[]
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** Something that came after its horizon: recorded, without effect. */
export interface Late {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Who found it late */
  readonly processor: string
  /** What it was */
  readonly topic: string
  /** Of which key */
  readonly key: string
  /** The event */
  readonly ofEventId: string
  /** Which horizon */
  readonly reason: string
}

/** A record of Odoo as it was read, or that it is gone; occurredAt is the latest write_date in it, of a deletion when it was missed. Key: odoo-DATABASE-MODEL-id, a picking's is its shipmentId. */
export interface OdooChange {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Database of Odoo */
  readonly database: string
  /** Model of Odoo: stock.picking, res.partner, … */
  readonly model: string
  /** Id of the record in its model */
  readonly id: number
  /** Rises each time the record is read as another than before: the highest one holds. Not less than the time of reading in milliseconds since the epoch, so that it rises also for a reader that has forgotten */
  readonly revision: number
  /** write_date of the record: when the transaction began that wrote it, in whole seconds; null once it is gone */
  readonly writeDate: Instant | null
  /** Company of the record in Odoo; null where it has none */
  readonly companyId: string | null
  /** False: it was archived, or is gone */
  readonly active: boolean
  /** It is gone, or hidden from the user whose key reads */
  readonly deleted: boolean
  /** The fields that were read, as JSON with sorted names; null once it is gone */
  readonly row: string
}

/** A reference belongs to a shipment. Key: scheme|value. */
export interface ReferenceLink {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Scheme of the reference */
  readonly scheme: string
  /** Value of the reference */
  readonly value: string
  /** The shipment that lists it */
  readonly shipmentId: string
  /** End of the window of the shipment */
  readonly until: Instant
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** Input that was not understood, with its raw bytes. */
export interface Refused {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The adapter that refused it */
  readonly adapter: string
  /** Why */
  readonly reason: string
  /** Where in the payload, as a JSON path */
  readonly at: string
  /** As the sender named it */
  readonly contentType: string | null
  /** What came, untouched */
  readonly raw: Uint8Array
}

/** When a shipment will reach a stop; occurredAt is the evidence’s time. Key: shipmentId. */
export interface ShipmentEta {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment */
  readonly shipmentId: string
  /** The stop not yet reached */
  readonly stopId: string
  /** One in ten arrives before */
  readonly p10: Instant
  /** As likely before as after */
  readonly p50: Instant
  /** One in ten arrives after */
  readonly p90: Instant
  /** What the estimate rests on */
  readonly basis: string
  /** The model and its version */
  readonly modelId: string
  /** Remaining way, metres */
  readonly remainingM: number
  /** Speed assumed, metres per second */
  readonly speedMps: number
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** A partner event that reached its shipment by one of its references. Key: shipmentId. */
export interface ShipmentEvent {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment */
  readonly shipmentId: string
  /** scheme|value by which it was found */
  readonly reference: string
  /** The partner that sent the event */
  readonly partner: string
  /** The partner’s own id of the event */
  readonly partnerEventId: string
  /** Milestone code */
  readonly code: string
  /** The code as the partner wrote it */
  readonly rawCode: string | null
  /** Whether it happened or is to happen */
  readonly classifier: Classifier
  /** The stop, where the partner names it */
  readonly stopId: string | null
  /** When the partner last changed the event */
  readonly updatedAt: Instant | null
  /** eventId of the version of the partner’s event that holds */
  readonly versionId: string
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** What the owner of a shipment says of a picking of Odoo that it names: the version that holds; occurredAt is its plannedAt. Key: shipmentId. */
export interface ShipmentMerge {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment that the picking is */
  readonly shipmentId: string
  /** What its owner calls it */
  readonly fromShipmentId: string
  /** Whether it is to be carried out */
  readonly status: ShipmentStatus
  /** What others call it */
  readonly references: readonly Reference[]
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** The vehicle that carries it */
  readonly vehicleId: string | null
  /** The vehicle run that it is part of */
  readonly loadId: string | null
  /** Where the vehicle calls, in order */
  readonly stops: readonly RequestedStop[]
  /** Which vehicle carried it since when, by all its versions, in their order */
  readonly riders: readonly RiderSince[]
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** How far a shipment has come: one claim wins, the others stay visible. Key: shipmentId. */
export interface ShipmentMilestone {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment */
  readonly shipmentId: string
  /** The stop; absent if it is about the whole shipment */
  readonly stopId: string | null
  /** Milestone code of schemas/milestones.json */
  readonly code: string
  /** Whether it happened or is to happen */
  readonly classifier: Classifier
  /** Who made the claim that won: positions:VEHICLE or carrier:PARTNER */
  readonly claimedBy: string
  /** Everything that says so, the winner first */
  readonly claims: readonly Claim[]
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** The plan that holds; occurredAt is its plannedAt. Key: shipmentId. */
export interface ShipmentPlan {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment */
  readonly shipmentId: string
  /** Whether it is to be carried out */
  readonly status: ShipmentStatus
  /** What others call it */
  readonly references: readonly Reference[]
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** The vehicle that carries it */
  readonly vehicleId: string | null
  /** The vehicle run that it is part of */
  readonly loadId: string | null
  /** Where the vehicle calls, in order */
  readonly stops: readonly Stop[]
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** A version of a shipment as its owner sent it; occurredAt is its plannedAt. Key: shipmentId. */
export interface ShipmentRequest {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment */
  readonly shipmentId: string
  /** Whether it is to be carried out */
  readonly status: ShipmentStatus
  /** What others call it */
  readonly references: readonly Reference[]
  /** Customer, as the plan names it */
  readonly customerId: string | null
  /** Carrier, as the plan names it */
  readonly carrierId: string | null
  /** Company of the installation, as the plan names it */
  readonly companyId: string | null
  /** The vehicle that carries it */
  readonly vehicleId: string | null
  /** The vehicle run that it is part of */
  readonly loadId: string | null
  /** Where the vehicle calls, in order */
  readonly stops: readonly RequestedStop[]
}

/** A shipment’s vehicle was seen to arrive, leave, or be on its way. Key: shipmentId. */
export interface ShipmentSighting {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The shipment */
  readonly shipmentId: string
  /** The vehicle that was seen */
  readonly vehicleId: string
  /** What was seen */
  readonly kind: SightingKind
  /** The stop; absent for progress */
  readonly stopId: string | null
  /** Degrees north, WGS 84 */
  readonly latitude: number
  /** Degrees east, WGS 84 */
  readonly longitude: number
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** That a feed has spoken: once a minute at the most, whatever it said. Key: source id. */
export interface SourceHeard {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The feed: telematics:TOKEN or partner:NAME */
  readonly sourceId: string
}

/** A position as a device reported it. Key: vehicleId. */
export interface TelematicsPosition {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The vehicle that was seen */
  readonly vehicleId: string
  /** Degrees north, WGS 84 */
  readonly latitude: number
  /** Degrees east, WGS 84 */
  readonly longitude: number
  /** Speed over ground, metres per second */
  readonly speedMps: number | null
  /** Course over ground, degrees from north */
  readonly courseDeg: number | null
  /** Altitude, metres */
  readonly altitudeM: number | null
  /** Radius of uncertainty, metres */
  readonly accuracyM: number | null
  /** Whether the ignition was on */
  readonly ignition: boolean | null
  /** Odometer, metres */
  readonly odometerM: number | null
  /** What else the device said, as JSON */
  readonly attributes: string | null
}

/** Which stops of a shipment a vehicle calls at, and when it rides for it. Key: vehicleId. */
export interface VehicleAssignment {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** The vehicle */
  readonly vehicleId: string
  /** The shipment on board */
  readonly shipmentId: string
  /** When the vehicle rides for the shipment; in order, apart */
  readonly periods: readonly Period[]
  /** Where the vehicle calls, in order */
  readonly stops: readonly Stop[]
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}

/** A position that nothing on wheels gets to, nor on from. Key: vehicle id. */
export interface VehicleJump {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** Which vehicle */
  readonly vehicleId: string
  /** eventId of the position */
  readonly positionId: string
  /** Degrees north, WGS 84 */
  readonly latitude: number
  /** Degrees east, WGS 84 */
  readonly longitude: number
  /** Rises each time this is said again: the highest one holds */
  readonly revision: number
  /** It was taken back */
  readonly retracted: boolean
}

/** A position after cleaning: flagged by its neighbours in time, never deleted. Key: vehicleId. */
export interface VehiclePosition {
  /** When it happened, by the clock of the one who saw it */
  readonly occurredAt: Instant
  /** eventId of the position as it was reported */
  readonly positionId: string
  /** The vehicle that was seen */
  readonly vehicleId: string
  /** Degrees north, WGS 84 */
  readonly latitude: number
  /** Degrees east, WGS 84 */
  readonly longitude: number
  /** Speed over ground, metres per second */
  readonly speedMps: number | null
  /** Course over ground, degrees from north */
  readonly courseDeg: number | null
  /** Altitude, metres */
  readonly altitudeM: number | null
  /** Radius of uncertainty, metres */
  readonly accuracyM: number | null
  /** Whether the ignition was on */
  readonly ignition: boolean | null
  /** Odometer, metres */
  readonly odometerM: number | null
  /** What else the device said, as JSON */
  readonly attributes: string | null
  /** Why the position is doubted: future, null_island, inaccurate, jump; empty if it is not */
  readonly flags: readonly string[]
  /** Rises each time this fact is said again: the highest one holds */
  readonly revision: number
  /** The fact was taken back */
  readonly retracted: boolean
}
