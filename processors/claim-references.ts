/**
 * claim-references: turns the version of a partner's event that holds into one claim under each of its references.
 *
 *   reads   carrier.event.v1     by partner and partnerEventId
 *   keeps   what it last said under each reference; head: the version that holds
 *   writes  carrier.claim.v1, late.v1
 *
 * A claim keeps the partner's envelope: who said it, when they sent it, when we received it. The rules are in
 * domain/references.ts; nothing here decides anything.
 */
import { corrections } from '../domain/corrections.ts'
import {
  everyRow,
  heardOn,
  lateRecord,
  letGoAt,
  NOTHING_HEARD,
  PARTNER_EVENT_KEPT_MS,
  type Retention,
} from '../domain/horizon.ts'
import { claimsOf, versionAt } from '../domain/references.ts'
import { json } from '../schemas/codec.ts'
import { carrierClaims, carrierEvents, lates } from '../schemas/topics.ts'
import { type At, inOrder, known } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit } from '../streams/topic.ts'

type Head = Retention & { readonly holds: At }

const told = { name: 'told', codec: carrierClaims.codec }

export const claimReferences = processor({
  name: 'claim-references',
  head: json<Head>(),
  keeps: [told],
  emits: [carrierClaims, lates],
})
  .on(carrierEvents, (head, kept, event) => {
    const { value, eventId, source, emittedAt, receivedAt } = event
    const version: At = { at: versionAt(value), id: eventId }
    if (head?.holds.id === eventId) return drop('heard before')
    if (head && inOrder(version, head.holds) < 0) return drop('an older version')
    if (head?.letGo) return { emit: [emit(lates, lateRecord('claim-references', carrierEvents, event))] }

    const said = corrections(carrierClaims, kept.all(told), claimsOf(value, eventId))
    const next: Head = { ...heardOn(head ?? NOTHING_HEARD, receivedAt), holds: version }
    return {
      head: next,
      put: said.map(claim => known(told, carrierClaims.identityOf(claim), claim)),
      emit: said.map(claim => emit(carrierClaims, claim, { source, emittedAt, receivedAt })),
      wakeAt: letGoAt(version.at, next.heardBy, PARTNER_EVENT_KEPT_MS),
    }
  })
  .onWake((head, kept) => ({
    ...(head && { head: { ...head, letGo: true } }),
    remove: everyRow(kept, [told]),
  }))
