/** Bodies as bytes: adapters read them once, signatures are over them, and refusals keep them. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { NDJSON } from '../positions.ts'
import { Problem } from './problem.ts'

const inflate = promisify(gunzip)

export const JSON_TYPE = 'application/json'

/** In this scope the body of a request is a Buffer, whatever JSON it holds; gzip is undone up to the same limit. */
export function takeBytes(scope: FastifyInstance, bodyLimitBytes: number): void {
  scope.removeAllContentTypeParsers()
  const parser = (request: FastifyRequest, body: Buffer) => decoded(request, body, bodyLimitBytes)
  scope.addContentTypeParser<Buffer>([JSON_TYPE, NDJSON], { parseAs: 'buffer', bodyLimit: bodyLimitBytes }, parser)
}

export const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0))

export const mediaTypeOf = ({ headers }: FastifyRequest): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''

async function decoded({ headers }: FastifyRequest, body: Buffer, maxOutputLength: number): Promise<Buffer> {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding === 'identity') return body
  if (coding !== 'gzip')
    throw new Problem(415, 'the content-encoding is not gzip', { headers: { 'accept-encoding': 'gzip' } })
  try {
    return await inflate(body, { maxOutputLength })
  } catch (error) {
    if (error instanceof RangeError)
      throw new Problem(413, `the body is larger than ${maxOutputLength} bytes when decompressed`)
    throw new Problem(400, 'the body is not gzip')
  }
}
