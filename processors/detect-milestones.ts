/**
 * detect-milestones: turns where a shipment was seen, and what partners report of it, into how far it has come.
 *
 *   reads   shipment.plan.v1, shipment.sighting.v1, shipment.event.v1     by shipmentId
 *   keeps   the last word on each, what it last said of each milestone
 *   writes  shipment.milestone.v1, late.v1
 *
 * What comes before the plan waits in the evidence. A corrected claim corrects its milestone, and the last one taken
 * back takes the milestone back. The rules are in domain/milestones.ts; nothing here decides anything.
 */
import { corrections, isNews, type Revised } from '../domain/corrections.ts'
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
import { endOf, journey } from '../domain/journey.ts'
import { milestones } from '../domain/milestones.ts'
import { json } from '../schemas/codec.ts'
import { lates, shipmentEvents, shipmentMilestones, shipmentPlans, shipmentSightings } from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import { type Evidence, known, type PlainList } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit, type Topic } from '../streams/topic.ts'

const plan = { name: 'plan', codec: shipmentPlans.codec }
const seen = { name: 'seen', codec: shipmentSightings.codec }
const reported = { name: 'reported', codec: shipmentEvents.codec }
const told = { name: 'told', codec: shipmentMilestones.codec }
const keeps = [plan, seen, reported, told]

const NAME = 'detect-milestones'
export const detectMilestones = processor({
  name: NAME,
  head: json<Retention>(),
  keeps,
  emits: [shipmentMilestones, lates],
})
  .on(shipmentPlans, (head, kept, event) => consider(head, kept, shipmentPlans, plan, event))
  .on(shipmentSightings, (head, kept, event) =>
    event.value.kind === 'progress' ? drop('progress') : consider(head, kept, shipmentSightings, seen, event),
  )
  .on(shipmentEvents, (head, kept, event) => consider(head, kept, shipmentEvents, reported, event))
  .onWake((head = NOTHING_HEARD, kept) => ({ head: { ...head, letGo: true }, remove: everyRow(kept, keeps) }))

function consider<V extends Revised>(
  head: Retention = NOTHING_HEARD,
  kept: Evidence,
  topic: Topic<string, V>,
  list: PlainList<V>,
  event: Event<V>,
) {
  const { value, receivedAt } = event
  const identity = topic.identityOf(value)
  if (head.letGo) return { emit: [emit(lates, lateRecord(NAME, topic, event))] }
  if (!isNews(value, kept.get(list, identity)?.value)) return drop('heard before')

  const news = known(list, identity, value)
  const now = kept.with([news])
  const [holds] = now.all(plan)
  const derived = holds ? milestones(holds, now.all(seen), now.all(reported)) : []
  const said = corrections(shipmentMilestones, now.all(told), derived)
  const put = said.map(fact => known(told, shipmentMilestones.identityOf(fact), fact))
  const next = heardOn(head, receivedAt)
  const end = holds ? endOf(holds, journey(holds, now.with(put).all(told))) : unplannedEnd(next.heardBy)
  return {
    head: next,
    put: [news, ...put],
    emit: said.map(fact => emit(shipmentMilestones, fact)),
    wakeAt: letGoAt(end, next.heardBy, SHIPMENT_KEPT_MS),
  }
}
