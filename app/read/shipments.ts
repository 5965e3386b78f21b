/** `GET /v1/shipments` and `GET /v1/shipments/{shipmentId}`. */
import { z } from 'zod'
import { Problem } from '../../ingest/http/problem.ts'
import type { Stop } from '../../schemas/generated/events.ts'
import type { ViewsReader } from '../../sinks/control-tower/reader.ts'
import { overview } from '../../sinks/control-tower/read-cases.ts'
import { shipmentsAfter, shipmentWhole, type Standing, type Whole } from '../../sinks/control-tower/read-shipments.ts'
import type { Instant } from '../../streams/time.ts'
import * as answers from './answers.ts'
import { caseAnswer } from './cases.ts'
import { type AnyRoute, cursorOf, paging, placeAt, route } from './route.ts'

const { iso, isoOrNull, isoUnlessEndless } = answers

const text = z.string().min(1).max(200)

const query = z.strictObject({
  ...paging,
  status: answers.status.optional(),
  phase: answers.phase.optional(),
  customerId: text.optional(),
  carrierId: text.optional(),
  companyId: text.optional(),
  openCase: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .optional()
    .describe('Whether a case of it is open or acknowledged'),
  reference: text.optional().describe('scheme|value, or a value of any scheme'),
  search: text.optional().describe('What the id or the value of a reference begins with'),
})

export interface ShipmentNeeds {
  readonly views: ViewsReader
  /** How late it is by the clock that events follow: the tick with `--time event`. */
  readonly now: () => Instant
}

export const shipmentRoutes = ({ views, now }: ShipmentNeeds): readonly AnyRoute[] => [
  route({
    method: 'GET',
    path: '/v1/shipments',
    summary: 'Shipments, by id',
    role: 'read',
    query,
    answers: { 200: { description: 'A page of shipments', shape: answers.shipmentPage } },
    handle({ query: { limit, cursor, openCase, ...filter } }) {
      const after = placeAt(z.string(), cursor) ?? ''
      const found = views.snapshot(at => shipmentsAfter(at, { ...filter, hasOpenCase: openCase }, after, limit + 1))
      const shipments = found.slice(0, limit).map(summaryOf)
      const last = found.length > limit ? shipments.at(-1) : undefined
      const body: z.input<typeof answers.shipmentPage> = {
        shipments,
        nextCursor: last ? cursorOf(last.shipmentId) : null,
      }
      return { status: 200, body }
    },
  }),
  route({
    method: 'GET',
    path: '/v1/shipments/{shipmentId}',
    summary: 'Everything known of a shipment',
    role: 'read',
    params: z.strictObject({ shipmentId: z.string() }),
    answers: { 200: { description: 'The shipment', shape: answers.shipment } },
    problems: { 404: 'There is no such shipment (yet)' },
    handle({ params: { shipmentId } }) {
      const whole = views.snapshot(at => shipmentWhole(at, shipmentId))
      if (!whole) throw new Problem(404, 'there is no such shipment (yet)')
      return { status: 200, body: shipmentAnswer(whole) }
    },
  }),
  route({
    method: 'GET',
    path: '/v1/overview',
    summary: 'How many shipments and open cases there are',
    role: 'read',
    answers: { 200: { description: 'Counts', shape: answers.overview } },
    handle() {
      const { phases, withOpenCases, openCases } = views.snapshot(overview)
      const body: z.input<typeof answers.overview> = {
        now: iso(now()),
        shipments: phases,
        shipmentsWithOpenCases: withOpenCases,
        openCases,
      }
      return { status: 200, body }
    },
  }),
]

type Summary = z.input<typeof answers.shipmentSummary>

export function summaryOf(standing: Standing): Summary {
  const { plan, phase, milestones, etas, openCases, lastPosition } = standing
  const { shipmentId, status, references, customerId, carrierId, companyId, vehicleId, loadId, stops } = plan
  const last = milestones.at(-1)
  const next = etas[0]
  const placeOf = (id: string | null) => stops.find(({ stopId }) => stopId === id)?.place.name ?? null
  return {
    ...{ shipmentId, status, phase, references: [...references], customerId, carrierId, companyId, vehicleId, loadId },
    plannedAt: iso(plan.occurredAt),
    from: stops[0]?.place.name ?? null,
    to: stops.at(-1)?.place.name ?? null,
    lastMilestone: last
      ? {
          ...{ stopId: last.stopId, code: last.code, classifier: last.classifier, claimedBy: last.claimedBy },
          place: placeOf(last.stopId),
          occurredAt: iso(last.occurredAt),
        }
      : null,
    nextEta: next ? { stopId: next.stopId, place: placeOf(next.stopId), ...intervalOf(next) } : null,
    lateness: latenessOf(standing),
    openCases: openCases.map(({ caseId, kind, severity, state, stopId, openedAt }) => ({
      ...{ caseId, kind, severity, state, stopId },
      openedAt: iso(openedAt),
    })),
    lastPosition: lastPosition ? { ...lastPosition, occurredAt: iso(lastPosition.occurredAt) } : null,
  }
}

