/**
 * From a delivery to records: translate, stamp, seal, and put what was accepted and what was refused into the log in one
 * append. Every way in (HTTP now) ends here.
 */
import type { Refused } from '../schemas/generated/events.ts'
import { deliveries, refusals } from '../schemas/topics.ts'
import type { Wire } from '../streams/event.ts'
import type { Appender, Outgoing, Partitions } from '../streams/log/log.ts'
import { outgoing } from '../streams/outgoing.ts'
import type { Instant } from '../streams/time.ts'
import type { Occurred } from '../streams/topic.ts'
import type { Accepted, Adapter, Delivery, Refusal, Translation } from './adapter.ts'
import { type IngestClock, type Stamp, tickRecord } from './clock.ts'
import { Hearing } from './hearing.ts'
import type { IngestMetrics } from './metrics.ts'
import { pack } from './packing.ts'

export interface Received<V> {
  readonly adapter: string
  readonly source: string
  readonly delivery: Delivery
  readonly translation: Translation<V>
  readonly stamp: Stamp
  /** Of what was accepted, in its order. */
  readonly records: readonly (Outgoing & { readonly eventId: string })[]
  /** The minutes in which its source was not yet said to have been heard; none if it is no feed. */
  readonly heard: ReadonlySet<Instant>
}

export interface Receiver {
  /** Make the records; nothing is stored or remembered. */
  receive<V extends Occurred>(adapter: Adapter<V>, delivery: Delivery, source: string): Received<V>
  /**
   * Resolves once all of it, what was refused included, is durable. Rejects as `Appender.append` does; then none of it is.
   * The same may be kept again: every record has the same eventId as the first time.
   */
  keep(received: Received<unknown>): Promise<void>
  /** Of a delivery that was understood and still cannot be taken: keep its bytes and the reason, and nothing else of it. */
  keepRefused(received: Received<unknown>, refusal: Refusal): Promise<void>
}

export interface ReceiverNeeds {
  readonly appender: Appender
  readonly wire: Wire
  readonly partitionsOf: Partitions
  readonly clock: IngestClock
  readonly metrics: IngestMetrics
}

export function receiver({ appender, wire, partitionsOf, clock, metrics }: ReceiverNeeds): Receiver {
  const refusalRecord = (
    { adapter, source, delivery, stamp }: Received<unknown>,
    { reason, at, raw }: Refusal,
  ): Outgoing => {
    const value: Refused = {
      occurredAt: stamp.receivedAt,
      adapter,
      reason,
      at,
      contentType: delivery.contentType || null,
      raw: asBuffer(raw),
    }
    const { emittedAt } = delivery
    return outgoing(wire, partitionsOf, refusals, value, {
      source,
      emittedAt,
      receivedAt: stamp.receivedAt,
      cause: null,
    })
  }

  const hearing = new Hearing(wire, partitionsOf)
  const deliveryRecord = ({
    adapter,
    source,
    delivery,
    stamp: { receivedAt },
    records,
  }: Received<unknown>): Outgoing => {
    const { about, contentType, emittedAt, body } = delivery
    const value = { occurredAt: receivedAt, adapter, about, contentType: contentType || null, ...pack(body) }
    // As good as the hash of the bytes, and costs nothing.
    const sourceId = [adapter, receivedAt, records[0]?.eventId, records.length].join('/')
    return outgoing(wire, partitionsOf, deliveries, value, { source, emittedAt, receivedAt, cause: null, sourceId })
  }

  return {
    receive(adapter, delivery, source) {
      const translation = adapter.translate(delivery)
      const { accepted } = translation
      const stamp = clock.stamp(clock.mode === 'event' ? happened(accepted) : [])
      const { emittedAt } = delivery
      const { writes, speaker } = adapter
      const records = accepted.map(({ value, receivedAt }) => {
        const said = { source, emittedAt, receivedAt: receivedAt ?? stamp.receivedAt, cause: null }
        return outgoing(wire, partitionsOf, writes, value, said, speaker)
      })
      const heard = adapter.isFeed ? hearing.news(source, received(accepted, stamp)) : NOT_HEARD
      return { adapter: adapter.name, source, delivery, translation, stamp, records, heard }
    },

    async keep(received) {
      const { adapter, source, translation, stamp, records, heard } = received
      const all: Outgoing[] = [...records]
      if (records.length > 0) all.push(deliveryRecord(received))
      for (const refusal of translation.refused) all.push(refusalRecord(received, refusal))
      for (const minute of heard) all.push(hearing.record(source, minute))
      if (stamp.tick !== null) all.push(tickRecord(wire, partitionsOf, stamp.tick))
      if (all.length > 0) await appender.append(all)
      clock.keep(stamp)
      hearing.keep(source, heard)
      metrics.records.inc({ adapter, outcome: 'accepted' }, records.length)
      metrics.records.inc({ adapter, outcome: 'refused' }, translation.refused.length)
    },

    async keepRefused(received, refusal) {
      await appender.append([refusalRecord(received, refusal)])
      metrics.records.inc({ adapter: received.adapter, outcome: 'refused' }, 1)
    },
  }
}

/** What is planned or estimated lies ahead of the clock and does not move it. */
function* happened(accepted: readonly Accepted<Occurred>[]): Generator<Instant> {
  for (const { value, hasHappened } of accepted) if (hasHappened) yield value.occurredAt
}

const NOT_HEARD: ReadonlySet<Instant> = new Set()
function* received(accepted: readonly Accepted<unknown>[], stamp: Stamp): Generator<Instant> {
  for (const { receivedAt } of accepted) yield receivedAt ?? stamp.receivedAt
}

const asBuffer = (bytes: Uint8Array) => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes))
