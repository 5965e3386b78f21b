/**
 * Signatures of webhooks by Standard Webhooks 1.0.0 (standardwebhooks.com): `webhook-id`, `webhook-timestamp` and
 * `webhook-signature` over `id.timestamp.body`, HMAC-SHA-256 (`v1`, secret `whsec_…`) or Ed25519 (`v1a`, public key
 * `whpk_…`). Strict where common libraries are lax: on the form of each header and on the number of signatures; and over the bytes.
 */
import { createHmac, createPublicKey, timingSafeEqual, verify as verifyEd25519 } from 'node:crypto'
import { type Instant, type Millis, minutes } from '../streams/time.ts'

/** What a partner's signatures are checked against. */
export interface VerifyingKey {
  readonly version: 'v1' | 'v1a'
  verifies(signed: Buffer, signature: Buffer): boolean
}

/** Of a sender's headers, their form and age checked, and nothing else yet. */
export interface Signed {
  readonly id: string
  /** When it was sent, by the sender. */
  readonly sentAt: Instant
  readonly timestamp: string
  readonly signatures: readonly { readonly version: string; readonly bytes: Buffer }[]
}

/** How far the sender's clock may be from ours. */
export const TOLERANCE: Millis = minutes(5)
const MAX_SIGNATURES = 8
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}=?=?)?$/
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** Throws, with a reason that does not show the secret, if it is none. */
export function verifyingKey(secret: string): VerifyingKey {
  if (secret.startsWith('whpk_')) {
    const raw = fromBase64(secret.slice(5))
    if (raw?.length !== 32) throw new Error('a public key is whpk_ and 32 bytes in base64')
    const key = createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' })
    return {
      version: 'v1a',
      verifies: (signed, signature) => signature.length === 64 && verifyEd25519(null, signed, key, signature),
    }
  }
  const key = secretBytes(secret)
  return {
    version: 'v1',
    verifies: (signed, signature) => signature.length === 32 && timingSafeEqual(hmac(key, signed), signature),
  }
}

/** The value of `webhook-signature` for a body; `timestamp` in seconds. */
export function sign(secret: string, id: string, timestamp: number, body: Uint8Array): string {
  if (!ID.test(id)) throw new Error('a webhook-id is 1 to 256 printable ASCII characters without white space and "."')
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0)
    throw new Error('a webhook-timestamp is a whole number of seconds')
  return `v1,${hmac(secretBytes(secret), content(id, String(timestamp), body)).toString('base64')}`
}

export type SignatureHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Before the body is here: what the headers say, or why they will not do. `wallNow` is the wall clock, whatever mode the installation is in. */
export function readSignature(headers: SignatureHeaders, wallNow: Instant): Signed | { readonly reason: string } {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': list } = headers
  if (typeof id !== 'string' || !ID.test(id)) return { reason: 'webhook-id is missing or malformed' }
  if (typeof timestamp !== 'string' || !/^[1-9]\d{0,11}$/.test(timestamp))
    return { reason: 'webhook-timestamp is missing or malformed' }
  if (typeof list !== 'string') return { reason: 'webhook-signature is missing' }
  const sentAt = (Number(timestamp) * 1_000) as Instant
  if (Math.abs(Math.floor(wallNow / 1_000) * 1_000 - sentAt) > TOLERANCE) {
    return { reason: 'webhook-timestamp is more than 5 minutes from our clock' }
  }
  const parts = list.split(' ', 4 * MAX_SIGNATURES + 1).filter(part => part !== '')
  if (parts.length > MAX_SIGNATURES) return { reason: `more than ${MAX_SIGNATURES} signatures` }
  const signatures = parts.flatMap(part => {
    const [version = '', text = '', ...rest] = part.split(',')
    const bytes = rest.length === 0 && text.length % 4 === 0 ? fromBase64(text) : undefined
    return bytes ? [{ version, bytes }] : []
  })
  return { id, sentAt, timestamp, signatures }
}

/** Whether one of the signatures is by one of the keys, over these very bytes. */
export function isSigned(
  { id, timestamp, signatures }: Signed,
  body: Uint8Array,
  keys: readonly VerifyingKey[],
): boolean {
  const signed = content(id, timestamp, body)
  return keys.some(key =>
    signatures.some(({ version, bytes }) => version === key.version && key.verifies(signed, bytes)),
  )
}

/** The id must hold no dot, or one signature would fit two divisions of the same bytes. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/

const content = (id: string, timestamp: string, body: Uint8Array) =>
  Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
const hmac = (key: Buffer, bytes: Buffer) => createHmac('sha256', key).update(bytes).digest()

/** Node's decoder skips what it does not know: only what is base64 is decoded. */
const fromBase64 = (text: string) => (BASE64.test(text) ? Buffer.from(text, 'base64') : undefined)

/** The specification asks for 24 to 64 bytes; secrets from 16 on are in use. */
function secretBytes(secret: string): Buffer {
  const bytes =
    /^wh[a-z]+_/.test(secret) && !secret.startsWith('whsec_') ? undefined : fromBase64(secret.replace(/^whsec_/, ''))
  if (!bytes || bytes.length < 16 || bytes.length > 64)
    throw new Error('a secret is whsec_ and 16 to 64 bytes in base64')
  return bytes
}
