/**
 * Record batches as Kafka keeps and sends them: magic 2 (kafka.apache.org, "Message Format"; KIP-98). A batch is a head of
 * 61 bytes, big endian, then its records, compressed as a whole; numbers in a record are zigzag varints.
 *
 * The client has a codec too, which makes dozens of objects a record. This one writes into one buffer and reads out of
 * one; checksum and compression are the client's.
 */
import {
  type CompressionAlgorithmValue,
  compressionsAlgorithms,
  compressionsAlgorithmsByBitmask,
  crc32c,
  Reader,
} from '@platformatic/kafka'
import { LogRefused } from '../log.ts'
import {
  CAUSE_BYTES,
  causeIn,
  Cursor,
  putBytes,
  putCause,
  putVarint,
  sizeOfBytes,
  sizeOfCause,
  sizeOfVarint,
} from './record-fields.ts'

/** A record as Kafka has it. */
export interface BatchRecord {
  readonly key: Uint8Array | null
  /** null: a tombstone. */
  readonly value: Uint8Array | null
  /** 16 bytes in hex; travels as header `cause`, as bytes. */
  readonly cause: string | null
}

/** What others wrote is read whichever of these it is. */
export type Compression = CompressionAlgorithmValue

export interface BatchOptions {
  /** -1: of no idempotent producer; then epoch and sequence are -1 too. */
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Of the first record; the others count on. */
  readonly firstSequence: number
  readonly transactional: boolean
  /** Of each record. */
  readonly timestampMs: number
  readonly compression: Compression
}

// Where the fields of the head are. Length and checksum are of all that follows them.
const BASE_OFFSET = 0
const LENGTH = 8
const LEADER_EPOCH = 12
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const BASE_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const RECORD_COUNT = 57
const HEAD = 61

// Attributes.
const COMPRESSION = 0b111
const LOG_APPEND_TIME = 1 << 3
const TRANSACTIONAL = 1 << 4
const CONTROL = 1 << 5

/**
 * Records, at least one, as a batch to produce at offset 0: the broker gives it its place. Throws RangeError where a
 * cause is not 16 bytes in hex.
 */
export function encodeBatch(records: readonly BatchRecord[], options: BatchOptions): Buffer {
  if (records.length === 0) throw new RangeError('a record batch without a record')
  const plain = Buffer.allocUnsafe(records.reduce((size, record, i) => size + recordSize(record, i), HEAD))
  records.reduce((at, record, i) => putRecord(plain, at, record, i), HEAD)

  const { bitmask, compressSync } = compressionsAlgorithms[options.compression]
  const batch = bitmask === 0 ? plain : Buffer.concat([plain.subarray(0, HEAD), compressSync(plain.subarray(HEAD))])
  const timestamp = BigInt(options.timestampMs)
  batch.writeBigInt64BE(0n, BASE_OFFSET)
  batch.writeInt32BE(batch.length - LEADER_EPOCH, LENGTH)
  batch.writeInt32BE(-1, LEADER_EPOCH)
  batch.writeInt8(2, MAGIC)
  batch.writeInt16BE(bitmask | (options.transactional ? TRANSACTIONAL : 0), ATTRIBUTES)
  batch.writeInt32BE(records.length - 1, LAST_OFFSET_DELTA)
  batch.writeBigInt64BE(timestamp, BASE_TIMESTAMP)
  batch.writeBigInt64BE(timestamp, MAX_TIMESTAMP)
  batch.writeBigInt64BE(options.producerId, PRODUCER_ID)
  batch.writeInt16BE(options.producerEpoch, PRODUCER_EPOCH)
  batch.writeInt32BE(options.firstSequence, BASE_SEQUENCE)
  batch.writeInt32BE(records.length, RECORD_COUNT)
  batch.writeUInt32BE(checksum(batch), CRC)
  return batch
}

/**
 * Records in runs that each make a batch of at most so many bytes before compression; a record that is larger goes alone.
 * Compression may add to what can't be compressed: 1 % is more than enough room for it.
 */
export function splitBySize<R extends BatchRecord>(records: readonly R[], maxBytes: number): R[][] {
  const runs: R[][] = []
  let size = 0
  for (const record of records) {
    const run = runs.at(-1)
    size += recordSize(record, run?.length ?? 0)
    if (run && size <= maxBytes) run.push(record)
    else {
      runs.push([record])
      size = HEAD + recordSize(record, 0)
    }
  }
  return runs
}

