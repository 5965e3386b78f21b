/** How the bytes of a delivery are kept: packed where that is worth it. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Delivery } from '../schemas/generated/events.ts'

type Packed = Pick<Delivery, 'packing' | 'raw'>

/** Below this a frame's overhead eats what it saves. */
const WORTH_BYTES = 512
/** The fastest: an array of positions comes to a seventh. */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export const pack = (body: Buffer): Packed =>
  body.length < WORTH_BYTES ? { packing: 'none', raw: body } : { packing: 'zstd', raw: zstdCompressSync(body, OPTIONS) }

/** The bytes as they came. */
export const unpack = ({ packing, raw }: Packed): Buffer =>
  packing === 'zstd' ? zstdDecompressSync(raw) : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
