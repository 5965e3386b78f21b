/** The address by which Odoo says that something changed. It signs nothing, so that its address is all that shows who it is. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { FailedAttempts } from './authorize.ts'
import { Problem } from './problem.ts'

export interface OdooBell {
  /** The last part of the address, which only Odoo is told. */
  readonly capability: string
  /** Poll soon. */
  readonly knock: () => void
}

/** A record as Odoo's automation rules send it has a few fields. */
const BODY_LIMIT_BYTES = 1_048_576

/** What is sent is not looked at: who knows the address may have us poll earlier than we would, and no more than that. */
export function routeOdooChanged(
  scope: FastifyInstance,
  { capability, knock }: OdooBell,
  failed: FailedAttempts,
): void {
  scope.post<{ Params: { capability: string } }>(
    '/v1/odoo/changed/:capability',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      onRequest: (request, _reply, done) => {
        const { capability: shown } = request.params
        // Whatever is logged of this request further on, its address is not.
        request.raw.url = '/v1/odoo/changed/REDACTED'
        if (!isSame(shown, capability)) {
          failed.count(request.ip)
          throw new Problem(404, 'there is nothing here')
        }
        done()
      },
    },
    async (_request, reply) => {
      knock()
      return reply.code(204).send()
    },
  )
}

const isSame = (a: string, b: string): boolean => timingSafeEqual(hashOf(a), hashOf(b))
const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
