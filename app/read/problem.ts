/** Problem documents (RFC 9457) of the reads: ingest's, and what only we meet. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Problem, sendProblem, unavailable } from '../../ingest/http/problem.ts'
import { faultsOf } from '../../ingest/shapes.ts'
import { ViewsUnavailable } from '../../sinks/control-tower/reader.ts'

export const problemShape = z
  .strictObject({
    type: z.string().describe('What kind of problem: about:blank where the status says it all'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong'),
    errors: z
      .array(z.strictObject({ at: z.string().describe('Which parameter or property'), reason: z.string() }))
      .optional(),
  })
  .meta({ id: 'ReadProblem' })

const VIEWS_RETRY_S = 2

/** The error handler of our routes. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(error instanceof ViewsUnavailable ? unavailable(error.message, VIEWS_RETRY_S) : error, request, reply)
}

/** Read untrusted input by its shape; throws the problem that names each fault. */
export function checked<T extends z.ZodType>(shape: T, input: unknown, status: 400 | 422): z.output<T> {
  const read = shape.safeParse(input)
  if (read.success) return read.data
  throw new Problem(status, 'not as documented in /openapi.json', { errors: faultsOf(read.error, '$') })
}
