/** The read side of the HTTP API: shipments, vehicles, cases, what changes, health, metrics, /openapi.json, and the page at `/`. */
import type { FastifyInstance } from 'fastify'
import { type RequireRole, tokensOrSession } from './access.ts'
import { type CaseNeeds, caseRoutes } from './cases.ts'
import { deadLetterRoutes, type LetterNeeds } from './dead-letters.ts'
import { type DeliveryNeeds, deliveryRoutes } from './deliveries.ts'
import { liveFeed } from './live.ts'
import { liveRoutes } from './live-route.ts'
import { type HealthNeeds, healthRoutes } from './health.ts'
import { openApiDocument, openApiOf, type OpenApiPart } from './openapi.ts'
import { pageRoutes, SECURITY_HEADERS } from './page.ts'
import { answerProblem } from './problem.ts'
import { serve } from './route.ts'
import { loginRoutes, type Sessions } from './session.ts'
import { shipmentRoutes } from './shipments.ts'
import { vehicleRoutes } from './vehicles.ts'

export interface ReadNeeds extends CaseNeeds, DeliveryNeeds, HealthNeeds, LetterNeeds {
  readonly requireRole: RequireRole
  readonly sessions: Sessions
  /** A prom-client Registry is one. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> }
  readonly version: string
  /** What else this server serves. */
  readonly openApi: readonly OpenApiPart[]
}

/** Put the routes on a server made by `httpServer`. */
export async function registerRead(server: FastifyInstance, needs: ReadNeeds): Promise<void> {
  const feed = liveFeed(needs)
  const routes = [
    ...shipmentRoutes(needs),
    ...deliveryRoutes(needs),
    ...vehicleRoutes(needs),
    ...caseRoutes(needs),
    ...liveRoutes(feed),
    ...healthRoutes(needs),
    ...deadLetterRoutes(needs),
  ]
  const document = JSON.stringify(openApiDocument(needs.version, [openApiOf(routes), ...needs.openApi]))
  await server.register((scope, _options, done) => {
    scope.setErrorHandler(answerProblem)
    // Before the server waits for its connections: those of listeners never end by themselves.
    scope.addHook('preClose', () => feed.close())
    scope.addHook('onRequest', (_request, reply, next) => {
      reply.headers(SECURITY_HEADERS)
      next()
    })
    serve(scope, tokensOrSession(needs.requireRole, needs.sessions), routes)
    scope.get('/openapi.json', (_, reply) => reply.type('application/json; charset=utf-8').send(document))
    scope.get('/metrics', async (_, reply) => reply.type(needs.metrics.contentType).send(await needs.metrics.metrics()))
    loginRoutes(scope, needs.sessions)
    pageRoutes(scope)
    done()
  })
}
