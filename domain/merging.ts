/** One shipment that several know: its owner by a request, Odoo by a picking. Field by field the owner is believed first. */
import type { ShipmentMerge, ShipmentRequest } from '../schemas/generated/events.ts'
import { odooKey, referenceKey } from '../schemas/topics.ts'
import type { Instant } from '../streams/time.ts'
import type { Draft } from './corrections.ts'
import { PICKING, PICKING_SCHEME, type PickingPlan } from './odoo.ts'
import type { PlanDraft, Rider } from './plans.ts'

/** `DATABASE/ID`: a number alone says nothing of where. */
const QUALIFIED = /^([A-Za-z0-9][A-Za-z0-9._-]*)\/([1-9]\d{0,14})$/

/** The shipments of Odoo that a version says it is, but for itself. */
export function pickingsOf({ shipmentId, references }: Pick<ShipmentRequest, 'shipmentId' | 'references'>): string[] {
  const found = references.flatMap(({ scheme, value }) => {
    const [, database, id] = (scheme === PICKING_SCHEME ? QUALIFIED.exec(value) : null) ?? []
    return database === undefined ? [] : [odooKey({ database, model: PICKING, id: Number(id) })]
  })
  return [...new Set(found)].filter(target => target !== shipmentId)
}

/**
 * What the version that holds says to each of the pickings that some version named: also to those that it names no
 * more, for they were told of it. `named` by all versions.
 */
export const mergesOf = (
  request: ShipmentRequest,
  riders: readonly Rider[],
  named: readonly string[],
): Draft<ShipmentMerge>[] =>
  [...new Set(named)].sort().map(shipmentId => ({
    occurredAt: request.occurredAt,
    shipmentId,
    fromShipmentId: request.shipmentId,
    status: request.status,
    references: request.references,
    customerId: request.customerId,
    carrierId: request.carrierId,
    companyId: request.companyId,
    vehicleId: request.vehicleId,
    loadId: request.loadId,
    stops: request.stops,
    riders: riders.map(({ plannedAt, vehicleId }) => ({ plannedAt, vehicleId })),
  }))

/** What the owner says, under this shipment's id or under his own. */
export interface Owned {
  readonly request: ShipmentRequest
  readonly riders: readonly Rider[]
  /** Under his own: then this one is the picking that he means. */
  readonly isElsewhere?: true
}
/** Of what several owners say the latest holds, then the last by name. Who names the picking no more says nothing, unless nobody else does. */
export function ownerOf(
  own: Owned | undefined,
  merges: readonly ShipmentMerge[],
  isInOdoo: boolean,
): Owned | undefined {
  const inOrder = merges.toSorted(
    (a, b) => a.occurredAt - b.occurredAt || (a.fromShipmentId < b.fromShipmentId ? -1 : 1),
  )
  const last = inOrder.findLast(isNamed)
  if (last && !(own && own.request.occurredAt >= last.occurredAt)) return fromElsewhere(last)
  const left = own || isInOdoo ? undefined : inOrder.at(-1)
  return left ? fromElsewhere({ ...left, status: 'cancelled' }) : own
}

const isNamed = ({ shipmentId, references }: ShipmentMerge): boolean =>
  pickingsOf({ shipmentId: '', references }).includes(shipmentId)

function fromElsewhere({ riders, fromShipmentId, ...request }: ShipmentMerge): Owned {
  const named = [...request.references, { scheme: 'shipment', value: fromShipmentId }]
  return { request: { ...request, references: named }, riders, isElsewhere: true }
}

/** What Odoo says: of the version that holds, or, where that is no shipment any more, of the last that was one. */
export interface FromOdoo {
  readonly occurredAt: Instant
  readonly isActive: boolean
  readonly plan: PickingPlan
  readonly riders: readonly Rider[]
}

/** The plan that follows, and who rides. Nobody knows it: undefined. */
export function merged(
  owner: Owned | undefined,
  odoo: FromOdoo | undefined,
): { plan: PlanDraft; riders: readonly Rider[] } | undefined {
  if (!owner) return odoo && { plan: planOf(odoo), riders: odoo.riders }
  const { request, riders } = owner
  // A shipment that is a picking of Odoo is followed as that one; under its own name nobody is to wait for it.
  const goesOn = owner.isElsewhere !== true && pickingsOf(request).length > 0
  if (!odoo) return { plan: goesOn ? { ...request, status: 'cancelled' } : request, riders }
  const { plan } = odoo
  const references = new Map([...request.references, ...plan.references].map(one => [referenceKey(one), one]))
  const isRidden = riders.some(({ vehicleId }) => vehicleId !== null)
  return {
    plan: {
      ...request,
      occurredAt: Math.max(request.occurredAt, odoo.occurredAt) as Instant,
      shipmentId: plan.shipmentId,
      references: [...references.values()],
      customerId: request.customerId ?? plan.customerId,
      carrierId: request.carrierId ?? plan.carrierId,
      companyId: request.companyId ?? plan.companyId,
      vehicleId: isRidden ? request.vehicleId : plan.vehicleId,
      loadId: request.loadId ?? plan.loadId,
    },
    riders: isRidden ? riders : odoo.riders,
  }
}

const planOf = ({ occurredAt, isActive, plan }: FromOdoo): PlanDraft => ({
  ...plan,
  occurredAt,
  status: isActive ? 'active' : 'cancelled',
})
