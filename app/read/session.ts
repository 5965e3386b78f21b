/**
 * Browser sessions: a one-time link opens one. Both live in memory only: a restart ends them, and the program prints a new
 * link. Only hashes are kept, so that what a caller sends is never compared byte by byte with a secret.
 */
import { hash, randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../../ingest/http/problem.ts'
import { hours, type Millis } from '../../streams/time.ts'

const COOKIE = 'milepost_session'
export const SESSION_MS: Millis = hours(12)
/** A link is printed when the program starts and may be opened at any time that day. */
export const LINK_MS: Millis = hours(24)
/** The oldest goes when there is one more. */
const AT_MOST = 1_000

export interface Sessions {
  /** A link that opens one session, once. `origin` is where the browser reaches us: `http://127.0.0.1:8080`. */
  mintLink(origin: string): string
  /** The session cookie's value for a code; undefined if there is no such code (any more). */
  redeem(code: string): string | undefined
  /** Whether the request comes with a session that still holds. */
  holds(request: FastifyRequest): boolean
  end(request: FastifyRequest): void
}

/** `now` is the wall clock in milliseconds, whatever clock the events follow. */
export function sessions(now: () => number = Date.now): Sessions {
  const codes = new Expiring(now, LINK_MS)
  const open = new Expiring(now, SESSION_MS)
  return {
    mintLink(origin) {
      const link = new URL('/login', origin)
      link.searchParams.set('code', codes.draw())
      return link.href
    },
    redeem: code => (codes.remove(code) ? open.draw() : undefined),
    holds: request => cookiesOf(request).some(secret => open.has(secret)),
    end(request) {
      for (const secret of cookiesOf(request)) open.remove(secret)
    },
  }
}

/** Secrets that we drew, until they expire. */
class Expiring {
  readonly #now: () => number
  readonly #forMs: Millis
  /** By hash, when each expires: in the order of drawing, which is that of expiry. */
  readonly #until = new Map<string, number>()

  constructor(now: () => number, forMs: Millis) {
    this.#now = now
    this.#forMs = forMs
  }
  draw(): string {
    const secret = randomBytes(32).toString('base64url')
    for (const oldest of this.#until.keys()) {
      if (this.#until.size < AT_MOST) break
      this.#until.delete(oldest)
    }
    this.#until.set(hash('sha256', secret), this.#now() + this.#forMs)
    return secret
  }
  has(secret: string): boolean {
    return (this.#until.get(hash('sha256', secret)) ?? 0) > this.#now()
  }
  remove(secret: string): boolean {
    const had = this.has(secret)
    this.#until.delete(hash('sha256', secret))
    return had
  }
}

function cookiesOf({ headers }: FastifyRequest): string[] {
  const parts = (headers.cookie ?? '').split(';').map(part => part.trim())
  return parts.filter(part => part.startsWith(`${COOKIE}=`)).map(part => part.slice(COOKIE.length + 1))
}

/**
 * SameSite keeps other sites' pages from using the session, but a page on another port of this host is the same site: what
 * changes something must also come from our own origin. Throws 403.
 */
export function requireOwnOrigin({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return
  const site = headers['sec-fetch-site']
  const own = site === undefined ? isOwn(headers.origin, headers.host) : site === 'same-origin'
  if (!own)
    throw new Problem(403, 'with a browser session this is only taken from the page itself: show a token instead')
}

const isOwn = (origin: string | undefined, host: string | undefined): boolean =>
  origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host

/** `GET /login?code=…` opens a session and shows the page; `POST /logout` ends it. */
export function loginRoutes(app: FastifyInstance, open: Sessions): void {
  const cookie = (value: string, maxAgeS: number, request: FastifyRequest) =>
    `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${request.protocol === 'https' ? '; Secure' : ''}`

  // No HEAD: looking at a link (as chats and mail readers do) must not use it up; nor must a browser's guess at where we go next.
  app.get<{ Querystring: { code?: unknown } }>('/login', { exposeHeadRoute: false }, (request, reply) => {
    if (request.headers['sec-purpose'] !== undefined) return reply.code(503).send()
    const { code } = request.query
    const session = typeof code === 'string' ? open.redeem(code) : undefined
    if (session !== undefined) reply.header('set-cookie', cookie(session, SESSION_MS / 1_000, request))
    return reply.redirect(session === undefined ? '/?login=failed' : '/', 303)
  })
  app.post('/logout', (request, reply) => {
    requireOwnOrigin(request)
    open.end(request)
    return reply
      .header('set-cookie', cookie('', 0, request))
      .code(204)
      .send()
  })
}
