/** Standard Webhooks 1.0.0, the sending side. */
import { createHmac } from 'node:crypto'

/** The bytes of a `whsec_<base64>` secret. Throws RangeError where it is none. */
export function secretBytes(secret: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1]
  if (encoded === undefined) throw new RangeError('a partner secret looks like whsec_<base64>')
  return Buffer.from(encoded, 'base64')
}

/** `v1,base64(HMAC-SHA256(secret, id.timestamp.body))`; the timestamp in seconds since the epoch. */
export const signature = (secret: Buffer, id: string, timestamp: number, body: string | Buffer): string =>
  `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
