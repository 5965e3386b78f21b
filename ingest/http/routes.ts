/** How deliveries reach the adapters by HTTP. 2xx means that it is durable. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Appender, Partitions } from '../../streams/log/log.ts'
import type { Wire } from '../../streams/event.ts'
import type { Delivery, Refusal, Translation } from '../adapter.ts'
import { type EventClock, type IngestClock, tickRecord, type Wall, wallClock } from '../clock.ts'
import type { IngestMetrics } from '../metrics.ts'
import { partnerEvents } from '../partner-events.ts'
import { NDJSON, positions } from '../positions.ts'
import { readJson } from '../read-json.ts'
import { type Received, type Receiver, receiver } from '../receive.ts'
import { faultsOf, instant } from '../shapes.ts'
import { type ShipmentVersions, shipmentVersions, type VersionOf } from '../shipment-versions.ts'
import { shipments, shipmentsBeside } from '../shipments.ts'
import { isSigned, readSignature, type Signed, type VerifyingKey } from '../signature.ts'
import type { TokenCheck } from '../tokens.ts'
import { type Admission, admission } from './admission.ts'
import { type FailedAttempts, requires, unauthorized } from './authorize.ts'
import { bodyOf, JSON_TYPE, mediaTypeOf, takeBytes } from './bodies.ts'
import { type OdooBell, routeOdooChanged } from './odoo-changed.ts'
import { Problem, PROBLEM_TYPE } from './problem.ts'

export interface IngestNeeds {
  readonly appender: Appender
  readonly wire: Wire
  readonly partitionsOf: Partitions
  readonly clock: IngestClock | EventClock
  readonly metrics: IngestMetrics
  readonly tokens: TokenCheck
  readonly failedAttempts: FailedAttempts
  /** The keys that a partner may sign with, all of them valid now; undefined: no such partner. */
  readonly keysOf: (partner: string) => readonly VerifyingKey[] | undefined
  readonly versionOf: VersionOf
  /** Who is told that something changed in Odoo, and what only those know who may say so; absent: there is no Odoo. */
  readonly odoo?: (OdooBell & { readonly database: string }) | undefined
  /** Why nothing can be taken now, or undefined. */
  readonly guard: () => string | undefined
  readonly bodyLimitBytes?: number
  readonly maxBytesUnderWay?: number
  /** For signatures only: they are by the wall clock in every mode. */
  readonly wall?: Wall
}

const MIB = 1_048_576
export const BODY_LIMIT_BYTES = 8 * MIB
const MAX_BYTES_UNDER_WAY = 64 * MIB

/** Put the routes on a server made by `httpServer`. */
export async function registerIngest(server: FastifyInstance, needs: IngestNeeds): Promise<void> {
  const bodyLimitBytes = needs.bodyLimitBytes ?? BODY_LIMIT_BYTES
  const maxBytesUnderWay = needs.maxBytesUnderWay ?? MAX_BYTES_UNDER_WAY
  await server.register((scope, _options, done) => {
    takeBytes(scope, bodyLimitBytes)
    const door = admission({ guard: needs.guard, maxBytesUnderWay, bodyLimitBytes })
    const versions = shipmentVersions({
      versionOf: needs.versionOf,
      onUnknown: error => scope.log.warn({ err: error }, 'which version of a shipment holds could not be looked up'),
    })
    const hall: Hall = { scope, needs, door, receiver: receiver(needs) }
    routePositions(hall)
    routeShipments(hall, versions)
    routePartnerEvents(hall)
    routeClock(hall)
    if (needs.odoo) routeOdooChanged(scope, needs.odoo, needs.failedAttempts)
    done()
  })
}

interface Hall {
  readonly scope: FastifyInstance
  readonly needs: IngestNeeds
  readonly door: Admission
  readonly receiver: Receiver
}

function routePositions({ scope, needs, door, receiver }: Hall) {
  const onRequest = [requires(needs.tokens, needs.failedAttempts, 'ingest'), door.onRequest]
  scope.post('/v1/positions', { onRequest }, (request, reply) =>
    door.whileHandled(request, async () => {
      const received = receiver.receive(
        positions,
        deliveryOf(request, needs),
        `telematics:${request.caller?.name ?? ''}`,
      )
      await receiver.keep(received)
      return answer(reply, received.translation)
    }),
  )
}

function routeShipments({ scope, needs, door, receiver }: Hall, versions: ShipmentVersions) {
  const onRequest = [requires(needs.tokens, needs.failedAttempts, 'ingest'), door.onRequest]
  scope.put<{ Params: { shipmentId: string } }>('/v1/shipments/:shipmentId', { onRequest }, (request, reply) =>
    door.whileHandled(request, async () => {
      onlyJson(request)
      const { shipmentId } = request.params
      const received = receiver.receive(
        needs.odoo ? shipmentsBeside(needs.odoo.database) : shipments,
        deliveryOf(request, needs, shipmentId),
        `tms:${request.caller?.name ?? ''}`,
      )
      const [record] = received.records
      const [accepted] = received.translation.accepted
      if (!record || !accepted) {
        await receiver.keep(received)
        return answer(reply, received.translation)
      }
      const version = { plannedAt: accepted.value.occurredAt, contentHash: record.eventId }
      const standing = await versions.take(shipmentId, version, () => receiver.keep(received))
      if (standing === 'conflict') await refuseConflict(receiver, received)
      return { applied: standing !== 'older' }
    }),
  )
}

