/** Answers: headers, compression, blocks as they come, and an end that cannot be taken for a good one when it is not. */
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { createBrotliCompress, createDeflate, createGzip, createZstdCompress, constants } from 'node:zlib'
import { fromEngine, type ClickHouseException } from './errors.ts'
import type { Result } from './engine.ts'

export interface Answer {
  readonly queryId: string
  readonly format: string
  readonly version: string
  /** The client allows compression: `enable_http_compression=1`. */
  readonly compress: boolean
}

const contentTypes: readonly (readonly [RegExp, string])[] = [
  [/^(?:JSON(?!.*EachRow)|JSONCompact$|JSONStrings$|JSONColumns)/i, 'application/json; charset=UTF-8'],
  [/^(?:JSON.*EachRow|NDJSON|JSONLines)/i, 'application/x-ndjson; charset=UTF-8'],
  [/^(?:TabSeparated|TSV)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
  [
    /^(?:Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Npy|BSON|Protobuf|CapnProto|RawBLOB)/i,
    'application/octet-stream',
  ],
]

function begin(request: IncomingMessage, response: ServerResponse, answer: Answer, result?: Partial<Result>): Writable {
  const type = contentTypes.find(([pattern]) => pattern.test(answer.format))?.[1] ?? 'text/plain; charset=UTF-8'
  response.statusCode = 200
  response.setHeader('Content-Type', type)
  response.setHeader('X-ClickHouse-Query-Id', answer.queryId)
  response.setHeader('X-ClickHouse-Format', answer.format)
  response.setHeader('X-ClickHouse-Timezone', 'UTC')
  response.setHeader('X-ClickHouse-Server-Display-Name', 'milepost')
  response.setHeader('X-ClickHouse-Summary', summary(result ?? {}))
  const encoding = answer.compress ? encodingFor(request) : undefined
  if (encoding === undefined) return response
  response.setHeader('Content-Encoding', encoding)
  response.setHeader('Vary', 'Accept-Encoding')
  const compressor = compressors[encoding]()
  compressor.pipe(response)
  return compressor
}

// Speed before size: these are loopback and office networks.
const compressors = {
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  gzip: () => createGzip({ level: 1 }),
  deflate: () => createDeflate({ level: 1 }),
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
}

function encodingFor(request: IncomingMessage): keyof typeof compressors | undefined {
  const accepted = (request.headers['accept-encoding'] ?? '')
    .split(',')
    .filter(part => !/;\s*q=0(?:\.0*)?\s*$/.test(part))
  const names = accepted.map(part => part.split(';')[0]?.trim().toLowerCase())
  return (['zstd', 'gzip', 'deflate', 'br'] as const).find(name => names.includes(name))
}

/** Counters as strings, as the server sends them. Of a streamed answer they are not known when the headers go out. */
const summary = (result: Partial<Result> & { readonly written?: boolean }): string => {
  const { rowsRead = 0, bytesRead = 0, elapsed = 0, bytes, written = false } = result
  const wrote = written ? rowsRead : 0
  return JSON.stringify({
    read_rows: String(rowsRead),
    read_bytes: String(bytesRead),
    written_rows: String(wrote),
    written_bytes: String(written ? bytesRead : 0),
    total_rows_to_read: '0',
    result_rows: String(wrote),
    result_bytes: String(bytes?.length ?? 0),
    elapsed_ns: String(Math.round(elapsed * 1e9)),
  })
}

export function sendWhole(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  result: Result & { readonly written?: boolean },
): void {
  begin(request, response, answer, result).end(request.method === 'HEAD' ? undefined : result.bytes)
}

/**
 * Sends blocks as they come. An error before the first one is thrown, to become a plain error answer; one after it ends the
 * body with the exception frame of ClickHouse ≥ 25.11 and the connection without an end, so that no client takes it for a
 * whole answer.
 */
export async function sendBlocks(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  blocks: AsyncGenerator<Buffer, void, undefined>,
): Promise<void> {
  let next = await blocks.next()
  const tag = randomBytes(12).toString('base64url')
  response.setHeader('X-ClickHouse-Exception-Tag', tag)
  const out = begin(request, response, answer)
  try {
    for (; next.done !== true && !response.destroyed; next = await blocks.next()) {
      if (next.value.length > 0 && !out.write(next.value)) await drained(out, response)
    }
    out.end()
  } catch (error) {
    // Nobody reads any more: what is written into a compressor would never get through.
    if (response.destroyed) return
    const text = fromEngine(error).message.slice(0, 16_000)
    const message = `${text} (version ${answer.version})\n`
    const frame = `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`
    await new Promise<void>(resolve => out.write(frame, () => resolve()))
    if (out !== response) await new Promise<void>(resolve => flush(out, () => setImmediate(resolve)))
    response.socket?.destroySoon()
  } finally {
    await blocks.return()
  }
}

/** What a compressor holds back; all of zlib's can be told to give it. */
const flush = (out: Writable, done: () => void): void => {
  if ('flush' in out && typeof out.flush === 'function') (out.flush as (done: () => void) => void).call(out, done)
  else done()
}

/** How long a client may read nothing: it holds a place that others wait for. */
const MOST_IDLE_MS = 60_000

async function drained(out: Writable, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  const onClose = () => gone.abort()
  response.once('close', onClose)
  try {
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(MOST_IDLE_MS)])
    if (!response.destroyed) await once(out, 'drain', { signal })
  } catch {
    // The client left, or reads no more: the loop sees it.
    response.destroy()
  } finally {
    response.off('close', onClose)
  }
}

export function sendException(
  response: ServerResponse,
  error: ClickHouseException,
  about: { readonly version: string; readonly queryId?: string | undefined },
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  for (const name of ['Content-Encoding', 'X-ClickHouse-Exception-Tag', 'X-ClickHouse-Summary'])
    response.removeHeader(name)
  response.statusCode = error.status
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
  response.setHeader('X-ClickHouse-Exception-Code', String(error.code))
  if (about.queryId !== undefined) response.setHeader('X-ClickHouse-Query-Id', about.queryId)
  // Only a client that read its credentials wrong sees this; a browser must not ask its user for a password.
  response.end(
    /\(version /.test(error.message) ? `${error.message}\n` : `${error.message} (version ${about.version})\n`,
  )
}
