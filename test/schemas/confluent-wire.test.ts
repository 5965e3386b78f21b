/** Records with a registry's ids: sealed with them, opened by them, and by the local ids of what was written before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { localWire, payloadCodec, registeredWire, type SchemaIds } from '../../schemas/codec.ts'
import { currentSchema, schemaOf, topicsWithSchema } from '../../schemas/registry.ts'
import * as everything from '../../schemas/topics.ts'
import type { Envelope } from '../../streams/event.ts'
import { LogUnavailable } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { payloadsOf, plain } from './values.ts'

const topics = Object.values(everything).filter((one): one is AnyTopic & typeof one => typeof one === 'object')
const { audits } = everything
const at = (ms: number) => ms as Instant
const envelope: Envelope = { eventId: '0f'.repeat(16), source: 'cli', emittedAt: null, receivedAt: at(5) }
const value = { occurredAt: at(4), actor: 'ann', action: 'looked', target: 'SHP-1', detail: null }

/** Ids as a registry hands them out: 1, 2, 3 … by topic. */
const local = topicsWithSchema().map(name => currentSchema(name).id)
const handedOut: SchemaIds = {
  registryIdOf: id => local.indexOf(id) + 1,
  localIdOf: id => local[id - 1] ?? id,
}
const wire = registeredWire(handedOut)

for (const [n, name] of topicsWithSchema().entries()) {
  const topic = (topics as readonly AnyTopic[]).find(one => one.name === name) ?? assert.fail(name)
  const payloads = payloadsOf(currentSchema(name))

  test(`${name}: what is read is what was written, with the registry's id in front`, () => {
    fc.assert(
      fc.property(payloads, content => {
        const payload = topic.codec.encode(content)
        const bytes = Buffer.from(wire.seal(topic, envelope, payload))
        assert.equal(bytes.readInt32BE(1), n + 1)
        const { value: read, ...said } = wire.open(topic, bytes, 'its cause')
        assert.deepEqual(plain(read), plain(content))
        assert.deepEqual(said, { ...envelope, occurredAt: content['occurredAt'], cause: 'its cause' })
        const other = Buffer.from(localWire.seal(topic, envelope, payload))
        assert.deepEqual(bytes.subarray(5), other.subarray(5), 'but for the id it is the same record')
        assert.deepEqual(plain(wire.open(topic, other, null).value), plain(content), 'and that one is read too')
      }),
      { numRuns: 50 },
    )
  })
}

test('a payload carries the local id on Kafka too, and its content has no id', () => {
  const payload = Buffer.from(audits.codec.encode(value))
  assert.equal(payload.readInt32BE(0), currentSchema(audits.name).id)
  assert.deepEqual(wire.contentOf(payload), localWire.contentOf(payload))
})

test('where an id is the registry’s as well as a local one, the registry’s counts', () => {
  const now = currentSchema(audits.name)
  const older = schemaOf(JSON.stringify(now.schema).replace('"detail"', '"remark"'))
  const topic: AnyTopic = { ...audits, codec: payloadCodec(audits.name, [older, now]) }
  // The registry calls the older schema by what happens to be the current one's local id.
  const crossed = registeredWire({ registryIdOf: () => now.id, localIdOf: id => (id === now.id ? older.id : id) })
  const written = crossed.seal(topic, envelope, payloadCodec(audits.name, [older]).encode({ ...value, remark: 'x' }))
  assert.deepEqual(plain(crossed.open(topic, written, null).value), { ...value, detail: null })
})

test('an id that is neither names itself and what it may be, or is what the topic’s codec says', () => {
  const codec = payloadCodec(audits.name)
  const topic: AnyTopic = { ...audits, codec }
  const bytes = Buffer.from(wire.seal(topic, envelope, codec.encode(value)))
  bytes.writeInt32BE(305_419_896, 1)
  assert.throws(
    () => wire.open(topic, bytes, null),
    /audit\.v1: no schema with id 305419896 is known: was this written by a newer release\?/,
  )
  codec.unknown = id => new LogUnavailable(`wait for ${id}`)
  assert.throws(() => wire.open(topic, bytes, null), new LogUnavailable('wait for 305419896'))
  const state = codec.encode(value) as Buffer
  state.writeInt32BE(77, 0)
  assert.throws(() => codec.decode(state), new LogUnavailable('wait for 77'), 'state too')
})

test('a schema that was learned is read; if it can’t be, that is no fault of the record', () => {
  const old = currentSchema(audits.name)
  const grown = (field: object) => {
    const schema = { ...old.schema, fields: [...old.schema.fields, field] }
    return schemaOf(JSON.stringify(schema))
  }
  const readable = grown({ name: 'severity', type: ['null', 'string'], default: null })
  const codec = payloadCodec(audits.name, [old])
  const payload = payloadCodec(audits.name, [old, readable]).encode({ ...value, severity: 'high' })
  assert.throws(() => codec.decode(payload), /no schema with id/)
  codec.learn(readable)
  assert.deepEqual(plain(codec.decode(payload)), value)

  const { fields } = old.schema
  const [first, second, ...rest] = fields
  const shuffled = schemaOf(JSON.stringify({ ...old.schema, fields: [second, first, ...rest] }))
  const shorter = schemaOf(JSON.stringify({ ...old.schema, fields: fields.filter(({ name }) => name !== 'actor') }))
  for (const unreadable of [shuffled, shorter]) {
    codec.learn(unreadable)
    const bytes = Buffer.from(payload)
    bytes.writeInt32BE(unreadable.id, 0)
    assert.throws(
      () => codec.decode(bytes),
      (error: Error) => {
        assert.ok(error instanceof LogUnavailable)
        assert.match(error.message, /audit\.v1: another release wrote what this one can't read \(.+\): update this one/)
        return true
      },
    )
  }
})
