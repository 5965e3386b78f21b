/** A route as a value: what is served and what /openapi.json says of it are made of the same declaration. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem } from '../../ingest/http/problem.ts'
import type { ReadRole, RequireRole } from './access.ts'
import { checked } from './problem.ts'

type Shape = z.ZodObject | undefined
type Read<S extends Shape> = S extends z.ZodType ? z.output<S> : undefined

export interface Asked<P extends Shape, Q extends Shape, B extends Shape> {
  readonly params: Read<P>
  readonly query: Read<Q>
  readonly body: Read<B>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}
export interface Answer {
  readonly status: number
  readonly body: unknown
}

export const TAKEN = Symbol('the reply is taken')
type Handled = Answer | typeof TAKEN

export interface Documented {
  readonly description: string
  /** Of the body; of an event stream, of what each event carries. */
  readonly shape: z.ZodType
  /** Unless told, application/json. */
  readonly type?: string
}

export interface Route<P extends Shape = Shape, Q extends Shape = Shape, B extends Shape = Shape> {
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it: `/v1/shipments/{shipmentId}`. */
  readonly path: string
  readonly summary: string
  /** Without a role anybody may ask. */
  readonly role?: ReadRole
  readonly params?: P
  /** Strict: a misspelt filter is refused, as it would quietly return everything. */
  readonly query?: Q
  readonly body?: B
  /** What is answered when all is well, by status. */
  readonly answers: Readonly<Record<number, Documented>>
  /** The problems it answers beside those of its role and its input. */
  readonly problems?: Readonly<Record<number, string>>
  /** `TAKEN`: it has hijacked the reply and answers by itself. */
  readonly handle: (asked: Asked<P, Q, B>) => Handled | Promise<Handled>
}
/** A list mixes routes with inputs of every shape. */
export interface AnyRoute extends Omit<Route, 'handle'> {
  readonly handle: (asked: never) => Handled | Promise<Handled>
}

export const route = <P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  declared: Route<P, Q, B>,
): AnyRoute => declared

const BODY_LIMIT_BYTES = 64 * 1024

/** Serve routes. Every answer is fresh: nothing on the way may keep it. */
export function serve(app: FastifyInstance, requireRole: RequireRole, routes: readonly AnyRoute[]): void {
  for (const one of routes) {
    app.route({
      method: one.method,
      bodyLimit: BODY_LIMIT_BYTES,
      url: one.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      ...(one.role && { onRequest: requireRole(one.role) }),
      async handler(request, reply) {
        const asked = {
          params: read(one.params, request.params),
          query: read(one.query, request.query),
          body: read(one.body, request.body ?? {}, 422),
          request,
          reply,
        }
        const answer = await one.handle(asked as never)
        if (answer === TAKEN) return reply
        const { status, body } = answer
        return reply
          .code(status)
          .header('cache-control', 'no-store')
          .type('application/json; charset=utf-8')
          .send(JSON.stringify(body))
      },
    })
  }
}

const read = (shape: Shape, input: unknown, status: 400 | 422 = 400) => shape && checked(shape, input, status)

export const MAX_PAGE = 500
/** Of a query: how much of a list is wanted. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100).describe(`At most so many; up to ${MAX_PAGE}`),
  cursor: z.string().max(1_000).optional().describe('nextCursor of the page before'),
}

/** A cursor is opaque to the caller: it says where the last page ended. */
export const cursorOf = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')

export function placeAt<T extends z.ZodType>(shape: T, cursor: string | undefined): z.output<T> | undefined {
  if (cursor === undefined) return undefined
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new Problem(400, 'not a cursor that was given out here', {
      errors: [{ at: '$.cursor', reason: 'expected nextCursor of the page before' }],
    })
  }
}
