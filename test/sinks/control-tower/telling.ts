/** Events as the sinks get them, and batches of them, for tests of the read model. */
import type * as Events from '../../../schemas/generated/events.ts'
import { digest, type Event } from '../../../streams/event.ts'
import type { AnySink } from '../../../streams/sink.ts'
import type { Instant } from '../../../streams/time.ts'
import type { Occurred } from '../../../streams/topic.ts'
import { controlTowerSinks } from '../../../sinks/control-tower/sinks.ts'
import type { Views } from '../../../sinks/control-tower/views.ts'

export const at = (iso: string): Instant => Date.parse(iso) as Instant
export const NOBODY = { customerId: null, carrierId: null, companyId: null } as const

/** The same value has the same eventId. */
export const heard = <V extends Occurred>(value: V, receivedAt: Instant = value.occurredAt): Event<V> => ({
  eventId: digest(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? [...part] : part))),
  source: 'test',
  emittedAt: null,
  receivedAt,
  occurredAt: value.occurredAt,
  cause: null,
  value,
})

/** What is to be written, by topic. */
export interface Told {
  readonly topic: string
  readonly events: readonly Event<Occurred>[]
}
export const tell = (topic: { readonly name: string }, ...values: readonly Occurred[]): Told => ({
  topic: topic.name,
  events: values.map(value => heard(value)),
})
export const tokenOf = (events: readonly Event<unknown>[]): string => digest(...events.map(({ eventId }) => eventId))

/** Writes batches into a read model, each through the sink of its topic. */
export function writer(views: Views): (...told: readonly Told[]) => Promise<void> {
  const sinks = new Map<string, AnySink>(controlTowerSinks(views).map(sink => [sink.reads.name, sink]))
  return async (...told) => {
    for (const { topic, events } of told) {
      const sink = sinks.get(topic)
      if (!sink) throw new Error(`no sink reads ${topic}`)
      await sink.write({ token: tokenOf(events), events })
    }
  }
}

export const stop = (
  stopId: string,
  kind: Events.StopKind,
  name: string,
  plannedArrival: Instant,
  more: Partial<Events.Stop> = {},
): Events.Stop => ({
  stopId,
  kind,
  place: { name, latitude: 51.2, longitude: 4.4, radiusM: 300 },
  plannedArrival,
  dueBy: null,
  plannedDeparture: null,
  ...more,
})

export const plan = (shipmentId: string, more: Partial<Events.ShipmentPlan> = {}): Events.ShipmentPlan => ({
  occurredAt: at('2026-03-01T06:00:00Z'),
  shipmentId,
  status: 'active',
  references: [{ scheme: 'po', value: `PO-${shipmentId}` }],
  ...NOBODY,
  vehicleId: null,
  loadId: null,
  stops: [
    stop('a', 'pickup', 'Antwerp', at('2026-03-01T08:00:00Z')),
    stop('b', 'delivery', 'Lyon', at('2026-03-01T18:00:00Z'), { dueBy: at('2026-03-01T18:30:00Z') }),
  ],
  revision: 1,
  retracted: false,
  ...more,
})

export const milestone = (
  shipmentId: string,
  stopId: string | null,
  code: string,
  occurredAt: Instant,
  more: Partial<Events.ShipmentMilestone> = {},
): Events.ShipmentMilestone => ({
  occurredAt,
  shipmentId,
  stopId,
  code,
  classifier: 'actual',
  claimedBy: 'positions:V-1',
  claims: [{ by: 'positions:V-1', at: occurredAt, rawCode: null, identity: `${shipmentId}/${stopId ?? ''}/${code}` }],
  ...NOBODY,
  revision: 1,
  retracted: false,
  ...more,
})

export const eta = (
  shipmentId: string,
  stopId: string,
  occurredAt: Instant,
  p50: Instant,
  more: Partial<Events.ShipmentEta> = {},
): Events.ShipmentEta => ({
  occurredAt,
  shipmentId,
  stopId,
  p10: Math.round(occurredAt + 0.85 * (p50 - occurredAt)) as Instant,
  p50,
  p90: Math.round(occurredAt + 1.35 * (p50 - occurredAt)) as Instant,
  basis: 'remaining way at the speed of the last 2 h',
  modelId: 'distance-speed@1',
  remainingM: 120_000,
  speedMps: 20,
  ...NOBODY,
  revision: 1,
  retracted: false,
  ...more,
})

export const aCase = (caseId: string, openedAt: Instant, more: Partial<Events.Case> = {}): Events.Case => ({
  occurredAt: openedAt,
  caseId,
  kind: 'late',
  subjectKind: 'shipment',
  subjectId: more.shipmentId ?? 'S-1',
  shipmentId: 'S-1',
  stopId: 'b',
  severity: 'high',
  state: 'open',
  owner: null,
  openedAt,
  closedAt: null,
  closedBy: null,
  basis: `basis of ${caseId}`,
  evidence: '{}',
  notes: [],
  ...NOBODY,
  revision: 1,
  retracted: false,
  ...more,
})

export const position = (
  vehicleId: string,
  occurredAt: Instant,
  more: Partial<Events.VehiclePosition> = {},
): Events.VehiclePosition => ({
  occurredAt,
  positionId: `${vehicleId}@${occurredAt}`,
  vehicleId,
  latitude: 51.2,
  longitude: 4.4,
  ...{
    speedMps: 20,
    courseDeg: 90,
    altitudeM: null,
    accuracyM: null,
    ignition: null,
    odometerM: null,
    attributes: null,
  },
  flags: [],
  revision: 1,
  retracted: false,
  ...more,
})

export const assignment = (
  vehicleId: string,
  shipmentId: string,
  more: Partial<Events.VehicleAssignment> = {},
): Events.VehicleAssignment => ({
  ...{ occurredAt: at('2026-03-01T06:00:00Z'), vehicleId, shipmentId, stops: [], revision: 1, retracted: false },
  periods: [{ from: 0 as Instant, until: 9_007_199_254_740_991 as Instant }],
  ...more,
})

export const sighting = (
  shipmentId: string,
  kind: Events.SightingKind,
  occurredAt: Instant,
  more: Partial<Events.ShipmentSighting> = {},
): Events.ShipmentSighting => ({
  occurredAt,
  shipmentId,
  vehicleId: 'V-1',
  kind,
  stopId: null,
  latitude: 51.2,
  longitude: 4.4,
  revision: 1,
  retracted: false,
  ...more,
})
