/**
 * watch-vehicles: says which vehicles send positions that cannot be true, again and again.
 *
 *   reads   vehicle.jump.v1, case.action.v1     by vehicleId
 *   keeps   the jumps of a week, what older ones came to, what people did, what it last said
 *   writes  case.v1
 *
 * Positions are the flood and most of them do not jump: only of those that do, or do not any more, follow-vehicles
 * speaks. The rules are in domain/jumping.ts; nothing here decides anything.
 */
import { actedUpon, caseOf, withdrawn } from '../domain/cases.ts'
import { corrections, isNews } from '../domain/corrections.ts'
import { endOfDay } from '../domain/horizon.ts'
import {
  APART_MS,
  type Bout,
  type Jumping,
  jumpingAfter,
  jumpingGrounds,
  JUMPS_KEPT_MS,
  NO_JUMPS,
} from '../domain/jumping.ts'
import { awaiting, type Pending } from '../domain/settling.ts'
import { json } from '../schemas/codec.ts'
import { caseActions, cases, vehicleJumps } from '../schemas/topics.ts'
import { digest } from '../streams/event.ts'
import { type Evidence, heard, known } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, later } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

/** `old`: what the jumps came to that were let go. */
type Head = Pending & { readonly old?: Jumping }

const jumps = { name: 'jumps', codec: vehicleJumps.codec }
const actions = { name: 'actions', codec: caseActions.codec }
const told = { name: 'told', codec: cases.codec }

export const watchVehicles = processor({
  name: 'watch-vehicles',
  head: json<Head>(),
  keeps: [jumps, actions, told],
  emits: [cases],
})
  .on(vehicleJumps, (head = {}, kept, { value, receivedAt }, tick) => {
    const news = known(jumps, vehicleJumps.identityOf(value), value)
    if (!isNews(value, kept.get(jumps, news.id)?.value)) return drop('heard before')
    return { put: [news], ...awaiting(head, receivedAt, tick) }
  })
  .on(caseActions, (head = {}, kept, event, tick) => {
    if (event.value.subjectKind !== 'vehicle') return drop('not about a vehicle')
    const action = heard(actions, event)
    if (kept.has(action)) return drop('heard before')
    const done = kept.with([action]).all(actions)
    const said = kept.all(told).flatMap(left => actedUpon(left, done))
    const put = [action, ...said.map(fact => known(told, fact.caseId, fact))]
    return { put, emit: said.map(fact => emit(cases, fact)), ...awaiting(head, event.receivedAt, tick) }
  })
  .onWake((head, kept, at, tick) => {
    const all = kept.all(jumps)
    const letGo = all.filter(({ occurredAt }) => letGoAt(occurredAt) <= tick)
    const young = all.filter(({ occurredAt }) => letGoAt(occurredAt) > tick)
    const old = jumpingAfter(head?.old ?? NO_JUMPS, letGo)
    const { bout } = jumpingAfter(old, young)
    const derived = bout ? [caseFor(bout, kept, tick)] : []
    const said = corrections(cases, kept.all(told), derived, withdrawn(at))
    const alarms = [
      ...young.map(({ occurredAt }) => letGoAt(occurredAt)),
      ...(bout ? [later(bout.last, APART_MS)] : []),
    ].filter(alarm => alarm > tick)
    return {
      head: old.run ? { old } : {},
      put: said.map(fact => known(told, fact.caseId, fact)),
      remove: letGo.map(jump => known(jumps, vehicleJumps.identityOf(jump), jump)),
      emit: said.map(fact => emit(cases, fact)),
      wakeAt: alarms.length > 0 ? (Math.min(...alarms) as Instant) : ('never' as const),
    }
  })

const letGoAt = (at: Instant): Instant => later(endOfDay(at), JUMPS_KEPT_MS)

function caseFor(bout: Bout, kept: Evidence, passed: Instant) {
  const { vehicleId } = bout.first
  const caseId = digest('impossible_movement', 'vehicle', vehicleId, '')
  const about = { caseId, subjectKind: 'vehicle' as const, subjectId: vehicleId, shipmentId: null }
  const nobody = { customerId: null, carrierId: null, companyId: null }
  return caseOf(jumpingGrounds(bout, passed), { ...about, ...nobody }, kept.all(actions))
}
