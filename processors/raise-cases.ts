/**
 * raise-cases: says which shipments need a person.
 *
 *   reads   shipment.plan.v1, shipment.milestone.v1, shipment.sighting.v1, shipment.eta.v1, case.action.v1     by shipmentId
 *   keeps   what holds of each, the progress in blocks, what it last said of each case
 *   writes  case.v1, late.v1
 *
 * What is heard is put away, and nothing is concluded from it before the clock has passed the moment at which it was
 * received: only the tick comes after all that came of one delivery (decision 0004). A plan takes one step to get here,
 * what its vehicle was seen to do takes three; who believed the plan alone would call every one late whose truck has
 * long been there. What people do is laid over what was told at once.
 *
 * One alarm per shipment: for that, or for the next moment that can make a case. Progress that follows shortly on other
 * progress opens no case, it can only break a silence that was told: so while it flows the alarm stays where it was,
 * and asks how things are when it rings. The rules are in domain/{cases,dwell,late-risk,sequence,silence}.ts;
 * nothing here decides anything.
 */
import {
  actedUpon,
  caseOf,
  deadlines,
  type Grounds,
  isOpen,
  lateGrounds,
  missedGrounds,
  unlocatedGrounds,
  withdrawn,
} from '../domain/cases.ts'
import { corrections, isNews } from '../domain/corrections.ts'
import { awaiting, type Pending } from '../domain/settling.ts'
import { dwellDeadlines, dwellGrounds, unheardSince } from '../domain/dwell.ts'
import {
  everyRow,
  heardOn,
  lateRecord,
  letGoAt,
  NOTHING_HEARD,
  type Retention,
  SHIPMENT_KEPT_MS,
  unplannedEnd,
} from '../domain/horizon.ts'
import { endOf, type Journey, journey } from '../domain/journey.ts'
import { isAnother, type Outlook, outlookAfter, riskGrounds } from '../domain/late-risk.ts'
import { type Progress, progressList as progress, progressRow } from '../domain/progress.ts'
import { breaksSilence, lastSilence, type Leg, legs, silenceGrounds, SILENCE_MS, silentAt } from '../domain/silence.ts'
import { sequenceGrounds } from '../domain/sequence.ts'
import { json } from '../schemas/codec.ts'
import type { Case, CaseAction, ShipmentPlan } from '../schemas/generated/events.ts'
import { isProof } from '../schemas/milestones.ts'
import {
  caseActions,
  cases,
  lates,
  PROGRESS_BUCKET_MS,
  shipmentEtas,
  shipmentMilestones,
  shipmentPlans,
  shipmentSightings,
} from '../schemas/topics.ts'
import { digest, type Event } from '../streams/event.ts'
import { type Evidence, heard, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, later, NEVER_YET } from '../streams/time.ts'
import { emit, type Topic } from '../streams/topic.ts'

const plan = { name: 'plan', codec: shipmentPlans.codec }
const reached = { name: 'reached', codec: shipmentMilestones.codec }
const outlooks: PlainList<Outlook> = { name: 'outlooks', codec: json() }
const actions: PlainList<CaseAction> = { name: 'actions', codec: caseActions.codec }
const told = { name: 'told', codec: cases.codec }

interface Unheard {
  /** A fix since then would show that a vehicle of which nothing is heard stood at a stop for too long. */
  readonly unheard?: Instant | undefined
}
type Head = Retention & Pending & Unheard

