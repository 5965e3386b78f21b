/**
 * merge-requests: brings what the owner of a shipment says to the pickings of Odoo that it is.
 *
 *   reads   shipment.request.v1     by shipmentId
 *   keeps   who rides by each version, the version that holds, what it last said to each picking
 *   writes  shipment.merge.v1
 *
 * What comes too late is late to plan-shipments, which says so. The rules are in domain/merging.ts.
 */
import { corrections } from '../domain/corrections.ts'
import { everyRow, heardOn, letGoAt, NOTHING_HEARD, type Retention, SHIPMENT_KEPT_MS } from '../domain/horizon.ts'
import { mergesOf, pickingsOf } from '../domain/merging.ts'
import { plannedEnd, type Rider, riderOf } from '../domain/plans.ts'
import { json } from '../schemas/codec.ts'
import { shipmentMerges, shipmentRequests } from '../schemas/topics.ts'
import { known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { emit } from '../streams/topic.ts'

/** eventId of the version that holds. */
type Head = Retention & { readonly holds: string }

/** What is kept of every version: who rides, and which pickings it is. */
type Version = Rider & { readonly pickings: readonly string[] }

const riders: PlainList<Version> = { name: 'riders', codec: json() }
const holding = { name: 'holding', codec: shipmentRequests.codec }
const told = { name: 'told', codec: shipmentMerges.codec }
const keeps = [riders, holding, told]

export const mergeRequests = processor({
  name: 'merge-requests',
  head: json<Head>(),
  keeps,
  emits: [shipmentMerges],
})
  .on(shipmentRequests, (head, kept, event) => {
    const { occurredAt, eventId, receivedAt, value } = event
    const named = { ...riderOf(value), pickings: pickingsOf(value) }
    const version: Row<Version> = { list: riders, at: occurredAt, id: eventId, value: named }
    if (head?.holds === eventId || kept.has(version)) return drop('heard before')
    if (head?.letGo) return drop('its evidence was let go')

    const now = kept.with([version])
    const holds = now.last(riders)?.id ?? eventId
    const request = holds === eventId ? value : (now.all(holding)[0] ?? value)
    const versions = now.all(riders)
    const pickings = versions.flatMap(({ pickings }) => pickings)
    const said = corrections(shipmentMerges, now.all(told), mergesOf(request, versions, pickings))
    const next: Head = { ...heardOn(head ?? NOTHING_HEARD, receivedAt), holds }
    return {
      head: next,
      put: [
        version,
        ...(holds === eventId ? [known(holding, '', value)] : []),
        ...said.map(fact => known(told, shipmentMerges.identityOf(fact), fact)),
      ],
      emit: said.map(fact => emit(shipmentMerges, fact)),
      wakeAt: letGoAt(plannedEnd(request), next.heardBy, SHIPMENT_KEPT_MS),
    }
  })
  .onWake((head, kept) => ({
    ...(head && { head: { ...head, letGo: true } }),
    remove: everyRow(kept, keeps),
  }))
