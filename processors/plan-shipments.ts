/**
 * plan-shipments: turns what is known of a shipment into the plan that holds, who rides when, and whose its references are.
 *
 *   reads   shipment.request.v1, shipment.merge.v1, odoo.change.v1     by shipmentId, which is a picking's name
 *   keeps   who rides by each version, what holds of each source, what it last said; head: the version that holds
 *   writes  shipment.plan.v1, vehicle.assignment.v1, reference.link.v1, late.v1
 *
 * Of an owner's versions the one with the latest plannedAt holds, of a picking's readings the last; all of them say which
 * vehicle rode when. The rules are in domain/plans.ts, domain/odoo.ts and domain/merging.ts; nothing here decides anything.
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
} from '../domain/horizon.ts'
import { type FromOdoo, merged, type Owned, ownerOf } from '../domain/merging.ts'
import {
  PICKING,
  type PickingRider,
  pickingRider,
  pickingVersion,
  type PickingVersion,
  ridersOf,
} from '../domain/odoo.ts'
import { assignments, links, type PlanDraft, plannedEnd, type Rider, riderOf } from '../domain/plans.ts'
import { json } from '../schemas/codec.ts'
import type { ShipmentMerge, ShipmentRequest } from '../schemas/generated/events.ts'
import {
  lates,
  odooChanges,
  referenceLinks,
  shipmentMerges,
  shipmentPlans,
  shipmentRequests,
  vehicleAssignments,
} from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import { type Evidence, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, NEVER_YET } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

/** eventId of the owner's version that holds; empty: he has said nothing. */
type Head = Retention & { readonly holds: string }

const riders: PlainList<Rider> = { name: 'riders', codec: json() }
const request = { name: 'request', codec: shipmentRequests.codec }
const merges: PlainList<ShipmentMerge> = { name: 'merges', codec: shipmentMerges.codec }
/** In the order of their revisions. */
const readings: PlainList<PickingRider> = { name: 'readings', codec: json() }
/** The last reading that was of a shipment. */
const picking: PlainList<PickingVersion> = { name: 'picking', codec: json() }
const toldPlan = { name: 'plan', codec: shipmentPlans.codec }
const toldAssignments = { name: 'assignments', codec: vehicleAssignments.codec }
const toldLinks = { name: 'links', codec: referenceLinks.codec }
const keeps = [riders, toldPlan, toldAssignments, toldLinks, request, merges, readings, picking]

const NAME = 'plan-shipments'
export const planShipments = processor({
  name: NAME,
  head: json<Head>(),
  keeps,
  emits: [shipmentPlans, vehicleAssignments, referenceLinks, lates],
})
  .on(shipmentRequests, (head, kept, event) => {
    const { occurredAt, eventId, value } = event
    const version: Row<Rider> = { list: riders, at: occurredAt, id: eventId, value: riderOf(value) }
    if (head?.holds === eventId || kept.has(version)) return drop('heard before')
    if (head?.letGo) return { emit: [emit(lates, lateRecord(NAME, shipmentRequests, event))] }
    const holds = kept.with([version]).last(riders)?.id ?? eventId
    const news = holds === eventId ? [version, known(request, '', value)] : [version]
    return restate({ ...(head ?? NOTHING_HEARD), holds }, kept, news, event)
  })
  .on(shipmentMerges, (head, kept, event) => {
    const news = known(merges, event.value.fromShipmentId, event.value)
    if (!isNews(event.value, kept.get(merges, news.id)?.value)) return drop('heard before')
    if (head?.letGo) return { emit: [emit(lates, lateRecord(NAME, shipmentMerges, event))] }
    return restate(head ?? { ...NOTHING_HEARD, holds: '' }, kept, [news], event)
  })
  .on(odooChanges, (head, kept, event) => {
    if (event.value.model !== PICKING) return drop('no picking')
    const version = pickingVersion(event.value)
    const { revision } = version
    const reading: Row<PickingRider> = {
      list: readings,
      at: revision as Instant,
      id: event.eventId,
      value: pickingRider(version),
    }
    if (kept.has(reading)) return drop('heard before')
    if (head?.letGo) return { emit: [emit(lates, lateRecord(NAME, odooChanges, event))] }
    const isLast = version.plan !== null && revision > (kept.all(picking)[0]?.revision ?? 0)
    const news = isLast ? [reading, known(picking, '', version)] : [reading]
    return restate(head ?? { ...NOTHING_HEARD, holds: '' }, kept, news, event)
  })
  .onWake((head, kept) => ({
    ...(head && { head: { ...head, letGo: true } }),
    remove: everyRow(kept, keeps),
  }))

function restate(head: Head, kept: Evidence, news: readonly Row[], { receivedAt, occurredAt }: Event<unknown>) {
  const now = kept.with(news)
  const next = heardOn(head, receivedAt)
  const odoo = odooIn(now)
  const held = merged(ownerOf(ownIn(now), now.all(merges), odoo !== undefined), odoo)
  if (!held) return { head: next, put: news, wakeAt: letGoAt(occurredAt, next.heardBy, SHIPMENT_KEPT_MS) }
  const { plan } = held
  const plans = corrections(shipmentPlans, now.all(toldPlan), [planOf(plan)])
  const rides = corrections(vehicleAssignments, now.all(toldAssignments), assignments(plan, held.riders))
  const linked = corrections(referenceLinks, now.all(toldLinks), links(plan))
  return {
    head: next,
    put: [
      ...news,
      ...plans.map(fact => known(toldPlan, shipmentPlans.identityOf(fact), fact)),
      ...rides.map(fact => known(toldAssignments, vehicleAssignments.identityOf(fact), fact)),
      ...linked.map(fact => known(toldLinks, referenceLinks.identityOf(fact), fact)),
    ],
    emit: [
      ...plans.map(fact => emit(shipmentPlans, fact)),
      ...rides.map(fact => emit(vehicleAssignments, fact)),
      ...linked.map(fact => emit(referenceLinks, fact)),
    ],
    wakeAt: letGoAt(plannedEnd(plan), next.heardBy, SHIPMENT_KEPT_MS),
  }
}

/** What the owner says under this very name. */
function ownIn(kept: Evidence): Owned | undefined {
  if (!kept.last(riders)) return undefined
  // Before there was a list of its own for it, what held was what was told.
  const holding = kept.all(request)[0] ?? (kept.all(toldPlan)[0] as ShipmentRequest | undefined)
  return holding && { request: holding, riders: kept.all(riders) }
}

function odooIn(kept: Evidence): FromOdoo | undefined {
  const [last] = kept.all(picking)
  const holds = kept.last(readings)
  if (!last?.plan || !holds) return undefined
  const { occurredAt, isActive } = holds.value
  return {
    occurredAt: Math.max(occurredAt, last.occurredAt) as Instant,
    ...{ isActive, plan: last.plan },
    riders: ridersOf(kept.between(readings, NEVER_YET, Infinity as Instant).map(({ value }) => value)),
  }
}

/** The fields of a plan, in one order, without what was told of it before. */
const planOf = (plan: PlanDraft): PlanDraft => ({
  occurredAt: plan.occurredAt,
  shipmentId: plan.shipmentId,
  status: plan.status,
  references: plan.references,
  customerId: plan.customerId,
  carrierId: plan.carrierId,
  companyId: plan.companyId,
  vehicleId: plan.vehicleId,
  loadId: plan.loadId,
  stops: plan.stops,
})
