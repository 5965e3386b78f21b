/**
 * watch-sources: says which feeds are silent for much longer than they usually are.
 *
 *   reads   source.heard.v1, case.action.v1     by sourceId
 *   keeps   the minutes of eight days in which the feed was heard, what people did, what it last said
 *   writes  case.v1
 *
 * Ingest says at most once a minute that a feed has spoken: nobody reads every position for that. The rules are in
 * domain/hearing.ts; nothing here decides anything.
 */
import { actedUpon, caseOf, withdrawn } from '../domain/cases.ts'
import { corrections } from '../domain/corrections.ts'
import {
  HEARD_KEPT_MS,
  type HeardHour,
  type Hush,
  hushes,
  hushGrounds,
  hourOf,
  JUDGED_MS,
  withMinute,
} from '../domain/hearing.ts'
import { awaiting, type Pending } from '../domain/settling.ts'
import { json } from '../schemas/codec.ts'
import { caseActions, cases, sourcesHeard } from '../schemas/topics.ts'
import { digest } from '../streams/event.ts'
import { type Evidence, heard, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, later, NEVER_YET } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

type Head = Pending & { readonly sourceId?: string }

const hours: PlainList<HeardHour> = { name: 'hours', codec: json() }
const actions = { name: 'actions', codec: caseActions.codec }
const told = { name: 'told', codec: cases.codec }

const rowOf = (hour: HeardHour): Row<HeardHour> => ({ list: hours, at: hour.hour, id: '', value: hour })
const newestOf = (kept: Evidence): Instant => kept.last(hours)?.at ?? NEVER_YET

export const watchSources = processor({
  name: 'watch-sources',
  head: json<Head>(),
  keeps: [hours, actions, told],
  emits: [cases],
})
  .on(sourcesHeard, (head = {}, kept, { value, receivedAt }, tick) => {
    const { occurredAt, sourceId } = value
    if (occurredAt < newestOf(kept) - HEARD_KEPT_MS) return drop('too long ago')
    const before = kept.get(hours, '', hourOf(occurredAt))?.value
    const hour = withMinute(before, occurredAt)
    if (hour === before) return drop('heard before')
    const old = kept.between(hours, NEVER_YET, later(Math.max(hour.hour, newestOf(kept)) as Instant, -HEARD_KEPT_MS))
    return { put: [rowOf(hour)], remove: old, ...awaiting({ ...head, sourceId }, receivedAt, tick) }
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
    const { last, tooLongAt } = hushes(kept.all(hours), tick)
    const derived = last && sourceId !== undefined ? [caseFor(sourceId, last, kept)] : []
    // A silence of long ago is not judged again.
    const since = later(newestOf(kept), -JUDGED_MS)
    const before = kept.all(told).filter(fact => derived.length > 0 || silentSince(fact) >= since)
    const said = corrections(cases, before, derived, withdrawn(at))
    return {
      head: sourceId === undefined ? {} : { sourceId },
      put: said.map(fact => known(told, fact.caseId, fact)),
      emit: said.map(fact => emit(cases, fact)),
      wakeAt: tooLongAt ?? ('never' as const),
    }
  })

const silentSince = ({ evidence }: { readonly evidence: string }): number =>
  Date.parse((JSON.parse(evidence) as { readonly silentSince: string }).silentSince)

function caseFor(sourceId: string, hush: Hush, kept: Evidence) {
  const caseId = digest('stale_source', 'source', sourceId, '')
  const about = { caseId, subjectKind: 'source' as const, subjectId: sourceId, shipmentId: null }
  const nobody = { customerId: null, carrierId: null, companyId: null }
  return caseOf(hushGrounds(hush), { ...about, ...nobody }, kept.all(actions))
}
