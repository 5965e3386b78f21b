/**
 * What is let in at a time. A body lies in memory several times over until it is durable, so the bytes under way are
 * bounded; who comes then, or while the log has no room, is told to come again, before the body is read.
 */
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { unavailable } from './problem.ts'

export interface AdmissionNeeds {
  /** Why nothing can be taken now (the disk is nearly full, the log is away), or undefined. Called once a request: keep it cheap. */
  readonly guard: () => string | undefined
  /** Bytes of bodies under way at most, all requests together. */
  readonly maxBytesUnderWay: number
  /** The largest body taken; what a request counts that does not tell its length, or is compressed. */
  readonly bodyLimitBytes: number
}

export interface Admission {
  readonly onRequest: onRequestAsyncHookHandler
  /** Count the request's bytes until this is done even if the caller has gone. */
  whileHandled<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T>
  readonly bytesUnderWay: () => number
}

const GUARD_RETRY_S = 10
const BUSY_RETRY_S = 1

export function admission({ guard, maxBytesUnderWay, bodyLimitBytes }: AdmissionNeeds): Admission {
  const held = new WeakMap<FastifyRequest, { readonly bytes: number; holders: number }>()
  let underWay = 0

  const release = (request: FastifyRequest) => {
    const hold = held.get(request)
    if (hold && --hold.holders === 0) underWay -= hold.bytes
  }

  return {
    bytesUnderWay: () => underWay,

    // eslint-disable-next-line @typescript-eslint/require-await -- an async hook is one that takes no callback
    async onRequest(request, reply) {
      const reason = guard()
      if (reason !== undefined) throw unavailable(reason, GUARD_RETRY_S)
      const bytes = Math.min(told(request) ?? bodyLimitBytes, bodyLimitBytes)
      if (underWay > 0 && underWay + bytes > maxBytesUnderWay) throw unavailable('too much is under way', BUSY_RETRY_S)
      underWay += bytes
      held.set(request, { bytes, holders: 1 })
      reply.raw.once('close', () => release(request))
    },

    async whileHandled(request, work) {
      const hold = held.get(request)
      if (hold) hold.holders++
      try {
        return await work()
      } finally {
        release(request)
      }
    },
  }
}

function told({ headers }: FastifyRequest): number | undefined {
  const { 'content-length': length, 'content-encoding': coding } = headers
  return length === undefined || coding !== undefined ? undefined : Number(length)
}