const NAME = 'raise-cases'
export const raiseCases = processor({
  name: NAME,
  head: json<Head>(),
  keeps: [plan, reached, progress, outlooks, actions, told],
  emits: [cases, lates],
})
  .on(shipmentPlans, (head: Head = NOTHING_HEARD, kept, event, tick) => {
    if (head.letGo) return late(shipmentPlans, event)
    const news = known(plan, shipmentPlans.identityOf(event.value), event.value)
    return isNews(event.value, kept.get(plan, news.id)?.value) ? consider(head, news, event, tick) : HEARD
  })
  .on(shipmentMilestones, (head: Head = NOTHING_HEARD, kept, event, tick) => {
    if (!isProof(event.value)) return drop('proves nothing')
    if (head.letGo) return late(shipmentMilestones, event)
    const news = known(reached, shipmentMilestones.identityOf(event.value), event.value)
    return isNews(event.value, kept.get(reached, news.id)?.value) ? consider(head, news, event, tick) : HEARD
  })
  .on(shipmentSightings, (head: Head = NOTHING_HEARD, kept, event, tick) => {
    if (event.value.kind !== 'progress') return drop('no progress')
    if (head.letGo) return late(shipmentSightings, event)
    const news = progressRow(progress, event.value)
    const before = kept.get(progress, news.id, news.at)
    if (!isNews(news.value, before?.value)) return HEARD
    const { occurredAt, retracted } = news.value
    const shows = head.unheard !== undefined && occurredAt >= head.unheard
    const unremarkable =
      !before && !retracted && !shows && follows(kept, news) && !breaksSilence(silences(kept), occurredAt)
    if (unremarkable && heardOn(head, event.receivedAt) === head) return { put: [news] }
    return consider(head, news, event, tick)
  })
  .on(shipmentEtas, (head: Head = NOTHING_HEARD, kept, event, tick) => {
    if (head.letGo) return late(shipmentEtas, event)
    const before = kept.get(outlooks, event.value.stopId)?.value
    if (before && before.revision >= event.value.revision) return HEARD
    const [holds] = kept.all(plan)
    const after = outlookAfter(before, event.value, holds)
    const news = known(outlooks, after.stopId, after)
    return isAnother(before, after) ? consider(head, news, event, tick) : { put: [news] }
  })
  .on(caseActions, (head: Head = NOTHING_HEARD, kept, event, tick) => {
    if (event.value.subjectKind !== 'shipment') return drop('not about a shipment')
    const action = heard(actions, event)
    if (kept.has(action)) return HEARD
    const settled = settle(kept, action)
    if (head.letGo) return settled ?? drop('its evidence was let go')
    return settled ? { ...settled, head: heardOn(head, event.receivedAt) } : consider(head, action, event, tick)
  })
  .onWake((head: Head = NOTHING_HEARD, kept, at, tick) => {
    const { letGo, unheard, ...step } = restate(head, kept, at, tick)
    const heard: Head = { heardBy: head.heardBy, letGo: head.letGo, ...(unheard !== undefined && { unheard }) }
    if (letGo > at) return { head: heard, ...step }
    // Cases that are still open stay, with what people did: they may still be closed.
    const stays = (row: Row) => row.list === told && isOpen(row.value as Case)
    const gone = everyRow(kept.with(step.put), [plan, reached, progress, outlooks, told]).filter(row => !stays(row))
    return { head: { ...heard, letGo: true }, put: step.put.filter(stays), remove: gone, emit: step.emit }
  })

const HEARD = drop('heard before')
const late = <V>(topic: Topic<string, V>, event: Event<V>) => ({ emit: [emit(lates, lateRecord(NAME, topic, event))] })
const silences = (kept: Evidence) => kept.all(told).filter(({ kind, retracted }) => kind === 'no_signal' && !retracted)

/** Whether there was progress so shortly before that there was no silence. */
function follows(kept: Evidence, news: Row<Progress>): boolean {
  for (const { value } of kept.backward(progress, news))
    if (!value.retracted) return news.value.occurredAt - value.occurredAt < SILENCE_MS
  return false
}

const consider = (head: Head, news: Row, { receivedAt }: Event<unknown>, tick: Instant) => ({
  put: [news],
  ...awaiting(heardOn(head, receivedAt), receivedAt, tick),
})