async function refuseConflict(receiver: Receiver, received: Received<unknown>): Promise<never> {
  const fault = { reason: 'another version of this shipment has the same plannedAt', at: '$.plannedAt' }
  await receiver.keepRefused(received, { ...fault, index: null, raw: received.delivery.body })
  throw new Problem(409, `${fault.reason}: a change needs a later one`, { errors: [fault] })
}

const PARTNER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

function routePartnerEvents({ scope, needs, door, receiver }: Hall) {
  const wall = needs.wall ?? wallClock
  const signedBy = new WeakMap<FastifyRequest, { readonly signed: Signed; readonly keys: readonly VerifyingKey[] }>()
  const refuse = (request: FastifyRequest, reason: string): Problem => {
    needs.failedAttempts.count(request.ip)
    return unauthorized(reason, 'Signature realm="milepost"')
  }

  scope.post<{ Params: { partner: string } }>(
    '/v1/partners/:partner/events',
    {
      onRequest: [
        // eslint-disable-next-line @typescript-eslint/require-await -- an async hook is one that takes no callback
        async request => {
          const { partner } = request.params
          const keys = PARTNER.test(partner) ? needs.keysOf(partner) : undefined
          if (!keys) throw new Problem(404, 'there is no such partner')
          // What is signed are the bytes that were sent: a coding in between would be another way to make us work.
          if (request.headers['content-encoding'] !== undefined)
            throw new Problem(415, 'signed bodies come without a content-encoding')
          const signed = readSignature(request.headers, wall())
          if ('reason' in signed) throw refuse(request, signed.reason)
          signedBy.set(request, { signed, keys })
        },
        door.onRequest,
      ],
    },
    (request, reply) =>
      door.whileHandled(request, async () => {
        onlyJson(request)
        const { partner } = request.params
        const by = signedBy.get(request)
        if (!by || !isSigned(by.signed, bodyOf(request), by.keys))
          throw refuse(request, 'no signature is by a key of this partner over this body')
        const emittedAt = needs.clock.mode === 'live' ? by.signed.sentAt : null
        const received = receiver.receive(
          partnerEvents,
          { ...deliveryOf(request, needs, partner), emittedAt },
          `partner:${partner}`,
        )
        await receiver.keep(received)
        return answer(reply, received.translation)
      }),
  )
}

const moveShape = z.strictObject({ at: instant })

function routeClock({ scope, needs, door }: Hall) {
  const { appender, wire, partitionsOf, clock } = needs
  const onRequest = [requires(needs.tokens, needs.failedAttempts), door.onRequest]
  scope.post('/v1/clock', { onRequest }, request =>
    door.whileHandled(request, async () => {
      onlyJson(request)
      if (!('moveTo' in clock))
        throw new Problem(
          409,
          'the clock is the wall clock: it can be moved where time is that of events (--time event)',
        )
      const result = readJson(bodyOf(request))
      if ('reason' in result) throw new Problem(400, result.reason, { errors: [{ reason: result.reason, at: '$' }] })
      const read = moveShape.safeParse(result.json)
      if (!read.success) throw new Problem(422, 'not understood', { errors: faultsOf(read.error, '$') })
      const applied = read.data.at >= clock.now()
      const stamp = clock.moveTo(read.data.at)
      if (stamp.tick !== null) await appender.append([tickRecord(wire, partitionsOf, stamp.tick)])
      clock.keep(stamp)
      return { applied, at: new Date(clock.now()).toISOString() }
    }),
  )
}

const deliveryOf = (request: FastifyRequest, { clock }: IngestNeeds, about = ''): Delivery => ({
  body: bodyOf(request),
  contentType: mediaTypeOf(request),
  about,
  emittedAt: null,
  mayTellReceivedAt: clock.mode === 'event',
})

function onlyJson(request: FastifyRequest): void {
  if (mediaTypeOf(request) === JSON_TYPE) return
  const where = mediaTypeOf(request) === NDJSON ? '; NDJSON is taken at /v1/positions' : ''
  throw new Problem(415, `the content-type is not ${JSON_TYPE}${where}`)
}

const MAX_ERRORS_SHOWN = 100

/** What became of each record. Durable by now, the refused ones too. */
function answer(reply: FastifyReply, { accepted, refused, failure }: Translation<unknown>): object {
  if (accepted.length > 0 || refused.length === 0) return { accepted: accepted.length, refused: refused.map(shown) }
  const errors = refused.flatMap(({ reason, at, also = [] }) => [{ reason, at }, ...also]).slice(0, MAX_ERRORS_SHOWN)
  const status = failure === 'unreadable' ? 400 : failure === 'too many' ? 413 : 422
  const detail = refused.length === 1 ? (refused[0]?.reason ?? '') : 'none of the records was understood'
  const members = { accepted: 0, refused: refused.map(shown) }
  const problem = new Problem(status, detail, { errors, members })
  void reply.code(status).type(PROBLEM_TYPE)
  return problem.document
}

const shown = ({ index, reason, at }: Refusal) => ({ index, reason, at })
