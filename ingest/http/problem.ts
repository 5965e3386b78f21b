/** Every answer that is not a success is a problem document (RFC 9457), those of the framework and of Node's parser included. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { LogUnavailable } from '../../streams/log/log.ts'
import type { Fault } from '../adapter.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly errors?: readonly Fault[]
}

interface More {
  readonly errors?: readonly Fault[]
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of the document. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** Throw it from a handler or a hook. `detail` is for the caller to read: it holds no secrets. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: number
  readonly more: More

  constructor(status: number, detail: string, more: More = {}) {
    super(detail)
    this.status = status
    this.more = more
  }

  get document(): ProblemDocument {
    const { members, errors } = this.more
    return { ...documentOf(this.status, this.message), ...members, ...(errors && { errors }) }
  }
}

/** Come again later: nothing of the request has been kept. */
export const unavailable = (detail: string, retryAfterS: number): Problem =>
  new Problem(503, detail, { headers: { 'retry-after': String(retryAfterS) } })

const documentOf = (status: number, detail: string): ProblemDocument => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
})

/** What the framework's own errors mean to a caller. */
const FRAMEWORK: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than this address takes',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the content-type is missing or not one that this address takes',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as its content-length says',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not JSON',
  FST_ERR_BAD_URL: 'the address is not a valid URL',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the address is too long',
}

const LOG_RETRY_S = 5

function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (error instanceof LogUnavailable)
    return unavailable('the log cannot be written now; nothing of this request has been kept', LOG_RETRY_S)
  const { statusCode, code = '' } = error as Partial<FastifyError>
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined
  return new Problem(statusCode, FRAMEWORK[code] ?? 'the request could not be read')
}

/** For `setErrorHandler` and `frameworkErrors`. What is no problem of the caller is a bug: it is logged, and the caller learns no more than that. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  let problem = problemOf(error)
  if (!problem) {
    request.log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'a request failed')
    problem = new Problem(500, 'this is a fault of ours; it has been logged')
  }
  if (error instanceof LogUnavailable) request.log.error({ reason: error.message }, 'the log is unavailable')
  void reply
    .code(problem.status)
    .headers(problem.more.headers ?? {})
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problem.document))
}

export const notFound = (request: FastifyRequest, reply: FastifyReply): void =>
  sendProblem(new Problem(404, `there is no ${request.method} at this address`), request, reply)

/** For what Node's parser refuses before there is a request: timeouts, headers too large, nonsense. */
export function onClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy(error)
    return
  }
  const [status, detail] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ([408, 'the request took too long to arrive'] as const)
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ([431, 'the headers are too large'] as const)
        : ([400, 'this is not an HTTP request'] as const)
  const body = JSON.stringify(documentOf(status, detail))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
