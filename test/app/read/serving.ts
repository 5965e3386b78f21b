/** A server with the read side on it, over a read model in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { Registry } from 'prom-client'
import type { Letter } from '../../../app/dead-letters.ts'
import type { PipelineHealth } from '../../../app/read/health.ts'
import type { OpenApiPart } from '../../../app/read/openapi.ts'
import { registerRead } from '../../../app/read/read.ts'
import { type Sessions, sessions } from '../../../app/read/session.ts'
import { failedAttempts, requires } from '../../../ingest/http/authorize.ts'
import { httpServer } from '../../../ingest/http/server.ts'
import type { Role, TokenCheck } from '../../../ingest/tokens.ts'
import { localWire } from '../../../schemas/codec.ts'
import { caseActions } from '../../../schemas/topics.ts'
import type { CaseAction, Delivery } from '../../../schemas/generated/events.ts'
import { openReader, type ViewsReader } from '../../../sinks/control-tower/reader.ts'
import { openViews, type Views } from '../../../sinks/control-tower/views.ts'
import type { Event } from '../../../streams/event.ts'
import type { Outgoing } from '../../../streams/log/log.ts'
import type { Instant } from '../../../streams/time.ts'
import type { Told } from '../../sinks/control-tower/telling.ts'
import { writer } from '../../sinks/control-tower/telling.ts'

export interface Serving extends AsyncDisposable {
  readonly server: FastifyInstance
  readonly views: Views
  readonly reader: ViewsReader
  readonly sessions: Sessions
  readonly dir: string
  write(...told: readonly Told[]): Promise<void>
  /** The case actions that were appended, opened again. */
  readonly actions: Event<CaseAction>[]
  /** What is still kept of what came in. */
  deliveries: Event<Delivery>[]
  /** By vehicle and time of occurrence: when it was received. */
  readonly fixes: Map<string, readonly number[]>
  letters: Letter[]
  /** Who put back what. */
  readonly replayed: string[]
  health: PipelineHealth
  /** Set to make every append fail with it. */
  appendFails: Error | undefined
  /** Called with each action that was appended. */
  onAction: ((action: CaseAction) => Promise<void>) | undefined
  /** Wall clock of the sessions, milliseconds. */
  wall: number
}

/** Tokens are called by their role: `Bearer read`. */
const tokens: TokenCheck = {
  check: token =>
    ['ingest', 'read', 'admin'].includes(token)
      ? { id: token, role: token as Role, name: `${token}-token`, createdAt: '' }
      : undefined,
}
export const bearer = (role: Role): Record<string, string> => ({ authorization: `Bearer ${role}` })

export const WELL: PipelineHealth = {
  ready: true,
  tick: Date.parse('2026-03-01T15:00:00Z'),
  hops: [
    hop('positions', 'ingest', 482_113, 482_113),
    { ...hop('follow-vehicles', 'processor', 482_100, 51_322), dropped: { 'not of a shipment': 91_002 }, lag: 13 },
    hop('detect-milestones', 'processor', 51_322, 812),
    { ...hop('clickhouse/vehicle-positions', 'sink', 480_000, 480_000), lag: 2_113, state: 'catching_up' },
    { ...hop('control-tower/shipment-etas', 'sink', 20_110, 20_110), deadLetters: 1 },
  ],
}
function hop(
  name: string,
  kind: 'ingest' | 'processor' | 'sink',
  read: number,
  out: number,
): PipelineHealth['hops'][number] {
  return { hop: name, kind, state: 'running', detail: null, in: read, out, dropped: {}, deadLetters: 0, lag: 0 }
}

export async function serving(now: () => Instant, openApi: readonly OpenApiPart[] = []): Promise<Serving> {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-read-'))
  const views = openViews(dir, 'log-1')
  const reader = openReader(dir)
  const registry = new Registry()
  const server = httpServer({
    logger: pino({ level: 'silent' }),
    metrics: { records: { inc: () => undefined }, requests: { observe: () => undefined } },
  })
  const failed = failedAttempts()
  const made: Serving = {
    ...{
      server,
      views,
      reader,
      dir,
      actions: [],
      deliveries: [],
      fixes: new Map(),
      letters: [],
      replayed: [],
      health: WELL,
      appendFails: undefined,
      onAction: undefined,
      wall: 0,
    },
    sessions: sessions(() => made.wall),
    write: writer(views),
    async [Symbol.asyncDispose]() {
      await server.close()
      reader.close()
      views.close()
      rmSync(dir, { recursive: true })
    },
  }
  const append = async (records: readonly Outgoing[]) => {
    if (made.appendFails) throw made.appendFails
    for (const { value } of records) {
      const event = localWire.open(caseActions, value, null) as Event<CaseAction>
      made.actions.push(event)
      await made.onAction?.(event.value)
    }
  }
  await registerRead(server, {
    views: reader,
    requireRole: role => {
      const hook = requires(tokens, failed, ...(role === 'read' ? ['read' as const] : []))
      return (request, reply) => hook.call(server, request, reply)
    },
    sessions: made.sessions,
    appender: { append },
    wire: localWire,
    partitionsOf: () => 4,
    findDeliveries: (adapter, receivedAt) =>
      Promise.resolve(
        made.deliveries.filter(({ value }) => value.adapter === adapter && value.occurredAt === receivedAt),
      ),
    findFixes: (vehicleId, occurredAt) => Promise.resolve(made.fixes.get(`${vehicleId} ${occurredAt}`) ?? []),
    letters: {
      all: () => Promise.resolve(made.letters),
      replay: (letter, _, actor) => {
        made.replayed.push(`${actor} ${letter.eventId}`)
        return Promise.resolve()
      },
    },
    now,
    pipeline: () => Promise.resolve(made.health),
    metrics: registry,
    version: '0.1.0',
    openApi,
  })
  return made
}