/**
 * The batches of a fetch response's `records`; of the last one its beginning may be all that was sent: it is left out.
 * Checksums are verified, records are not decoded yet. Throws `LogRefused` where it is damaged or not magic 2.
 */
export function batchesIn(buffer: Buffer): StoredBatch[] {
  const batches: StoredBatch[] = []
  for (let at = 0; buffer.length - at > MAGIC;) {
    const sizeBytes = LEADER_EPOCH + buffer.readInt32BE(at + LENGTH)
    const magic = buffer.readInt8(at + MAGIC)
    const where = `record batch at byte ${at} of ${buffer.length}`
    if (magic !== 2) throw new LogRefused(`${where} is of magic ${magic}: only 2 is read (Kafka 0.11 and later)`)
    if (sizeBytes < HEAD) throw new LogRefused(`${where} says that it has ${sizeBytes} bytes`)
    if (buffer.length - at < sizeBytes) break
    batches.push(new StoredBatch(buffer.subarray(at, at + sizeBytes), where))
    at += sizeBytes
  }
  return batches
}

/** A batch as it lies in the log. Its records are views of the bytes that it was found in. */
export class StoredBatch {
  readonly baseOffset: number
  /** The next batch begins behind it. Compaction may have taken the record that was there, and any other. */
  readonly lastOffset: number
  /** -1: of no idempotent producer. */
  readonly producerId: bigint
  readonly transactional: boolean
  /** Compaction may leave 0. */
  readonly recordCount: number
  readonly maxTimestampMs: number
  readonly #bytes: Buffer
  readonly #attributes: number
  readonly #where: string