/** `passed`: it is so late. */
function restate({ heardBy }: Retention, kept: Evidence, receivedAt: Instant, passed: Instant) {
  const [holds] = kept.all(plan)
  const way = holds && journey(holds, kept.all(reached))
  const open = holds && way && holds.status === 'active' ? { plan: holds, way } : undefined
  const onTheWay = open ? legs(open.plan, open.way) : []
  const heardAt = lastFix(kept) ?? NEVER_YET
  const derived = open
    ? grounds(open.plan, open.way, onTheWay, kept, passed, heardAt).map(found => caseFor(open.plan, found, kept))
    : []
  const said = corrections(cases, kept.all(told), derived, withdrawn(receivedAt))
  const letGo = letGoAt(holds && way ? endOf(holds, way) : unplannedEnd(heardBy), heardBy, SHIPMENT_KEPT_MS)
  const alarms = [
    ...(open ? [...deadlines(open.plan, open.way), ...dwellDeadlines(open.plan, open.way)] : []),
    ...onTheWay.flatMap(leg => (leg.until === undefined ? (silentAt(leg, lastFix(kept, leg.from)) ?? []) : [])),
  ].filter(at => at > passed)
  return {
    letGo,
    unheard: open && unheardSince(open.plan, open.way, passed, heardAt),
    put: said.map(fact => known(told, fact.caseId, fact)),
    emit: said.map(fact => emit(cases, fact)),
    wakeAt: Math.min(letGo, ...alarms) as Instant,
  }
}

const grounds = (
  holds: ShipmentPlan,
  way: Journey,
  onTheWay: readonly Leg[],
  kept: Evidence,
  passed: Instant,
  heardAt: Instant,
): Grounds[] => [
  ...lateGrounds(holds, way, passed),
  ...missedGrounds(holds, way),
  ...unlocatedGrounds(holds),
  ...dwellGrounds(holds, way, passed, heardAt),
  ...sequenceGrounds(holds, kept.all(reached)),
  ...riskGrounds(holds, way, kept.all(outlooks), passed),
  ...onTheWay.flatMap(leg => {
    const silence = lastSilence(leg, fixesOn(kept, leg), passed)
    return silence ? silenceGrounds(leg, silence) : []
  }),
]

function caseFor({ shipmentId, customerId, carrierId, companyId }: ShipmentPlan, found: Grounds, kept: Evidence) {
  const caseId = digest(found.kind, 'shipment', shipmentId, found.stopId ?? '')
  const about = { caseId, subjectKind: 'shipment' as const, subjectId: shipmentId, shipmentId }
  return caseOf(found, { ...about, customerId, carrierId, companyId }, kept.all(actions))
}

/** When there was progress on a leg, in order but for vehicles that share a bucket. */
function* fixesOn(kept: Evidence, { from, until }: Leg): Generator<Instant> {
  for (const { at, value } of kept.forward(progress, { at: later(from, -PROGRESS_BUCKET_MS), id: '' }, true)) {
    if (until !== undefined && at >= until) return
    if (!value.retracted) yield value.occurredAt
  }
}

function lastFix(kept: Evidence, from: Instant = NEVER_YET): Instant | undefined {
  let last: Instant | undefined
  for (const { at, value } of kept.backward(progress)) {
    if (at < from - PROGRESS_BUCKET_MS || (last !== undefined && at < last - PROGRESS_BUCKET_MS)) break
    if (!value.retracted && (last === undefined || value.occurredAt > last)) last = value.occurredAt
  }
  return last
}

/** What a person did about a case that was told; undefined: there is none. */
function settle(kept: Evidence, action: Row<CaseAction>) {
  const left = kept.get(told, action.value.caseId)?.value
  if (!left || left.retracted) return undefined
  const said = actedUpon(left, kept.with([action]).all(actions))
  return {
    put: [action, ...said.map(fact => known(told, fact.caseId, fact))],
    emit: said.map(fact => emit(cases, fact)),
  }
}
