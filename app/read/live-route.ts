/** `GET /v1/live`: what changes, as server-sent events (html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { unavailable } from '../../ingest/http/problem.ts'
import { minutes, type Millis } from '../../streams/time.ts'
import * as answers from './answers.ts'
import { hopShape } from './health.ts'
import { type Listener, type LiveFeed, placeOf } from './live.ts'
import { type AnyRoute, route, TAKEN } from './route.ts'

const millis = z.number().describe('Milliseconds since 1970, UTC')

export const helloShape = z
  .strictObject({
    resumed: z.boolean().describe('false: what came before is not told; ask for everything, then follow'),
    now: millis.describe('How late it is by the clock that events follow'),
  })
  .meta({ id: 'LiveHello' })

const vehicleRow = z
  .tuple([
    z.string().describe('vehicleId'),
    millis.describe('occurredAt'),
    z.number().describe('latitude'),
    z.number().describe('longitude'),
    z.number().nullable().describe('speedMps'),
    z.number().nullable().describe('courseDeg'),
    z.array(z.string()).describe('shipmentIds'),
    answers.severity.nullable().describe('worstCase'),
    z
      .tuple([z.string().nullable().describe('place'), millis.describe('p50'), z.int().describe('lateByS')])
      .nullable()
      .describe('next'),
  ])
  .describe('A vehicle that moved, or of which something else changed')
const caseRow = z.tuple([
  z.string().describe('caseId'),
  answers.caseKind,
  answers.severity,
  answers.caseState,
  z.string().nullable().describe('shipmentId'),
])
export const changesShape = z
  .strictObject({
    now: millis,
    vehicles: z.array(vehicleRow),
    shipments: z.array(z.string()).describe('Ids of those of which anything changed'),
    cases: z.array(caseRow),
  })
  .meta({ id: 'LiveChanges' })

const count = z.int().nonnegative()
const hopRow = z.tuple([
  hopShape.shape.hop,
  hopShape.shape.state,
  count.describe('in'),
  count.describe('out'),
  count.describe('dropped, for any reason'),
  count.describe('deadLetters'),
  count.describe('lag'),
])
export const hopsShape = z
  .strictObject({ ready: z.boolean(), tick: millis.nullable(), hops: z.array(hopRow) })
  .meta({ id: 'LiveHops' })

const RETRY_MS: Millis = 2_000
const HEARTBEAT_MS: Millis = 15_000
/** Then it comes back, and is asked again who it is. */
const LISTEN_MS: Millis = minutes(15)
const AT_MOST = 256

export const liveRoutes = (feed: LiveFeed): readonly AnyRoute[] => [
  route({
    method: 'GET',
    path: '/v1/live',
    summary: 'What changes, as server-sent events: hello, changes (at most ten a second) and hops (every two seconds)',
    role: 'read',
    answers: {
      200: {
        description:
          'A stream of events. Whoever comes back with Last-Event-ID gets how that stands which changed meanwhile.',
        shape: z.union([helloShape, changesShape, hopsShape]),
        type: 'text/event-stream',
      },
    },
    handle({ request, reply }) {
      if (feed.size >= AT_MOST) throw unavailable(`${AT_MOST} listen already`, RETRY_MS / 1_000)
      listen(feed, request, reply)
      return TAKEN
    },
  }),
]

function listen(feed: LiveFeed, request: FastifyRequest, reply: FastifyReply): void {
  const last = request.headers['last-event-id']
  reply.hijack()
  const { raw } = reply
  const head = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' }
  raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...head, 'x-accel-buffering': 'no' })
  raw.write(`retry: ${RETRY_MS}\n\n`)
  const listener: Listener = {
    place: typeof last === 'string' ? placeOf(last) : undefined,
    isBusy: () => raw.writableNeedDrain,
    send({ name, id, data }) {
      raw.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`)
    },
    end: () => raw.end(),
  }
  const heartbeat = setInterval(() => raw.writableNeedDrain || raw.write(':\n\n'), HEARTBEAT_MS)
  const over = setTimeout(() => raw.end(), LISTEN_MS)
  raw.once('close', () => {
    clearInterval(heartbeat)
    clearTimeout(over)
    feed.remove(listener)
  })
  raw.on('error', () => undefined)
  feed.add(listener)
}
