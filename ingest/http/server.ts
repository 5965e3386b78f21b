import { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, fastify, LogController } from 'fastify'
import type { IngestMetrics } from '../metrics.ts'
import { notFound, onClientError, Problem, sendProblem } from './problem.ts'

export interface HttpServerNeeds {
  readonly logger: FastifyBaseLogger
  readonly metrics: IngestMetrics
  readonly timeouts?: Partial<Timeouts>
}
export interface Timeouts {
  /** For the head of a request to arrive. */
  readonly headMs: number
  /** For the whole of a request to arrive. */
  readonly requestMs: number
  /** How often the two are looked at. */
  readonly checkMs: number
}
const USUAL: Timeouts = { headMs: 10_000, requestMs: 60_000, checkMs: 5_000 }

const MAX_HEADERS = 100
const MAX_PARAM_CHARS = 1_024

/**
 * The one HTTP server that ingest and the read API register their routes on. Not listening yet. All errors are problem
 * documents; no request is logged (a log line a request would cost more than the request), faults of ours are.
 */
export function httpServer({ logger, metrics, timeouts }: HttpServerNeeds): FastifyInstance {
  const { headMs, requestMs, checkMs } = { ...USUAL, ...timeouts }
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: requestMs,
    http: { headersTimeout: headMs, connectionsCheckingInterval: checkMs },
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    clientErrorHandler: onClientError,
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply as FastifyReply),
  })
  // Node would drop what is over its limit without a word, Authorization perhaps among it: count them ourselves.
  server.server.maxHeadersCount = 0
  server.decorateRequest('caller', null)
  server.setErrorHandler(sendProblem)
  server.setNotFoundHandler(notFound)
  server.addHook('onRequest', (request, _reply, done) => {
    done(
      request.raw.rawHeaders.length > 2 * MAX_HEADERS
        ? new Problem(431, `more than ${MAX_HEADERS} headers`)
        : undefined,
    )
  })
  server.addHook('onResponse', (request, reply, done) => {
    const labels = {
      route: request.routeOptions.url ?? 'none',
      method: request.method,
      status: String(reply.statusCode),
    }
    metrics.requests.observe(labels, reply.elapsedTime / 1_000)
    done()
  })
  return server
}
