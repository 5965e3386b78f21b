/**
 * resolve-references: brings a partner's event to the one shipment that its reference belongs to.
 *
 *   reads   carrier.claim.v1, reference.link.v1, case.action.v1     by scheme|value
 *   keeps   the last word on each claim and on each link, what people did, what it last said
 *   writes  shipment.event.v1, case.v1, late.v1
 *
 * A claim before its shipment waits; a reference of several shipments holds its claims, takes back what it had
 * brought, and asks a person. A shipment event keeps the partner's envelope. The rules are in domain/references.ts.
 */
import { caseOf, withdrawn } from '../domain/cases.ts'
import { corrections, isNews } from '../domain/corrections.ts'
import { CLAIM_KEPT_MS, endOfDay, lateRecord, letGoAt, SHIPMENT_KEPT_MS } from '../domain/horizon.ts'
import { ambiguity, common, resolved, versionAt } from '../domain/references.ts'
import { json } from '../schemas/codec.ts'
import type { CarrierClaim, CaseAction, ReferenceLink, ShipmentEvent } from '../schemas/generated/events.ts'
import {
  carrierClaims,
  caseActions,
  cases,
  lates,
  referenceKey,
  referenceLinks,
  shipmentEvents,
} from '../schemas/topics.ts'
import { digest, type Envelope, type Event } from '../streams/event.ts'
import { type Evidence, heard, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import type { Instant } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

type Heard = { readonly claim: CarrierClaim; readonly envelope: Omit<Envelope, 'eventId'>; readonly until: Instant }
/** A link that was let go stays as its own tombstone: what it was told of stays as it is. */
type Linked = { readonly link: ReferenceLink; readonly until: Instant; readonly letGo: boolean }

const claims: PlainList<Heard> = { name: 'claims', codec: json() }
const links: PlainList<Linked> = { name: 'links', codec: json() }
const actions: PlainList<CaseAction> = { name: 'actions', codec: caseActions.codec }
const told = { name: 'told', codec: shipmentEvents.codec }
const toldCase = { name: 'case', codec: cases.codec }

const NAME = 'resolve-references'
export const resolveReferences = processor({
  name: NAME,
  head: json<null>(),
  keeps: [claims, links, actions, told, toldCase],
  emits: [shipmentEvents, cases, lates],
})
  .on(carrierClaims, (_, kept, event) => {
    const { value: claim, source, emittedAt, receivedAt } = event
    const identity = eventOf(claim)
    if (!isNews(claim, kept.get(claims, identity)?.value.claim)) return drop('heard before')
    if (isFrozen(kept, claim)) return { emit: [emit(lates, lateRecord(NAME, carrierClaims, event))] }
    const until = letGoAt(versionAt(claim), endOfDay(receivedAt), CLAIM_KEPT_MS)
    return restate(
      kept,
      [known(claims, identity, { claim, envelope: { source, emittedAt, receivedAt }, until })],
      [],
      event,
    )
  })
  .on(referenceLinks, (_, kept, event) => {
    const { value: link, receivedAt } = event
    if (!isNews(link, kept.get(links, link.shipmentId)?.value.link)) return drop('heard before')
    const until = letGoAt(link.until, endOfDay(receivedAt), SHIPMENT_KEPT_MS)
    return restate(kept, [known(links, link.shipmentId, { link, until, letGo: false })], [], event)
  })
  .on(caseActions, (_, kept, event) => {
    if (event.value.subjectKind !== 'reference') return drop('not about a reference')
    const action = heard(actions, event)
    return kept.has(action) ? drop('heard before') : restate(kept, [action], [], event)
  })
  .onWake((_, kept, at) => {
    const old = kept.all(claims).filter(({ until }) => until <= at)
    const gone = kept.all(links).filter(({ until, letGo }) => until <= at && !letGo)
    const put = gone
      .filter(({ link }) => !link.retracted)
      .map(linked => known(links, linked.link.shipmentId, { ...linked, letGo: true }))
    const remove = [
      ...old.map(claim => known(claims, eventOf(claim.claim), claim)),
      ...gone.filter(({ link }) => link.retracted).map(linked => known(links, linked.link.shipmentId, linked)),
      ...kept
        .all(told)
        .filter(fact => old.some(({ claim }) => eventOf(claim) === eventOf(fact)))
        .map(fact => known(told, shipmentEvents.identityOf(fact), fact)),
    ]
    return restate(kept, put, remove, { receivedAt: at })
  })

function restate(
  kept: Evidence,
  put: readonly Row[],
  remove: readonly Row[],
  { receivedAt }: Pick<Event<unknown>, 'receivedAt'>,
) {
  const now = kept.with(put, remove)
  const open = now.all(claims).filter(({ claim }) => !isFrozen(now, claim))
  const byEvent = new Map(open.map(one => [eventOf(one.claim), one]))
  const holding = open.map(({ claim }) => claim).filter(({ retracted }) => !retracted)
  const owners = now.all(links).flatMap(({ link, letGo }) => (letGo || link.retracted ? [] : link))

  const events = corrections(
    shipmentEvents,
    now.all(told).filter(fact => byEvent.has(eventOf(fact))),
    resolved(holding, owners),
  )
  const grounds = ambiguity(holding, owners)
  const [one] = holding
  const derived = grounds && one && caseOf(grounds, about(referenceKey(one), owners), now.all(actions))
  const asked = corrections(cases, now.all(toldCase), derived ? [derived] : [], withdrawn(receivedAt))
  const waits = [
    ...now.all(claims).map(({ until }) => until),
    ...now.all(links).flatMap(({ until, letGo }) => (letGo ? [] : until)),
  ]
  return {
    put: [
      ...put,
      ...events.map(fact => known(told, shipmentEvents.identityOf(fact), fact)),
      ...asked.map(fact => known(toldCase, fact.caseId, fact)),
    ],
    remove,
    emit: [
      ...events.map(fact => emit(shipmentEvents, fact, byEvent.get(eventOf(fact))?.envelope)),
      ...asked.map(fact => emit(cases, fact)),
    ],
    wakeAt: waits.length > 0 ? (Math.min(...waits) as Instant) : ('never' as const),
  }
}

const eventOf = ({ partner, partnerEventId }: Pick<CarrierClaim, 'partner' | 'partnerEventId'>): string =>
  `${partner}/${partnerEventId}`

/** A claim that a shipment was told of, or may have been, whose link has been let go: it stays as it is. */
function isFrozen(kept: Evidence, claim: CarrierClaim): boolean {
  const gone = kept.all(links).filter(({ letGo }) => letGo)
  if (gone.length === 0) return false
  const to = kept.all(told).filter((fact: ShipmentEvent) => !fact.retracted && eventOf(fact) === eventOf(claim))
  return gone.some(
    ({ link }) => claim.occurredAt < link.until || to.some(({ shipmentId }) => shipmentId === link.shipmentId),
  )
}

const about = (reference: string, owners: readonly ReferenceLink[]) => ({
  caseId: digest('ambiguous_reference', 'reference', reference, ''),
  subjectKind: 'reference' as const,
  subjectId: reference,
  shipmentId: null,
  customerId: common(owners.map(({ customerId }) => customerId)),
  carrierId: common(owners.map(({ carrierId }) => carrierId)),
  companyId: common(owners.map(({ companyId }) => companyId)),
})
