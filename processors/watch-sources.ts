/**
 * watch-sources: says which feeds are silent for much longer than they usually are.
 *
 *   reads   source.heard.v1, case.action.v1     by sourceId
 *   keeps   the minutes in which the feed was heard, of its last 192 hours, what people did, what it last said
 *   writes  case.v1
 *
 * Ingest says at most once a minute that a feed has spoken: nobody reads every position for that. The rules are in
 * domain/hearing.ts; nothing here decides anything.
 */
import { actedUpon, caseOf, withdrawn } from '../domain/cases.ts'
import { corrections } from '../domain/corrections.ts'
import {
  type HeardHour,
  hourOf,
  HOURS_KEPT,
  type Hush,
  hushes,
  hushGrounds,
  hushTold,
  withMinute,
} from '../domain/hearing.ts'
import { awaiting, type Pending } from '../domain/settling.ts'
import { json } from '../schemas/codec.ts'
import { caseActions, cases, sourcesHeard } from '../schemas/topics.ts'
import { digest } from '../streams/event.ts'
import { type Evidence, heard, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit } from '../streams/topic.ts'

type Head = Pending & { readonly sourceId?: string }

const hours: PlainList<HeardHour> = { name: 'hours', codec: json() }
const actions = { name: 'actions', codec: caseActions.codec }
const told = { name: 'told', codec: cases.codec }

const rowOf = (hour: HeardHour): Row<HeardHour> => ({ list: hours, at: hour.hour, id: '', value: hour })

export const watchSources = processor({
  name: 'watch-sources',
  head: json<Head>(),
  keeps: [hours, actions, told],
  emits: [cases],
})
  .on(sourcesHeard, (head = {}, kept, { value, receivedAt }, tick) => {
    const { occurredAt, sourceId } = value
    const all = kept.all(hours)
    const before = kept.get(hours, '', hourOf(occurredAt))?.value
    const isFull = before === undefined && all.length >= HOURS_KEPT
    const [oldest] = all
    if (isFull && oldest && occurredAt < oldest.hour) return drop('too long ago')
    const hour = withMinute(before, occurredAt)
    if (hour === before) return drop('heard before')
    const remove = isFull && oldest ? [rowOf(oldest)] : []
    return { put: [rowOf(hour)], remove, ...awaiting({ ...head, sourceId }, receivedAt, tick) }
  })
  .on(caseActions, (head = {}, kept, event, tick) => {
    if (event.value.subjectKind !== 'source') return drop('not about a source')
    const action = heard(actions, event)
    if (kept.has(action)) return drop('heard before')
    const done = kept.with([action]).all(actions)
    const said = kept.all(told).flatMap(left => actedUpon(left, done))
    const put = [action, ...said.map(fact => known(told, fact.caseId, fact))]
    return { put, emit: said.map(fact => emit(cases, fact)), ...awaiting(head, event.receivedAt, tick) }
  })
  .onWake(({ sourceId } = {}, kept, at, tick) => {
    // A feed has one case: the next silence opens it again.
    const [fact] = kept.all(told)
    const before = fact && hushTold(fact.evidence)
    const lastsFrom = before?.until === undefined && fact?.retracted === false ? before?.from : undefined
    const { last, tooLongAt, since } = hushes(kept.all(hours), tick, lastsFrom)
    const derived = last && sourceId !== undefined ? [caseFor(sourceId, last, kept)] : []
    const isSettled = derived.length === 0 && before?.until !== undefined && before.until <= since
    const said = corrections(cases, fact && !isSettled ? [fact] : [], derived, withdrawn(at))
    return {
      head: sourceId === undefined ? {} : { sourceId },
      put: said.map(fact => known(told, fact.caseId, fact)),
      emit: said.map(fact => emit(cases, fact)),
      wakeAt: tooLongAt ?? ('never' as const),
    }
  })

function caseFor(sourceId: string, hush: Hush, kept: Evidence) {
  const caseId = digest('stale_source', 'source', sourceId, '')
  const about = { caseId, subjectKind: 'source' as const, subjectId: sourceId, shipmentId: null }
  const nobody = { customerId: null, carrierId: null, companyId: null }
  return caseOf(hushGrounds(hush), { ...about, ...nobody }, kept.all(actions))
}
