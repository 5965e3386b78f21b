/**
 * A batch of records as one blob. Each record: key length (u16), cause present (u8), value length (u32), key (UTF-8),
 * cause (16 bytes, if present), value. Little endian.
 */
import type { Outgoing, Recorded } from '../log.ts'

const HEAD = 7
const CAUSE = 16

/** The records of one partition that are appended together. */
export interface EncodedBatch {
  readonly topic: string
  readonly partition: number
  readonly count: number
  /** In an ArrayBuffer of its own, so that it can be handed to another thread. */
  readonly blob: Uint8Array<ArrayBuffer>
}

export const batchesOf = (records: readonly Outgoing[]): EncodedBatch[] =>
  [...Map.groupBy(records, ({ topic, partition }) => `${topic}/${partition}`).values()].map(batch => {
    const [{ topic, partition } = { topic: '', partition: 0 }] = batch
    return { topic, partition, count: batch.length, blob: encodeBatch(batch) }
  })

function encodeBatch(records: readonly Outgoing[]): Uint8Array<ArrayBuffer> {
  let size = 0
  for (const { key, cause, value } of records)
    size += HEAD + Buffer.byteLength(key) + (cause === null ? 0 : CAUSE) + value.length
  const batch = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const { key, cause, value } of records) {
    const keyLength = batch.write(key, at + HEAD)
    if (keyLength > 0xff_ff) throw new RangeError(`key of ${keyLength} bytes: at most 65,535`)
    batch.writeUInt16LE(keyLength, at)
    batch[at + 2] = cause === null ? 0 : 1
    batch.writeUInt32LE(value.length, at + 3)
    at += HEAD + keyLength
    if (cause !== null) at += batch.write(cause, at, 'hex')
    batch.set(value, at)
    at += value.length
  }
  return batch
}

/** The records of a blob from an offset on; values are views of the blob. `first` is the offset of its first record. */
export function* decodeBatch(
  topic: string,
  partition: number,
  first: number,
  from: number,
  blob: Uint8Array,
): Generator<Recorded> {
  const batch = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  let offset = first
  for (let at = 0; at < batch.length; offset++) {
    const keyAt = at + HEAD
    const causeAt = keyAt + batch.readUInt16LE(at)
    const valueAt = causeAt + (batch[at + 2] === 1 ? CAUSE : 0)
    const end = valueAt + batch.readUInt32LE(at + 3)
    if (offset >= from)
      yield {
        topic,
        partition,
        offset,
        key: batch.toString('utf8', keyAt, causeAt),
        cause: valueAt > causeAt ? batch.toString('hex', causeAt, valueAt) : null,
        value: batch.subarray(valueAt, end),
      }
    at = end
  }
}
