/**
 * recall-trips: says what each shipment's trip teaches of ETAs: of every stop that was arrived at, what plan and way
 * would have foretold of it on the way there. A trip that has not arrived yet asks its lanes what they know.
 *
 *   reads   shipment.plan.v1, shipment.milestone.v1, shipment.sighting.v1     by shipmentId
 *   keeps   the plan, what proves a stop reached, the progress in blocks, what it last said of each lane
 *   writes  lane.trip.v1, late.v1
 *
 * Progress after the last arrival teaches nothing yet, so that it is kept and nothing else is done. The rules are in
 * domain/lanes.ts; nothing here decides anything.
 */
import { corrections, isNews } from '../domain/corrections.ts'
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
import { arrivals, trips } from '../domain/lanes.ts'
import { progressList as progress, progressRow, trackOf } from '../domain/progress.ts'
import { json } from '../schemas/codec.ts'
import { isProof } from '../schemas/milestones.ts'
import { lates, laneTrips, shipmentMilestones, shipmentPlans, shipmentSightings } from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import { type Evidence, known, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit, type Topic } from '../streams/topic.ts'

const plan = { name: 'plan', codec: shipmentPlans.codec }
const reached = { name: 'reached', codec: shipmentMilestones.codec }
const told = { name: 'told', codec: laneTrips.codec }
const keeps = [plan, reached, progress, told]

const NAME = 'recall-trips'
export const recallTrips = processor({ name: NAME, head: json<Retention>(), keeps, emits: [laneTrips, lates] })
  .on(shipmentPlans, (head = NOTHING_HEARD, kept, event) => {
    if (head.letGo) return late(shipmentPlans, event)
    const news = known(plan, shipmentPlans.identityOf(event.value), event.value)
    return isNews(event.value, kept.get(plan, news.id)?.value)
      ? restate(heardOn(head, event.receivedAt), kept, news)
      : HEARD
  })
  .on(shipmentMilestones, (head = NOTHING_HEARD, kept, event) => {
    if (!isProof(event.value)) return drop('proves nothing')
    if (head.letGo) return late(shipmentMilestones, event)
    const news = known(reached, shipmentMilestones.identityOf(event.value), event.value)
    return isNews(event.value, kept.get(reached, news.id)?.value)
      ? restate(heardOn(head, event.receivedAt), kept, news)
      : HEARD
  })
  .on(shipmentSightings, (head = NOTHING_HEARD, kept, event) => {
    if (event.value.kind !== 'progress') return drop('no progress')
    if (head.letGo) return late(shipmentSightings, event)
    const news = progressRow(progress, event.value)
    if (!isNews(news.value, kept.get(progress, news.id, news.at)?.value)) return HEARD
    const next = heardOn(head, event.receivedAt)
    const teaches = [...arrivals(kept.all(reached)).values()].some(at => news.at < at)
    return teaches || next !== head ? restate(next, kept, news) : { put: [news] }
  })
  .onWake((head = NOTHING_HEARD, kept) => ({ head: { ...head, letGo: true }, remove: everyRow(kept, keeps) }))

const HEARD = drop('heard before')
const late = <V>(topic: Topic<string, V>, event: Event<V>) => ({ emit: [emit(lates, lateRecord(NAME, topic, event))] })

function restate(head: Retention, kept: Evidence, news: Row) {
  const now = kept.with([news])
  const [holds] = now.all(plan)
  if (!holds) return { head, put: [news], wakeAt: letGoAt(unplannedEnd(head.heardBy), head.heardBy, SHIPMENT_KEPT_MS) }
  const proofs = now.all(reached)
  const way = journey(holds, proofs)
  const said = corrections(laneTrips, now.all(told), trips(holds, way, arrivals(proofs), trackOf(now)))
  return {
    head,
    put: [news, ...said.map(trip => known(told, laneTrips.identityOf(trip), trip))],
    emit: said.map(trip => emit(laneTrips, trip)),
    wakeAt: letGoAt(endOf(holds, way), head.heardBy, SHIPMENT_KEPT_MS),
  }
}
