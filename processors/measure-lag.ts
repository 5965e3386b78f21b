/**
 * measure-lag: says how late each event of a shipment came, by stage.
 *
 *   reads   shipment.event.v1, shipment.sighting.v1     by shipmentId
 *   keeps   what it measured, for as long as it may be said again; head: until when
 *   writes  event.lag.v1
 *
 * One record for each version of a partner's event that held, and for each arrival or departure that a position
 * showed. What came by way of a plan has no lag of its own. The rules are in domain/lag.ts; nothing here decides anything.
 */
import { lag } from '../domain/lag.ts'
import { CLAIM_KEPT_MS, endOfDay, everyRow, letGoAt } from '../domain/horizon.ts'
import { json } from '../schemas/codec.ts'
import { eventLags, shipmentEvents, shipmentSightings } from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import { type Evidence, known, type PlainList } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, NEVER_YET } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

type Measured = { readonly shipmentId: string; readonly kind: string; readonly ofEventId: string }

/** The source of a sighting that no fix, but a plan, brought to light: else it is that of the fix. */
const WITHOUT_A_FIX = 'follow-vehicles'

const measured: PlainList<null> = { name: 'measured', codec: json() }

export const measureLag = processor({
  name: 'measure-lag',
  head: json<Instant>(),
  keeps: [measured],
  emits: [eventLags],
})
  .on(shipmentEvents, (head, kept, event) => {
    const { shipmentId, code, classifier, versionId, retracted } = event.value
    if (retracted) return drop('taken back')
    if (classifier !== 'actual') return drop('not yet happened')
    return measure(head, kept, event, { shipmentId, kind: code, ofEventId: versionId })
  })
  .on(shipmentSightings, (head, kept, event) => {
    const { shipmentId, kind, retracted } = event.value
    if (kind === 'progress') return drop('progress')
    if (retracted) return drop('taken back')
    if (event.source === WITHOUT_A_FIX) return drop('shown by a plan')
    return measure(head, kept, event, { shipmentId, kind, ofEventId: event.eventId })
  })
  .onWake((_, kept) => ({ remove: everyRow(kept, [measured]) }))

function measure(
  head: Instant = NEVER_YET,
  kept: Evidence,
  event: Event<unknown>,
  { shipmentId, kind, ofEventId }: Measured,
) {
  const row = known(measured, ofEventId, null)
  if (kept.has(row)) return drop('measured before')
  const { occurredAt, source, emittedAt, receivedAt } = event
  const until = Math.max(head, letGoAt(occurredAt, endOfDay(receivedAt), CLAIM_KEPT_MS)) as Instant
  return {
    head: until,
    put: [row],
    emit: [
      emit(
        eventLags,
        { occurredAt, ofSource: source, kind, shipmentId, ofEventId, ...lag(event) },
        { source, emittedAt, receivedAt },
      ),
    ],
    wakeAt: until,
  }
}
