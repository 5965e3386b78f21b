/**
 * predict-etas: says when a shipment will reach the stops ahead.
 *
 *   reads   shipment.plan.v1, shipment.milestone.v1, shipment.sighting.v1, lane.model.v1     by shipmentId
 *   keeps   the plan, what proves a stop reached, the progress in blocks, what its lanes told it, what it last said of each stop
 *   writes  shipment.eta.v1, late.v1
 *
 * An ETA of a stop that has been reached is taken back. The rules are in domain/eta.ts; nothing here decides anything.
 */
import { corrections, isNews } from '../domain/corrections.ts'
import { DAY_TOLD_BY_MS } from '../domain/driving.ts'
import { etas } from '../domain/eta.ts'
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
import { progressList as progress, progressRow, trackOf } from '../domain/progress.ts'
import { json } from '../schemas/codec.ts'
import { isProof } from '../schemas/milestones.ts'
import {
  laneModels,
  lates,
  shipmentEtas,
  shipmentMilestones,
  shipmentPlans,
  shipmentSightings,
} from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import { type Evidence, known, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { NEVER_YET } from '../streams/time.ts'
import { emit, type Topic } from '../streams/topic.ts'

const plan = { name: 'plan', codec: shipmentPlans.codec }
const reached = { name: 'reached', codec: shipmentMilestones.codec }
const models = { name: 'models', codec: laneModels.codec }
const told = { name: 'told', codec: shipmentEtas.codec }
const keeps = [plan, reached, progress, models, told]

const NAME = 'predict-etas'
export const predictEtas = processor({ name: NAME, head: json<Retention>(), keeps, emits: [shipmentEtas, lates] })
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
    return isNews(news.value, kept.get(progress, news.id, news.at)?.value)
      ? restate(heardOn(head, event.receivedAt), kept, news)
      : HEARD
  })
  .on(laneModels, (head = NOTHING_HEARD, kept, event) => {
    if (head.letGo) return drop('its evidence was let go')
    const news = known(models, laneModels.identityOf(event.value), event.value)
    if (!isNews(event.value, kept.get(models, news.id)?.value)) return HEARD
    // An answer may come before what was asked about: that is awaited as long as anything else.
    return restate(head.heardBy === NEVER_YET ? heardOn(head, event.receivedAt) : head, kept, news)
  })
  .onWake((head = NOTHING_HEARD, kept) => ({ head: { ...head, letGo: true }, remove: everyRow(kept, keeps) }))

const HEARD = drop('heard before')
const late = <V>(topic: Topic<string, V>, event: Event<V>) => ({ emit: [emit(lates, lateRecord(NAME, topic, event))] })

function restate(head: Retention, kept: Evidence, news: Row) {
  const now = kept.with([news])
  const [holds] = now.all(plan)
  if (!holds) return { head, put: [news], wakeAt: letGoAt(unplannedEnd(head.heardBy), head.heardBy, SHIPMENT_KEPT_MS) }
  const way = journey(holds, now.all(reached))
  const said = corrections(shipmentEtas, now.all(told), etas(holds, way, trackOf(now, DAY_TOLD_BY_MS), now.all(models)))
  return {
    head,
    put: [news, ...said.map(eta => known(told, shipmentEtas.identityOf(eta), eta))],
    emit: said.map(eta => emit(shipmentEtas, eta)),
    wakeAt: letGoAt(endOf(holds, way), head.heardBy, SHIPMENT_KEPT_MS),
  }
}
