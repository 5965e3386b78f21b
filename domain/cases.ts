/**
 * What needs a person. The rules find grounds, with nothing remembered: grounds that are gone are no grounds, and
 * whoever was told of a case is told that it is withdrawn. What people did is laid over them here.
 */
import type { Case, CaseAction, CaseKind, Severity, ShipmentPlan } from '../schemas/generated/events.ts'
import { cases } from '../schemas/topics.ts'
import type { Instant } from '../streams/time.ts'
import { minutes } from '../streams/time.ts'
import { corrections, type Draft } from './corrections.ts'
import { isLocated } from './geo.ts'
import { type Journey, reachedAfter } from './journey.ts'
import { deadlineOf } from './plans.ts'

export interface Grounds {
  readonly kind: CaseKind
  readonly stopId: string | null
  readonly severity: Severity
  readonly openedAt: Instant
  /** When what was wrong ended by itself; null while it lasts. */
  readonly endedAt: Instant | null
  /** The facts that a person looks at: as long as they are the same, what was decided holds. */
  readonly basis: string
  readonly evidence: Readonly<Record<string, unknown>>
}
export type About = Pick<
  Case,
  'caseId' | 'subjectKind' | 'subjectId' | 'shipmentId' | 'customerId' | 'carrierId' | 'companyId'
>

/** The case for these grounds, as people left it. `actions` in the order in which they were done. */
export function caseOf(grounds: Grounds, about: About, actions: readonly CaseAction[]): Draft<Case> {
  const { kind, stopId, severity, openedAt, endedAt, basis, evidence } = grounds
  const mine = actions.filter(({ caseId }) => caseId === about.caseId)
  const closed = endedAt === null ? mine.find(act => act.action === 'resolve' && act.basis === basis) : undefined
  const taken = mine.some(act => act.action === 'acknowledge' && act.basis === basis)
  const { caseId, subjectKind, subjectId, shipmentId, customerId, carrierId, companyId } = about
  return {
    occurredAt: Math.max(openedAt, endedAt ?? openedAt, ...mine.map(act => act.occurredAt)) as Instant,
    caseId,
    kind,
    subjectKind,
    subjectId,
    shipmentId,
    stopId,
    severity,
    state: endedAt !== null || closed ? 'resolved' : taken ? 'acknowledged' : 'open',
    owner: mine.findLast(act => act.action === 'acknowledge')?.by ?? null,
    openedAt,
    closedAt: endedAt ?? closed?.occurredAt ?? null,
    closedBy: closed?.by ?? null,
    basis,
    evidence: JSON.stringify(evidence),
    notes: mine.flatMap(({ by, occurredAt: at, text }) => (text === null ? [] : { by, at, text })),
    customerId,
    carrierId,
    companyId,
  }
}

/** A case whose grounds are gone, also if a person had closed it. `at`: when we learnt of it. */
export const withdrawn =
  (at: Instant) =>
  (told: Case): Case => ({ ...told, occurredAt: at, state: 'withdrawn', closedAt: at, closedBy: null })

/** What people did about a case that was told: to be said of it, if anything. Its grounds are as they were told. */
export function actedUpon(told: Case, actions: readonly CaseAction[]): Case[] {
  if (told.retracted) return []
  const endedAt = told.state === 'resolved' && told.closedBy === null ? told.closedAt : null
  const evidence = JSON.parse(told.evidence) as Record<string, unknown>
  return corrections(cases, [told], [caseOf({ ...told, endedAt, evidence }, told, actions)])
}

export const isOpen = ({ state, retracted }: Case): boolean =>
  !retracted && (state === 'open' || state === 'acknowledged')

/** The stops whose deadline has passed unreached, and those that were reached too late. `passed`: how late it is. */
export const lateGrounds = ({ stops }: ShipmentPlan, { reachedAt }: Journey, passed: Instant): Grounds[] =>
  stops.flatMap(stop => {
    const deadline = deadlineOf(stop)
    const reached = reachedAt.get(stop.stopId)
    if (reached === undefined ? passed < deadline : reached <= deadline) return []
    return {
      kind: 'late',
      stopId: stop.stopId,
      severity: stop.kind === 'delivery' ? 'high' : 'medium',
      openedAt: deadline,
      endedAt: reached ?? null,
      basis: `due ${iso(deadline)}, ${reached === undefined ? 'not there' : `there ${iso(reached)}`}`,
      evidence: {
        plannedArrival: iso(stop.plannedArrival),
        deadline: iso(deadline),
        ...(reached === undefined
          ? {}
          : { reachedAt: iso(reached), minutesLate: Math.round((reached - deadline) / minutes(1)) }),
      },
    }
  })

/** The deadlines that can still make a stop late. */
export const deadlines = ({ stops }: ShipmentPlan, { reachedAt }: Journey): Instant[] =>
  stops.filter(({ stopId }) => !reachedAt.has(stopId)).map(deadlineOf)

/** The stops that nothing is known of though the shipment has been further on. */
export const missedGrounds = (plan: ShipmentPlan, way: Journey): Grounds[] =>
  plan.stops.flatMap(({ stopId }, n) => {
    const further = way.reachedAt.has(stopId) ? undefined : reachedAfter(plan, way, n)
    if (!further) return []
    return {
      kind: 'missed_milestone',
      stopId,
      severity: 'low',
      openedAt: further.at,
      endedAt: null,
      basis: `nothing known of ${stopId}, though of ${further.stopId}`,
      evidence: { laterStop: further.stopId, reachedAt: iso(further.at) },
    }
  })

/** The stops that can't be watched until somebody says where they are. */
export const unlocatedGrounds = ({ stops, occurredAt }: ShipmentPlan): Grounds[] =>
  stops.flatMap(({ stopId, place }) =>
    isLocated(place)
      ? []
      : {
          kind: 'stop_without_coordinates',
          stopId,
          severity: 'medium',
          openedAt: occurredAt,
          endedAt: null,
          basis: `nobody knows where ${place.name} is`,
          evidence: { place: place.name },
        },
  )

const iso = (at: Instant): string => new Date(at).toISOString()
