/**
 * The body of a request: the beginning, enough for any statement, in memory; an INSERT's data in a file of the spool.
 * Compressed data whose statement came in the URL is spooled as it is: the engine unpacks it.
 */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Readable, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { ClickHouseException, refusal } from './errors.ts'

export interface Head {
  readonly bytes: Buffer
  /** Nothing follows. */
  readonly complete: boolean
  readonly rest: AsyncIterator<Buffer>
}

/** Names of Content-Encoding, each with INFILE's name for it. */
const encodings: Readonly<Record<string, string>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
  lz4: 'lz4',
  xz: 'xz',
  bz2: 'bz2',
  snappy: 'snappy',
}

const unpackers: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** @returns INFILE's name of the body's compression; undefined where it is not compressed */
export function compressionOf(request: IncomingMessage): string | undefined {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity') return undefined
  const compression = encodings[encoding]
  if (compression === undefined) throw refusal('NOT_IMPLEMENTED', `Content-Encoding: ${encoding}`)
  return compression
}

/** @param limit bytes of the body after unpacking: what is read beyond them is an error, and the rest is not read */
export function unpacked(request: IncomingMessage, limit: number): AsyncIterable<Buffer> {
  const compression = compressionOf(request)
  if (compression === undefined) return limited(request, limit)
  const unpacker = unpackers[compression]?.()
  if (unpacker === undefined)
    throw refusal(
      'NOT_IMPLEMENTED',
      `Content-Encoding: ${compression} where the statement is in the body: put it into the URL`,
    )
  pipeline(limited(request, limit), unpacker).catch(() => undefined) // told to whoever reads from `unpacker`
  return limited(unpacker, limit)
}

/** @throws ClickHouseException TOO_MANY_BYTES; CANNOT_DECOMPRESS */
export async function* limited(source: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer, void, undefined> {
  let size = 0
  try {
    for await (const chunk of source) {
      size += chunk.length
      if (size > limit) throw refusal('TOO_MANY_BYTES', `The body is larger than ${limit} bytes`)
      yield chunk
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (error instanceof ClickHouseException || !/^Z_|^ERR_.*(?:ZSTD|BROTLI|DECOMPRESS)|^ZSTD|^ERR__/.test(code))
      throw error
    throw refusal('CANNOT_DECOMPRESS', `The body cannot be unpacked: ${code}`, 400)
  }
}

/** Reads until `size` bytes are there or the body ends. */
export async function readHead(prefix: Buffer, body: AsyncIterable<Buffer>, size: number): Promise<Head> {
  const rest = body[Symbol.asyncIterator]()
  const chunks = [prefix]
  let length = prefix.length
  let complete = false
  while (!complete && length < size) {
    const { value, done } = (await rest.next()) as IteratorResult<Buffer, undefined>
    if (done === true) complete = true
    else {
      chunks.push(value)
      length += value.length
    }
  }
  return { bytes: Buffer.concat(chunks, length), complete, rest }
}

export interface Spooled {
  readonly path: string
  remove(): Promise<void>
}

/** @throws ClickHouseException NOT_ENOUGH_SPACE; nothing is left behind after an error */
export async function spool(folder: string, head: Buffer, rest: AsyncIterator<Buffer> | undefined): Promise<Spooled> {
  const path = join(folder, randomUUID())
  const remove = () => rm(path, { force: true })
  async function* all() {
    if (head.length > 0) yield head
    if (rest === undefined) return
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  }
  try {
    await pipeline(Readable.from(all(), { objectMode: false }), createWriteStream(path, { mode: 0o600 }))
  } catch (error) {
    await remove().catch(() => undefined)
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC' || (error as NodeJS.ErrnoException).code === 'EDQUOT')
      throw refusal('NOT_ENOUGH_SPACE', 'No room in the spool for the data of this INSERT')
    throw error
  }
  return { path, remove }
}
