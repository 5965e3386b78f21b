/** Who may call: tokens by role, and a brake on those who guess. */
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Role, Token, TokenCheck } from '../tokens.ts'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who showed a token; null where the address asks for none. */
    caller: Token | null
  }
}

/** Attempts that failed, by remote address. Whoever is right is never kept out by it: many may share one address. */
export interface FailedAttempts {
  /** One more. Throws 429 if there were too many of late. */
  count(remoteAddress: string): void
}

export interface AttemptLimits {
  readonly attempts: number
  readonly perMs: number
  /** Addresses remembered. */
  readonly addresses: number
}
const USUAL: AttemptLimits = { attempts: 30, perMs: 60_000, addresses: 10_000 }

export function failedAttempts(
  { attempts, perMs, addresses }: AttemptLimits = USUAL,
  nowMs = () => performance.now(),
): FailedAttempts {
  /** In the order of their beginning. */
  const windows = new Map<string, { readonly since: number; failed: number }>()
  return {
    count(remoteAddress) {
      const now = nowMs()
      let window = windows.get(remoteAddress)
      if (!window || now - window.since >= perMs) {
        windows.delete(remoteAddress)
        window = { since: now, failed: 0 }
        windows.set(remoteAddress, window)
        if (windows.size > addresses) for (const oldest of windows.keys()) if (windows.delete(oldest)) break
      }
      window.failed++
      if (window.failed <= attempts) return
      const retryAfterS = Math.ceil((window.since + perMs - now) / 1_000)
      throw new Problem(429, 'too many failed attempts from your address', {
        headers: { 'retry-after': String(retryAfterS) },
      })
    },
  }
}

/** An `onRequest` hook: before a byte of the body is read, the caller must show a token of one of these roles, or of an administrator. */
export const requires =
  (tokens: TokenCheck, failed: FailedAttempts, ...roles: readonly Role[]): onRequestAsyncHookHandler =>
  // eslint-disable-next-line @typescript-eslint/require-await -- an async hook is one that takes no callback
  async request => {
    const shown = bearer(request)
    const caller = shown === undefined ? undefined : tokens.check(shown)
    if (!caller) {
      failed.count(request.ip)
      throw shown === undefined
        ? unauthorized('show a token: Authorization: Bearer mp_…', 'Bearer realm="milepost"')
        : unauthorized('this token opens nothing', 'Bearer realm="milepost", error="invalid_token"')
    }
    if (caller.role !== 'admin' && !roles.includes(caller.role)) {
      throw new Problem(
        403,
        `a token of the role ${caller.role} may not do this: ${[...roles, 'admin'].join(' or ')} may`,
      )
    }
    request.caller = caller
  }

export const unauthorized = (detail: string, challenge: string): Problem =>
  new Problem(401, detail, { headers: { 'www-authenticate': challenge } })

const bearer = ({ headers }: FastifyRequest): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