const intervalOf = ({ p10, p50, p90, occurredAt }: { p10: number; p50: number; p90: number; occurredAt: number }) => ({
  p10: iso(p10),
  p50: iso(p50),
  p90: iso(p90),
  asOf: iso(occurredAt),
})

/** Against what was agreed, without the grace that cases give. */
function latenessOf({ plan: { stops }, milestones, etas }: Standing): Summary['lateness'] {
  const late = (stop: Stop, at: number, by: 'eta' | 'arrival') => ({
    stopId: stop.stopId,
    lateByS: Math.round((at - (stop.dueBy ?? stop.plannedArrival)) / 1_000),
    by,
  })
  const lastStop = stops.at(-1)
  if (!lastStop) return null
  // By time: the first thing actual at the last stop is that the shipment had come there.
  const reached = milestones.find(({ stopId }) => stopId === lastStop.stopId)
  if (reached) return late(lastStop, reached.occurredAt, 'arrival')
  const eta = etas[0]
  const stop = stops.find(({ stopId }) => stopId === eta?.stopId)
  return eta && stop ? late(stop, eta.p50, 'eta') : null
}

function shipmentAnswer(whole: Whole): z.input<typeof answers.shipment> {
  const { plan } = whole.standing
  const rankOf = new Map(plan.stops.map(({ stopId }, rank) => [stopId, rank]))
  const rank = ({ stopId }: { stopId: string }) => rankOf.get(stopId) ?? plan.stops.length
  return {
    ...summaryOf(whole.standing),
    plan: {
      revision: plan.revision,
      stops: plan.stops.map(stop => ({
        ...stop,
        plannedArrival: iso(stop.plannedArrival),
        dueBy: isoOrNull(stop.dueBy),
        plannedDeparture: isoOrNull(stop.plannedDeparture),
      })),
    },
    milestones: whole.milestones.map(
      ({ stopId, code, classifier, occurredAt, claimedBy, revision, retracted, claims, told }) => ({
        ...{ stopId, code, classifier, claimedBy, revision, retracted, occurredAt: iso(occurredAt) },
        claims: claims.map(({ by, at, rawCode, identity }) => ({ by, occurredAt: iso(at), rawCode, identity })),
        revisions: told.map(one => ({ ...one, occurredAt: iso(one.occurredAt), receivedAt: iso(one.receivedAt) })),
      }),
    ),
    etas: [...whole.etas]
      .sort((a, b) => rank(a) - rank(b))
      .map(({ stopId, basis, modelId, remainingM, speedMps, revision, retracted, told, ...interval }) => ({
        ...{ stopId, basis, modelId, remainingM, speedMps, revision, retracted, ...intervalOf(interval) },
        history: told.map(one => ({ revision: one.revision, retracted: one.retracted, ...intervalOf(one) })),
      })),
    cases: whole.cases.map(caseAnswer),
    evidence: evidenceOf(whole),
  }
}

function evidenceOf(whole: Whole): z.input<typeof answers.shipment>['evidence'] {
  return {
    assignments: whole.assignments.map(({ periods, ...assignment }) => ({
      ...assignment,
      periods: periods.map(({ from, until }) => ({ from: isoUnlessEndless(from), until: isoUnlessEndless(until) })),
    })),
    sightings: whole.sightings.flatMap(
      ({ kind, stopId, vehicleId, occurredAt, latitude, longitude, revision, retracted }) =>
        kind === 'progress'
          ? []
          : [{ kind, stopId, vehicleId, occurredAt: iso(occurredAt), latitude, longitude, revision, retracted }],
    ),
    carrierEvents: whole.carrierEvents.map(event => ({
      ...{ partner: event.partner, partnerEventId: event.partnerEventId, reference: event.reference },
      ...{ code: event.code, rawCode: event.rawCode, classifier: event.classifier, stopId: event.stopId },
      ...{ occurredAt: iso(event.occurredAt), updatedAt: isoOrNull(event.updatedAt) },
      ...{ revision: event.revision, retracted: event.retracted },
    })),
    positions: whole.positions.map(position => ({ ...position, occurredAt: iso(position.occurredAt) })),
  }
}
