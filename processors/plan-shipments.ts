/**
 * plan-shipments: turns the versions of a shipment into the plan that holds, who rides when, and whose its references are.
 *
 *   reads   shipment.request.v1     by shipmentId
 *   keeps   who rides by each version, what it last said; head: the version that holds
 *   writes  shipment.plan.v1, vehicle.assignment.v1, reference.link.v1, late.v1
 *
 * Whenever a version comes, the one with the latest plannedAt holds, and all of them say which vehicle rode when.
 * The rules are in domain/plans.ts; nothing here decides anything.
 */
import { corrections } from '../domain/corrections.ts'
import {
  everyRow,
  heardOn,
  lateRecord,
  letGoAt,
  NOTHING_HEARD,
  type Retention,
  SHIPMENT_KEPT_MS,
} from '../domain/horizon.ts'
import { assignments, links, type PlanDraft, plannedEnd, type Rider, riderOf } from '../domain/plans.ts'
import { json } from '../schemas/codec.ts'
import { lates, referenceLinks, shipmentPlans, shipmentRequests, vehicleAssignments } from '../schemas/topics.ts'
import { known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit } from '../streams/topic.ts'

/** eventId of the version that holds. */
type Head = Retention & { readonly holds: string }

const riders: PlainList<Rider> = { name: 'riders', codec: json() }
const toldPlan = { name: 'plan', codec: shipmentPlans.codec }
const toldAssignments = { name: 'assignments', codec: vehicleAssignments.codec }
const toldLinks = { name: 'links', codec: referenceLinks.codec }

export const planShipments = processor({
  name: 'plan-shipments',
  head: json<Head>(),
  keeps: [riders, toldPlan, toldAssignments, toldLinks],
  emits: [shipmentPlans, vehicleAssignments, referenceLinks, lates],
})
  .on(shipmentRequests, (head, kept, event) => {
    const { occurredAt, eventId, receivedAt, value } = event
    const version: Row<Rider> = { list: riders, at: occurredAt, id: eventId, value: riderOf(value) }
    if (head?.holds === eventId || kept.has(version)) return drop('heard before')
    if (head?.letGo) return { emit: [emit(lates, lateRecord('plan-shipments', shipmentRequests, event))] }

    const now = kept.with([version])
    const holds = now.last(riders)?.id ?? eventId
    const plan: PlanDraft = holds === eventId ? value : (now.all(toldPlan)[0] ?? value)
    const plans = corrections(shipmentPlans, now.all(toldPlan), [planOf(plan)])
    const rides = corrections(vehicleAssignments, now.all(toldAssignments), assignments(plan, now.all(riders)))
    const linked = corrections(referenceLinks, now.all(toldLinks), links(plan))
    const next: Head = { ...heardOn(head ?? NOTHING_HEARD, receivedAt), holds }
    return {
      head: next,
      put: [
        version,
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
  })
  .onWake((head, kept) => ({
    ...(head && { head: { ...head, letGo: true } }),
    remove: everyRow(kept, [riders, toldPlan, toldAssignments, toldLinks]),
  }))

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
