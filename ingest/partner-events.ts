/**
 * partner-events: what carriers and platforms say happened, or will, in the generic template.
 *
 *   accepts  POST /v1/partners/{partner}/events    {events: […]}, signed
 *   writes   carrier.event.v1                      by partner + eventId
 *
 * A partner may send an event again (the same record), in a later version or taken back (a record of its own, of which
 * the latest holds). An event without an id of its own is known by the bytes that brought it.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { CarrierEvent } from '../schemas/generated/events.ts'
import { isMilestoneCode, MILESTONE_CODES } from '../schemas/milestones.ts'
import { carrierEvents } from '../schemas/topics.ts'
import { type Accepted, type Adapter, asBytes, inside, MAX_RECORDS, type Refusal, refuseAll } from './adapter.ts'
import { readJson } from './read-json.ts'
import { faultsOf, id, instant, orNull, receivedAtToo, reference, withoutReceivedAt } from './shapes.ts'

/** An event as documented. */
export const partnerEventShape = z.strictObject({
  eventId: orNull(id).describe('The partner’s own id of the event: by it a later version replaces this one'),
  references: z
    .array(reference)
    .min(1)
    .max(100)
    .describe('What the partner calls the shipment, consignment or equipment'),
  code: z
    .string()
    .refine(isMilestoneCode, 'not a milestone code')
    .meta({ enum: [...MILESTONE_CODES] })
    .describe('Milestone code'),
  classifier: z.enum(['planned', 'requested', 'estimated', 'actual']).describe('Whether it happened or is to happen'),
  occurredAt: instant.describe('When it happened, or is to happen'),
  updatedAt: orNull(instant).describe('When the partner last changed the event: the latest version holds'),
  retracted: z
    .boolean()
    .nullish()
    .transform(retracted => retracted ?? false)
    .describe('The partner takes the event back'),
  stopId: orNull(id).describe('The stop, where the partner knows our stops'),
})

const live = partnerEventShape.transform(withoutReceivedAt)
const timed = partnerEventShape.extend(receivedAtToo)

export const partnerEvents: Adapter<CarrierEvent> = {
  name: 'partner-events',
  writes: carrierEvents,
  isFeed: true,

  translate({ body, about: partner, mayTellReceivedAt }) {
    const result = readJson(body)
    if ('reason' in result) return refuseAll(body, { reason: result.reason, at: '$' }, 'unreadable')
    const outer = envelope.safeParse(result.json)
    if (!outer.success) return refuseAll(body, faultsOf(outer.error, '$')[0])
    const { events } = outer.data
    if (events.length > MAX_RECORDS) {
      return refuseAll(
        body,
        { reason: `more than ${MAX_RECORDS} events: send fewer at once`, at: '$.events' },
        'too many',
      )
    }

    const accepted: Accepted<CarrierEvent>[] = []
    const refused: Refusal[] = []
    let bodyHash: string | undefined
    for (const [index, event] of events.entries()) {
      const read = mayTellReceivedAt ? timed.safeParse(event) : live.safeParse(event)
      if (!read.success) {
        const [first, ...also] = faultsOf(read.error, inside('$.events', index))
        refused.push({ ...first, also, index, raw: asBytes(event) })
        continue
      }
      const { eventId, code, ...said } = read.data
      bodyHash ??= eventId === null ? createHash('sha256').update(body).digest('hex') : undefined
      const value: CarrierEvent = {
        occurredAt: said.occurredAt,
        partner,
        partnerEventId: eventId ?? `${bodyHash ?? ''}#${index}`,
        references: said.references,
        code,
        rawCode: code,
        classifier: said.classifier,
        stopId: said.stopId,
        updatedAt: said.updatedAt,
        retracted: said.retracted,
      }
      accepted.push({ value, receivedAt: said.receivedAt, hasHappened: said.classifier === 'actual' })
    }
    return { accepted, refused }
  },
}

const envelope = z.strictObject({ events: z.array(z.unknown()) })
