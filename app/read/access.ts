/** Who may read and act: bearer tokens, which ingest's hooks check, or the browser session. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { requireOwnOrigin, type Sessions } from './session.ts'

/** `read` sees everything; `act` may also acknowledge, resolve and comment. A browser session has both. */
export type ReadRole = 'read' | 'act'
export type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * A hook that lets a request with a bearer token of this role pass, having set `request.caller`, and otherwise throws or
 * answers 401 or 403.
 */
export type RequireRole = (role: ReadRole) => Hook

/** Tokens as before, and where no token is shown the session counts. */
export const tokensOrSession =
  (requireRole: RequireRole, sessions: Sessions): RequireRole =>
  role => {
    const byToken = requireRole(role)
    return async (request, reply) => {
      if (request.headers.authorization !== undefined || !sessions.holds(request)) return byToken(request, reply)
      requireOwnOrigin(request)
      return undefined
    }
  }

/** Who acts, unless the request tells: the token's name. */
export const nameOf = (request: FastifyRequest): string => request.caller?.name ?? 'control tower'
