/** By which references a partner's event finds its shipment. */
import type { CarrierClaim, CarrierEvent, ReferenceLink, ShipmentEvent } from '../schemas/generated/events.ts'
import { referenceKey } from '../schemas/topics.ts'
import type { Instant } from '../streams/time.ts'
import type { Grounds } from './cases.ts'
import type { Draft } from './corrections.ts'

/** When a partner said a version of its event: of several the latest holds, then the higher content hash. */
export const versionAt = (event: { readonly updatedAt: Instant | null; readonly occurredAt: Instant }): Instant =>
  event.updatedAt ?? event.occurredAt

/** One claim for each reference of the version that holds; none if the partner took the event back. */
export const claimsOf = (event: CarrierEvent, versionId: string): Draft<CarrierClaim>[] =>
  event.retracted
    ? []
    : event.references.map(({ scheme, value }) => ({
        occurredAt: event.occurredAt,
        scheme,
        value,
        partner: event.partner,
        partnerEventId: event.partnerEventId,
        code: event.code,
        rawCode: event.rawCode,
        classifier: event.classifier,
        stopId: event.stopId,
        updatedAt: event.updatedAt,
        versionId,
      }))

/** A claim as the shipment that its reference belongs to hears it. */
const shipmentEvent = (claim: CarrierClaim, link: ReferenceLink): Draft<ShipmentEvent> => ({
  occurredAt: claim.occurredAt,
  shipmentId: link.shipmentId,
  reference: referenceKey(claim),
  partner: claim.partner,
  partnerEventId: claim.partnerEventId,
  code: claim.code,
  rawCode: claim.rawCode,
  classifier: claim.classifier,
  stopId: claim.stopId,
  updatedAt: claim.updatedAt,
  versionId: claim.versionId,
  customerId: link.customerId,
  carrierId: link.carrierId,
  companyId: link.companyId,
})

/** What each of the claims says of the shipment that the reference belongs to: nothing while it belongs to none, or to several. */
export function resolved(claims: readonly CarrierClaim[], links: readonly ReferenceLink[]): Draft<ShipmentEvent>[] {
  const [only, ...others] = links
  return only && others.length === 0 ? claims.map(claim => shipmentEvent(claim, only)) : []
}

/** That a person has to say whose the held claims are. */
export function ambiguity(claims: readonly CarrierClaim[], links: readonly ReferenceLink[]): Grounds | undefined {
  if (claims.length === 0 || links.length < 2) return undefined
  const shipments = links.map(({ shipmentId }) => shipmentId).sort()
  const [, doubled] = links.map(({ occurredAt }) => occurredAt).sort((a, b) => a - b)
  const first = Math.min(...claims.map(claim => claim.occurredAt))
  return {
    kind: 'ambiguous_reference',
    stopId: null,
    severity: 'medium',
    openedAt: Math.max(doubled ?? 0, first) as Instant,
    endedAt: null,
    basis: `belongs to ${shipments.join(', ')}`,
    evidence: { shipments, eventsHeld: claims.length },
  }
}

/** What all of them agree on. */
export function common<V>(values: readonly V[]): V | null {
  const [first] = values
  return first !== undefined && values.every(value => value === first) ? first : null
}
