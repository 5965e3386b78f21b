/**
 * Bytes of a record and back, in the Confluent wire format: a zero byte, the schema's id (4 bytes, big endian), then
 * the Avro record (docs.confluent.io, "Wire format"). An Avro record is its fields one after the other, so ours is an
 * envelope followed by a payload, and each can be coded alone: the payload is hashed, kept as state and sent.
 */
import type { Codec, Occurred } from '../streams/topic.ts'
import type { Envelope, Wire } from '../streams/event.ts'
import { LogUnavailable } from '../streams/log/log.ts'
import type avsc from 'avsc'
import { currentSchema, envelopeOf, envelopeType, type KnownSchema, releasedSchemas } from './registry.ts'

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
  /** The schema that it writes. */
  readonly current: KnownSchema
  /** What it reads from the start, the oldest first, each once. */
  readonly schemas: readonly KnownSchema[]
  /** The payload at an offset, written with the schema of this id. */
  decodeAt(buffer: Buffer, id: number, offset: number): V
  /** Read what another release wrote with this schema too; if that can't be, decoding it is `LogUnavailable`. */
  learn(schema: KnownSchema): void
  /** What to throw over the id of a schema that is not known. Whoever can ask for it elsewhere sets this. */
  unknown: (id: number) => Error
}

interface Writer {
  readonly schema: KnownSchema
  readonly learned: boolean
  resolver: Resolver | undefined
}

/** `known` are the schemas of the topic, the oldest first; the last is the one that is written. */
export function payloadCodec<V>(
  topic: string,
  known: readonly KnownSchema[] = [...releasedSchemas(topic), currentSchema(topic)],
): PayloadCodec<V> {
  const current = known.at(-1)
  if (!current) throw new Error(`${topic}: there is no schema`)
  const schemas = known.filter(({ id }, n) => known.findIndex(other => other.id === id) === n)
  const others = new Map<number, Writer>()
  for (const schema of schemas)
    if (schema.id !== current.id) others.set(schema.id, { schema, learned: false, resolver: undefined })

  const resolverFor = ({ schema, learned }: Writer): Resolver => {
    try {
      if (envelopeOf(schema) !== envelopeOf(current)) throw new Error('the envelope differs')
      return current.payload.createResolver(schema.payload)
    } catch (error) {
      if (!learned) throw error
      const why = error instanceof Error ? error.message : ''
      // The record is as it should be: this process is too old for it, and must not take it for poison.
      throw new LogUnavailable(`${topic}: another release wrote what this one can't read (${why}): update this one too`)
    }
  }

  const codec: PayloadCodec<V> = {
    current,
    schemas,
    unknown: id => new Error(`${topic}: no schema with id ${id} is known: was this written by a newer release?`),
    learn(schema) {
      if (schema.id !== current.id && !others.has(schema.id))
        others.set(schema.id, { schema, learned: true, resolver: undefined })
    },
    decodeAt(buffer, id, offset) {
      if (id === current.id) return whole(current.payload.decode(buffer, offset), buffer) as V
      const writer = others.get(id)
      if (!writer) throw codec.unknown(id)
      writer.resolver ??= resolverFor(writer)
      return whole(current.payload.decode(buffer, offset, writer.resolver), buffer) as V
    },
    encode(value) {
      const bytes = encodeAfter(ID_BYTES, current.payload, value)
      bytes.writeInt32BE(current.id, 0)
      return bytes
    },
    decode(bytes) {
      const buffer = bufferOf(bytes)
      return codec.decodeAt(buffer, buffer.readInt32BE(0), ID_BYTES)
    },
  }
  return codec
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

/** Which numbers stand for schemas in sealed records. Payloads have the local ones: see schemas/registry.ts. */
export interface SchemaIds {
  registryIdOf(localId: number): number
  /** Of an id that a record carries; one that is not the registry's is taken for a local one. */
  localIdOf(id: number): number
}

/**
 * The wire of a log with a registry of its own. `open` also reads records that carry local ids: they were written to
 * an embedded log before. What an id that is neither comes to is up to the topic's codec (`unknown`).
 */
export const registeredWire = (ids: SchemaIds): Wire => ({
  contentOf: payload => payload.subarray(ID_BYTES),

  seal(_, { eventId, source, emittedAt, receivedAt }, payload) {
    const head = encodeAfter(1 + ID_BYTES, envelopeType, {
      eventId: Buffer.from(eventId, 'hex'),
      source,
      emittedAt,
      receivedAt,
    } satisfies WireEnvelope)
    head[0] = MAGIC
    head.writeInt32BE(ids.registryIdOf(bufferOf(payload).readInt32BE(0)), 1)
    return Buffer.concat([head, payload.subarray(ID_BYTES)])
  },

  open(topic, bytes, cause) {
    const buffer = bufferOf(bytes)
    if (buffer[0] !== MAGIC) throw new Error('not in the Confluent wire format: no zero byte in front')
    const { value, offset } = envelopeType.decode(buffer, 1 + ID_BYTES) as Decoded
    const envelope = value as WireEnvelope
    if (offset < 0) throw new Error('record is cut short')
    const codec = topic.codec as PayloadCodec<Occurred>
    const payload = codec.decodeAt(buffer, ids.localIdOf(buffer.readInt32BE(1)), offset)
    const { source, emittedAt, receivedAt } = envelope
    const eventId = envelope.eventId.toString('hex')
    return { eventId, source, emittedAt, receivedAt, occurredAt: payload.occurredAt, cause, value: payload as never }
  },
})

const asItIs = (id: number): number => id
/** The wire of a log that has no registry of its own: ids made of the schemas' content. */
export const localWire: Wire = registeredWire({ registryIdOf: asItIs, localIdOf: asItIs })

/** What a processor keeps for itself and nobody else reads: JSON, so that a later release may add fields. */
export const json = <V>(): Codec<V> => ({
  encode: value => Buffer.from(JSON.stringify(value)),
  decode: bytes => JSON.parse(Buffer.from(bytes).toString()) as V,
})