  /** `bytes` are the whole batch; `where` says in errors which one it is. */
  constructor(bytes: Buffer, where: string) {
    const baseOffset = readInt64(bytes, BASE_OFFSET)
    this.#where = `${where}, offset ${baseOffset},`
    this.#bytes = bytes
    if (checksum(bytes) !== bytes.readUInt32BE(CRC)) throw this.#refused('is damaged: its checksum is wrong')
    const delta = bytes.readInt32BE(LAST_OFFSET_DELTA)
    this.#attributes = bytes.readInt16BE(ATTRIBUTES)
    this.baseOffset = baseOffset
    this.lastOffset = baseOffset + delta
    this.producerId = bytes.readBigInt64BE(PRODUCER_ID)
    this.transactional = (this.#attributes & TRANSACTIONAL) !== 0
    this.recordCount = bytes.readInt32BE(RECORD_COUNT)
    this.maxTimestampMs = readInt64(bytes, MAX_TIMESTAMP)
    if (baseOffset < 0 || !Number.isSafeInteger(this.lastOffset)) throw this.#refused('has an impossible offset')
    if (delta < 0 || this.recordCount < 0 || this.recordCount > delta + 1)
      throw this.#refused(`says that it has ${this.recordCount} records up to offset ${this.lastOffset}`)
  }

  get sizeBytes(): number {
    return this.#bytes.length
  }

  /** Of a control batch, what it says of its producer's transaction, `other` being nothing; null: it holds records. */
  get control(): 'commit' | 'abort' | 'other' | null {
    if ((this.#attributes & CONTROL) === 0) return null
    const marker = this.records()[0]?.keyBytes
    const type = marker && marker.length >= 4 ? marker.readInt16BE(2) : -1
    return type === 1 ? 'commit' : type === 0 ? 'abort' : 'other'
  }

  /** Decoded by each call. Throws `LogRefused` where the bytes are no records. */
  records(): StoredRecord[] {
    if (this.recordCount === 0) return []
    const cursor = this.#cursor()
    const base = readInt64(this.#bytes, BASE_TIMESTAMP)
    const appendedMs = (this.#attributes & LOG_APPEND_TIME) === 0 ? null : this.maxTimestampMs
    const records: StoredRecord[] = []
    try {
      for (let least = this.baseOffset; records.length < this.recordCount;) {
        const record = new StoredRecord(cursor, this.baseOffset, base, appendedMs)
        if (record.offset < least || record.offset > this.lastOffset)
          throw new RangeError(`offset ${record.offset} is not one of ${least} to ${this.lastOffset}`)
        least = record.offset + 1
        records.push(record)
      }
      if (cursor.at !== cursor.bytes.length) throw new RangeError('bytes are left over')
    } catch (error) {
      const [nth, of] = [records.length + 1, this.recordCount]
      throw this.#refused(`can't be read at record ${nth} of ${of}, byte ${cursor.at}: ${messageOf(error)}`, error)
    }
    return records
  }

  #cursor(): Cursor {
    const compression = this.#attributes & COMPRESSION
    if (compression === 0) return new Cursor(this.#bytes, HEAD)
    const algorithm = compressionsAlgorithmsByBitmask[compression]
    if (!algorithm) throw this.#refused(`is compressed in a way that is not known: ${compression}`)
    try {
      return new Cursor(algorithm.decompressSync(this.#bytes.subarray(HEAD)), 0)
    } catch (error) {
      throw this.#refused(`can't be decompressed: ${messageOf(error)}`, error)
    }
  }

  #refused(what: string, cause?: unknown): LogRefused {
    return new LogRefused(`${this.#where} ${what}`, { cause })
  }
}

/** A record of a batch. Each look at a key, value or cause makes it anew out of the batch's bytes. */
export class StoredRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly #bytes: Buffer
  readonly #keyAt: number
  readonly #keyEnd: number
  readonly #valueAt: number
  readonly #valueEnd: number
  readonly #causeAt: number

  /** Reads it where the cursor is, and moves the cursor behind it. */
  constructor(cursor: Cursor, baseOffset: number, baseTimestampMs: number, appendedMs: number | null) {
    const size = cursor.varint()
    const end = cursor.at + size
    cursor.byte()
    const timestampMs = baseTimestampMs + cursor.varlong()
    this.timestampMs = appendedMs ?? timestampMs
    this.offset = baseOffset + cursor.varint()
    this.#bytes = cursor.bytes
    this.#keyAt = cursor.sized()
    this.#keyEnd = cursor.at
    this.#valueAt = cursor.sized()
    this.#valueEnd = cursor.at
    this.#causeAt = causeIn(cursor)
    if (cursor.at !== end) throw new RangeError(`a record of ${size} bytes that ends ${cursor.at - end} behind them`)
  }

  /** As UTF-8; empty where there is none. */
  get key(): string {
    return this.#keyAt < 0 ? '' : this.#bytes.toString('utf8', this.#keyAt, this.#keyEnd)
  }
  get keyBytes(): Buffer | null {
    return this.#keyAt < 0 ? null : this.#bytes.subarray(this.#keyAt, this.#keyEnd)
  }
  /** null: a tombstone. */
  get value(): Buffer | null {
    return this.#valueAt < 0 ? null : this.#bytes.subarray(this.#valueAt, this.#valueEnd)
  }
  /** In hex; null also where a header of this name is not 16 bytes. */
  get cause(): string | null {
    return this.#causeAt < 0 ? null : this.#bytes.toString('hex', this.#causeAt, this.#causeAt + CAUSE_BYTES)
  }
}

const recordSize = (record: BatchRecord, index: number): number => {
  const size = bodySize(record, index)
  return sizeOfVarint(size) + size
}

/** Of a record after its length; `index` is its place in the batch. */
const bodySize = ({ key, value, cause }: BatchRecord, index: number): number =>
  2 + sizeOfVarint(index) + sizeOfBytes(key) + sizeOfBytes(value) + sizeOfCause(cause)

/** Returns where it ends. */
function putRecord(out: Buffer, start: number, record: BatchRecord, index: number): number {
  let at = putVarint(out, start, bodySize(record, index))
  out[at++] = 0 // attributes: a record has none
  out[at++] = 0 // milliseconds since the batch's timestamp
  at = putVarint(out, at, index)
  at = putBytes(out, at, record.key)
  at = putBytes(out, at, record.value)
  return putCause(out, at, record.cause)
}

// Given a plain Buffer, crc32c would copy it first.
const checksum = (batch: Buffer): number => crc32c(Reader.from(batch.subarray(ATTRIBUTES)).buffer)

const readInt64 = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
