/**
 * Bytes of a record and back, in the Confluent wire format: a zero byte, the schema's id (4 bytes, big endian), then
 * the Avro record (docs.confluent.io, "Wire format"). An Avro record is its fields one after the other, so ours is an
 * envelope followed by a payload, and each can be coded alone: the payload is hashed, kept as state and sent.
 */
import type { Codec, Occurred } from '../streams/topic.ts'
import type { Envelope, Wire } from '../streams/event.ts'
import type avsc from 'avsc'
import { currentSchema, envelopeType, type KnownSchema, releasedSchemas } from './registry.ts'

type Resolver = ReturnType<avsc.Type['createResolver']>

const ID_BYTES = 4
const MAGIC = 0

let scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** Encode behind `head` bytes that the caller fills; the bytes are the caller's to keep. */
function encodeAfter(head: number, type: avsc.Type, value: unknown): Buffer {
  for (;;) {
    const end = type.encode(value, scratch, head)
    if (end >= 0) return Buffer.from(scratch.subarray(0, end))
    scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end))
  }
}

/** The payloads of a topic, each led by the id of its schema; reads every schema that was ever released. */
export interface PayloadCodec<V> extends Codec<V> {
  /** The payload at an offset, written with the schema of this id. */
  decodeAt(buffer: Buffer, id: number, offset: number): V
}

export function payloadCodec<V>(topic: string): PayloadCodec<V> {
  const current = currentSchema(topic)
  const older = new Map<number, { schema: KnownSchema; resolver: Resolver | undefined }>()
  for (const schema of releasedSchemas(topic))
    if (schema.id !== current.id) older.set(schema.id, { schema, resolver: undefined })

  function decodeAt(buffer: Buffer, id: number, offset: number): V {
    if (id === current.id) return whole(current.payload.decode(buffer, offset), buffer) as V
    const writer = older.get(id)
    if (!writer) throw new Error(`${topic}: no schema with id ${id} is known: was this written by a newer release?`)
    writer.resolver ??= current.payload.createResolver(writer.schema.payload)
    return whole(current.payload.decode(buffer, offset, writer.resolver), buffer) as V
  }

  return {
    decodeAt,
    encode(value) {
      const bytes = encodeAfter(ID_BYTES, current.payload, value)
      bytes.writeInt32BE(current.id, 0)
      return bytes
    },
    decode(bytes) {
      const buffer = bufferOf(bytes)
      return decodeAt(buffer, buffer.readInt32BE(0), ID_BYTES)
    },
  }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

interface Decoded {
  readonly value: unknown
  readonly offset: number
}

function whole({ value, offset }: Decoded, buffer: Buffer): unknown {
  if (offset !== buffer.length) throw new Error(offset < 0 ? 'record is cut short' : 'record has bytes left over')
  return value
}

type WireEnvelope = Omit<Envelope, 'eventId'> & { readonly eventId: Buffer }

/** The wire of a log that has no registry of its own: ids made of the schemas' content. */
export const localWire: Wire = {
  contentOf: payload => payload.subarray(ID_BYTES),

  seal(_, { eventId, source, emittedAt, receivedAt }, payload) {
    const head = encodeAfter(1 + ID_BYTES, envelopeType, {
      eventId: Buffer.from(eventId, 'hex'),
      source,
      emittedAt,
      receivedAt,
    } satisfies WireEnvelope)
    head[0] = MAGIC
    head.set(payload.subarray(0, ID_BYTES), 1)
    return Buffer.concat([head, payload.subarray(ID_BYTES)])
  },

  open(topic, bytes, cause) {
    const buffer = bufferOf(bytes)
    if (buffer[0] !== MAGIC) throw new Error('not in the Confluent wire format: no zero byte in front')
    const { value, offset } = envelopeType.decode(buffer, 1 + ID_BYTES) as Decoded
    const envelope = value as WireEnvelope
    if (offset < 0) throw new Error('record is cut short')
    const payload = (topic.codec as PayloadCodec<Occurred>).decodeAt(buffer, buffer.readInt32BE(1), offset)
    const { source, emittedAt, receivedAt } = envelope
    const eventId = envelope.eventId.toString('hex')
    return { eventId, source, emittedAt, receivedAt, occurredAt: payload.occurredAt, cause, value: payload as never }
  },
}

/** What a processor keeps for itself and nobody else reads: JSON, so that a later release may add fields. */
export const json = <V>(): Codec<V> => ({
  encode: value => Buffer.from(JSON.stringify(value)),
  decode: bytes => JSON.parse(Buffer.from(bytes).toString()) as V,
})
