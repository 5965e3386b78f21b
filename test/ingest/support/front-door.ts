/** The real server on a loopback port, over a log in memory, and the callers it knows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { type EventClock, type IngestClock, liveClock } from '../../../ingest/clock.ts'
import { type AttemptLimits, failedAttempts } from '../../../ingest/http/authorize.ts'
import { type IngestNeeds, registerIngest } from '../../../ingest/http/routes.ts'
import { httpServer, type Timeouts } from '../../../ingest/http/server.ts'
import { sign, verifyingKey } from '../../../ingest/signature.ts'
import { createToken, openTokens, type Role, ROLES } from '../../../ingest/tokens.ts'
import { localWire } from '../../../schemas/codec.ts'
import { Counts, MemoryLog, partitionsOf } from './records.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
export const OLDER_SECRET = `whsec_${Buffer.alloc(32, 8).toString('base64')}`

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}

interface Wishes extends Partial<
  Pick<IngestNeeds, 'versionOf' | 'odoo' | 'guard' | 'bodyLimitBytes' | 'maxBytesUnderWay' | 'wall'>
> {
  readonly clock?: IngestClock | EventClock
  readonly timeouts?: Partial<Timeouts>
  readonly attempts?: AttemptLimits
}

export async function frontDoor(test: TestContext, wishes: Wishes = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-ingest-'))
  const path = join(folder, 'tokens.json')
  const tokens = {} as Record<Role, string>
  for (const role of ROLES) tokens[role] = (await createToken(path, role, `${role}-1`)).token

  const log = new MemoryLog()
  const counts = new Counts()
  const logged: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) })
  const { clock = liveClock(), timeouts = {}, attempts, ...rest } = wishes
  const server = httpServer({ logger, metrics: counts, timeouts })
  await registerIngest(server, {
    appender: log,
    wire: localWire,
    partitionsOf,
    clock,
    metrics: counts,
    tokens: openTokens(path, logger),
    failedAttempts: failedAttempts(attempts),
    keysOf: partner => (partner === 'acme' ? [verifyingKey(OLDER_SECRET), verifyingKey(SECRET)] : undefined),
    versionOf: () => Promise.resolve(undefined),
    guard: () => undefined,
    ...rest,
  })
  const origin = await server.listen({ port: 0, host: '127.0.0.1' })
  test.after(async () => {
    server.server.closeAllConnections()
    await server.close()
    rmSync(folder, { recursive: true })
  })

  const call = async (
    method: string,
    to: string,
    body: string | Uint8Array<ArrayBuffer> | ReadableStream | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> => {
    const response = await fetch(origin + to, { method, headers, ...(body !== undefined && { body, duplex: 'half' }) })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text === '' ? undefined : (JSON.parse(text) as unknown),
    }
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const text = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body))

  return {
    origin,
    log,
    counts,
    logged,
    tokens,
    tokensPath: path,
    call,
    bearer,
    send: (body: unknown, headers: Record<string, string> = {}) =>
      call('POST', '/v1/positions', text(body), {
        'content-type': 'application/json',
        ...bearer(tokens.ingest),
        ...headers,
      }),
    put: (shipmentId: string, body: unknown, headers: Record<string, string> = {}) =>
      call('PUT', `/v1/shipments/${encodeURIComponent(shipmentId)}`, text(body), {
        'content-type': 'application/json',
        ...bearer(tokens.ingest),
        ...headers,
      }),
    events: (body: unknown, { secret = SECRET, partner = 'acme', sentAt = Date.now(), headers = {} }: Webhook = {}) =>
      call('POST', `/v1/partners/${partner}/events`, text(body), {
        'content-type': 'application/json',
        ...signature(text(body), secret, sentAt),
        ...headers,
      }),
    moveClock: (at: unknown, token = tokens.admin) =>
      call('POST', '/v1/clock', JSON.stringify({ at }), { 'content-type': 'application/json', ...bearer(token) }),
  }
}

interface Webhook {
  readonly secret?: string
  readonly partner?: string
  readonly sentAt?: number
  readonly headers?: Record<string, string>
}

export function signature(body: string, secret: string, sentAt: number): Record<string, string> {
  const timestamp = Math.floor(sentAt / 1_000)
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(timestamp),
    'webhook-signature': sign(secret, 'msg_1', timestamp, Buffer.from(body)),
  }
}
