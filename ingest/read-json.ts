/** Bytes to JSON: strict about UTF-8, because what is not would become a replacement character and another identity. */
import { isUtf8 } from 'node:buffer'
import { MAX_REASON_CHARS } from './adapter.ts'

export type Read = { readonly json: unknown } | { readonly reason: string }

export function readJson(bytes: Buffer): Read {
  if (!isUtf8(bytes)) return { reason: 'not UTF-8' }
  try {
    return { json: JSON.parse(bytes.toString()) as unknown }
  } catch (error) {
    return { reason: `not JSON: ${error instanceof Error ? error.message : ''}`.slice(0, MAX_REASON_CHARS) }
  }
}

const NEWLINE = 0x0a

/** The lines of NDJSON that are not blank, as they are in the buffer. */
export function* lines(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length;) {
    const newline = body.indexOf(NEWLINE, start)
    const end = newline < 0 ? body.length : newline
    if (!isBlank(body, start, end)) yield body.subarray(start, end)
    start = end + 1
  }
}

/** JSON's own white space and nothing else. */
function isBlank(body: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = body[i]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  }
  return true
}
