/**
 * watch-vehicles: says which vehicles send positions that cannot be true, again and again.
 *
 *   reads   vehicle.jump.v1, case.action.v1     by vehicleId
 *   keeps   the jumps of a week, what people did, what it last said
 *   writes  case.v1
 *
 * Positions are the flood and most of them do not jump: only of those that do, or do not any more, follow-vehicles
 * speaks. The rules are in domain/jumping.ts; nothing here decides anything.
 */
import { actedUpon, caseOf, withdrawn } from '../domain/cases.ts'
import { corrections, isNews } from '../domain/corrections.ts'
import { endOfDay } from '../domain/horizon.ts'
import { APART_MS, jumpingGrounds, JUMPS_KEPT_MS, lastBout } from '../domain/jumping.ts'
import { awaiting, type Pending } from '../domain/settling.ts'
import { json } from '../schemas/codec.ts'
import { caseActions, cases, vehicleJumps } from '../schemas/topics.ts'
import { digest } from '../streams/event.ts'
import { type Evidence, heard, known } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, later } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

const jumps = { name: 'jumps', codec: vehicleJumps.codec }
const actions = { name: 'actions', codec: caseActions.codec }
const told = { name: 'told', codec: cases.codec }

export const watchVehicles = processor({
  name: 'watch-vehicles',
  head: json<Pending>(),
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
  .onWake((_, kept, at, tick) => {
    const all = kept.all(jumps)
    const isOld = (since: Instant) => letGoAt(since) <= tick
    const young = all.filter(({ occurredAt }) => !isOld(occurredAt))
    const bout = lastBout(young)
    const [first] = young
    const derived = bout && first ? [caseFor(first.vehicleId, bout, kept, tick)] : []
    // What was told of jumps that were let go stays as it is.
    const before = kept.all(told).filter(({ openedAt }) => derived.length > 0 || !isOld(openedAt))
    const said = corrections(cases, before, derived, withdrawn(at))
    const alarms = [
      ...young.map(({ occurredAt }) => letGoAt(occurredAt)),
      ...(bout ? [later(bout.last, APART_MS)] : []),
    ].filter(alarm => alarm > tick)
    return {
      head: {},
      put: said.map(fact => known(told, fact.caseId, fact)),
      remove: all
        .filter(({ occurredAt }) => isOld(occurredAt))
        .map(jump => known(jumps, vehicleJumps.identityOf(jump), jump)),
      emit: said.map(fact => emit(cases, fact)),
      wakeAt: alarms.length > 0 ? (Math.min(...alarms) as Instant) : ('never' as const),
    }
  })

const letGoAt = (at: Instant): Instant => later(endOfDay(at), JUMPS_KEPT_MS)

function caseFor(vehicleId: string, bout: NonNullable<ReturnType<typeof lastBout>>, kept: Evidence, passed: Instant) {
  const caseId = digest('impossible_movement', 'vehicle', vehicleId, '')
  const about = { caseId, subjectKind: 'vehicle' as const, subjectId: vehicleId, shipmentId: null }
  const nobody = { customerId: null, carrierId: null, companyId: null }
  return caseOf(jumpingGrounds(bout, passed), { ...about, ...nobody }, kept.all(actions))
}
