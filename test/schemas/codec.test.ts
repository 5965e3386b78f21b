/** Records as bytes: the Confluent wire format, every value there and back, old schemas, and bytes that are no records. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { localWire } from '../../schemas/codec.ts'
import { currentSchema, topicsWithSchema } from '../../schemas/registry.ts'
import * as everything from '../../schemas/topics.ts'
import type { Envelope } from '../../streams/event.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { payloadsOf, plain } from './values.ts'

const { audits, clockTicks, telematicsPositions } = everything
const topics = Object.values(everything).filter(one => typeof one === 'object') as readonly AnyTopic[]
const topicOf = (name: string): AnyTopic => topics.find(topic => topic.name === name) ?? assert.fail(name)
const at = (ms: number) => ms as Instant

const instant = fc.integer({ min: 0, max: 8.64e15 }).map(at)
const envelopes: fc.Arbitrary<Envelope> = fc.record({
  eventId: fc.stringMatching(/^[0-9a-f]{32}$/),
  source: fc.string({ unit: 'binary' }),
  emittedAt: fc.option(instant),
  receivedAt: instant,
})
const sealed = (topic: AnyTopic, envelope: Envelope, value: unknown): Uint8Array =>
  localWire.seal(topic, envelope, topic.codec.encode(value))

for (const name of topicsWithSchema()) {
  const topic = topicOf(name)
  const { id, whole } = currentSchema(name)
  const payloads = payloadsOf(currentSchema(name))

  test(`${name}: what is read is what was written`, () => {
    fc.assert(
      fc.property(payloads, envelopes, (value, envelope) => {
        const { value: read, ...said } = localWire.open(topic, sealed(topic, envelope, value), 'its cause')
        assert.deepEqual(plain(read), plain(value))
        assert.deepEqual(said, { ...envelope, occurredAt: value['occurredAt'], cause: 'its cause' })
        assert.deepEqual(plain(topic.codec.decode(topic.codec.encode(value))), plain(value))
      }),
      { numRuns: 100 },
    )
  })

  test(`${name}: anyone who knows the wire format and the schema can read it`, () => {
    fc.assert(
      fc.property(payloads, envelopes, (value, envelope) => {
        const bytes = Buffer.from(sealed(topic, envelope, value))
        assert.equal(bytes[0], 0)
        assert.equal(bytes.readUInt32BE(1), id)
        const { eventId, ...rest } = plain(whole.fromBuffer(bytes.subarray(5))) as { eventId: Uint8Array }
        assert.deepEqual(rest, {
          ...(plain(value) as object),
          source: envelope.source,
          emittedAt: envelope.emittedAt,
          receivedAt: envelope.receivedAt,
        })
        assert.equal(Buffer.from(eventId).toString('hex'), envelope.eventId)
      }),
      { numRuns: 50 },
    )
  })

  test(`${name}: a record that is cut short, or longer than it is, is an error`, () => {
    fc.assert(
      fc.property(
        payloads,
        envelopes,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (value, envelope, part) => {
          const bytes = sealed(topic, envelope, value)
          const cut = bytes.subarray(0, Math.floor(bytes.length * part))
          assert.throws(() => localWire.open(topic, cut, null), /cut short|zero byte in front|bytes left over/)
          assert.throws(() => localWire.open(topic, Buffer.concat([bytes, Buffer.of(0)]), null), /bytes left over/)
        },
      ),
      { numRuns: 50 },
    )
  })
}

test('a tick, byte by byte', () => {
  const envelope = { eventId: '000102030405060708090a0b0c0d0e0f', source: 'clock', emittedAt: null, receivedAt: at(1) }
  const { id } = currentSchema(clockTicks.name)
  const bytes = Buffer.from(sealed(clockTicks as AnyTopic, envelope, { occurredAt: at(64) }))
  assert.equal(
    bytes.toString('hex'),
    [
      '00', // the magic byte
      id.toString(16).padStart(8, '0'), // the schema, big endian
      envelope.eventId,
      '0a636c6f636b', // five letters: zigzag 5 = 10
      '00', // the first branch of the union: null
      '02', // zigzag 1
      '8001', // zigzag 64 = 128, seven bits at a time
    ].join(''),
  )
})

test('an id is made of what was said, not of the schema that it was written with', () => {
  const payload = clockTicks.codec.encode({ occurredAt: at(64) })
  assert.equal(Buffer.from(localWire.contentOf(payload)).toString('hex'), '8001')
})

describe('bytes that are no record of the topic', () => {
  const envelope = { eventId: '00'.repeat(16), source: 'x', emittedAt: null, receivedAt: at(1) }
  const tick = Buffer.from(sealed(clockTicks as AnyTopic, envelope, { occurredAt: at(1) }))
  const open =
    (bytes: Uint8Array, topic: AnyTopic = clockTicks as AnyTopic) =>
    () =>
      localWire.open(topic, bytes, null)

  test('nothing at all, or JSON', () => {
    assert.throws(open(Buffer.alloc(0)), /not in the Confluent wire format/)
    assert.throws(open(Buffer.from('{"occurredAt": 1}')), /not in the Confluent wire format/)
  })
  test('a schema that nobody knows, or of another topic', () => {
    const unknown = Buffer.from(tick)
    unknown.writeUInt32BE(0x12_34_56_78, 1)
    assert.throws(open(unknown), /clock\.tick\.v1: no schema with id 305419896 is known/)
    assert.throws(open(tick, audits as AnyTopic), /audit\.v1: no schema with id \d+ is known/)
  })
  test('whatever they are, the answer is an error and nothing worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), rest => {
        const id = Buffer.alloc(4)
        id.writeUInt32BE(currentSchema(telematicsPositions.name).id)
        try {
          localWire.open(
            telematicsPositions as AnyTopic,
            Buffer.concat([Buffer.of(0), id, Buffer.alloc(16), rest]),
            null,
          )
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a later release', () => {
  // A copy of schemas/ in which a topic has grown: its records of today are then those of an older schema.
  const root = mkdtempSync(join(tmpdir(), 'milepost-schemas-'))
  after(() => rmSync(root, { recursive: true, force: true }))
  const repository = join(import.meta.dirname, '..', '..')
  cpSync(join(repository, 'schemas'), join(root, 'schemas'), { recursive: true })
  cpSync(join(repository, 'package.json'), join(root, 'package.json'))
  for (const name of ['node_modules', 'streams']) symlinkSync(join(repository, name), join(root, name))
  const path = join(root, 'schemas', 'audit.v1.avsc')
  const schema = JSON.parse(readFileSync(path, 'utf8')) as {
    fields: { name: string; type: unknown; default?: unknown }[]
  }
  const fields = schema.fields
    .filter(({ name }) => name !== 'target')
    .concat([{ name: 'severity', type: { type: 'enum', name: 'Grade', symbols: ['low', 'high'] }, default: 'low' }])
  writeFileSync(path, JSON.stringify({ ...schema, fields }))
  const load = async () => {
    const imported = <T>(file: string) => import(pathToFileURL(join(root, 'schemas', file)).href) as Promise<T>
    const { localWire: wire } = await imported<{ localWire: typeof localWire }>('codec.ts')
    const { audits: topic } = await imported<{ audits: AnyTopic }>('topics.ts')
    return { wire, topic }
  }
  const envelope = { eventId: '0f'.repeat(16), source: 'cli', emittedAt: null, receivedAt: at(5) }
  const value = { occurredAt: at(4), actor: 'ann', action: 'looked', target: 'SHP-1', detail: null }

  test('reads the records of this one', async () => {
    const { wire, topic } = await load()
    const { value: read, ...said } = wire.open(topic, sealed(audits as AnyTopic, envelope, value), null)
    assert.deepEqual(plain(read), { occurredAt: 4, actor: 'ann', action: 'looked', detail: null, severity: 'low' })
    assert.deepEqual(said, { ...envelope, occurredAt: 4, cause: null })
    assert.deepEqual(plain(topic.codec.decode(audits.codec.encode(value))), plain(read), 'and its state')
  })

  test('its own records are refused by this one, which says why', async () => {
    const { wire, topic } = await load()
    const grown = wire.seal(topic, envelope, topic.codec.encode({ ...value, severity: 'high' }))
    assert.equal((wire.open(topic, grown, null).value as { severity: string }).severity, 'high')
    assert.throws(
      () => localWire.open(audits as AnyTopic, grown, null),
      /no schema with id \d+ is known: was this written by a newer release\?/,
    )
  })
})
