/** Our schemas in a real registry: put there, checked by it, found again, and learned from later releases. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import registryPackage from '@kafkajs/confluent-schema-registry'
import fc from 'fast-check'
import { localWire, payloadCodec, registeredWire } from '../../schemas/codec.ts'
import { COMPATIBILITY, register, type Registration } from '../../schemas/registration.ts'
import { currentSchema, type KnownSchema, schemaOf } from '../../schemas/registry.ts'
import * as everything from '../../schemas/topics.ts'
import type { Envelope } from '../../streams/event.ts'
import { LogRefused, LogUnavailable } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { startRegistry } from '../../tools/kafka/registry.ts'
import { Gate, no } from './confluent-gate.ts'
import { payloadsOf, plain } from './values.ts'

const at = (ms: number) => ms as Instant
const envelope: Envelope = { eventId: '0f'.repeat(16), source: 'cli', emittedAt: null, receivedAt: at(5) }
const audit = { occurredAt: at(4), actor: 'ann', action: 'looked', target: 'SHP-1', detail: null }
const { audits, clockTicks } = everything

/** Topics with codecs of their own: those of the program know nothing of the registries in here. */
const topics = Object.values(everything)
  .filter((one): one is AnyTopic & typeof one => typeof one === 'object')
  .map((topic: AnyTopic): AnyTopic => ({ ...topic, codec: payloadCodec(topic.name) }))

type Fields = Record<string, unknown>[]
const changed = ({ schema }: KnownSchema, change: (fields: Fields) => Fields): KnownSchema =>
  schemaOf(JSON.stringify({ ...schema, fields: change(schema.fields as unknown as Fields) }))
/** The audits of a release that knows these schemas. */
const auditsOf = (...schemas: KnownSchema[]): AnyTopic => ({ ...audits, codec: payloadCodec(audits.name, schemas) })

/** Try again as the engine does, as long as that may help. */
async function soon<T>(work: () => T): Promise<T> {
  for (const end = performance.now() + 10_000; ;)
    try {
      return work()
    } catch (error) {
      if (!(error instanceof LogUnavailable) || performance.now() > end) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
}

const first = currentSchema(audits.name)
const second = changed(first, fields => [...fields, { name: 'severity', type: ['null', 'string'], default: null }])
const broken = changed(first, fields => [
  ...fields
    .filter(({ name }) => name !== 'detail')
    .map(field => (field['name'] === 'actor' ? { ...field, type: 'long' } : field)),
  { name: 'severity', type: 'string' },
])

const kafka = kafkaIsHere()
describe('a registry', { skip: kafka.here ? false : kafka.why }, () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>
  let gate: Gate
  let drawn = 0
  /** Each test has subjects of its own. */
  const freshNamespace = () => `test-${++drawn}`
  const asked = async <T>(path: string): Promise<T> => (await fetch(`${registry.url}${path}`)).json() as Promise<T>
  const versionsOf = (namespace: string, topic: string = audits.name) =>
    asked<number[]>(`/subjects/${namespace}.${topic}-value/versions`)
  const start = (namespace: string, ...some: AnyTopic[]): Promise<Registration> =>
    register({ url: gate.url, namespace }, some)

  before(async () => {
    registry = await startRegistry()
    gate = await Gate.before(registry.url)
  })
  after(async () => {
    gate.close()
    await registry.close()
  })

  describe('at start', () => {
    let ids: Registration
    const namespace = freshNamespace()
    before(async () => {
      ids = await start(namespace, ...topics)
    })

    for (const topic of topics)
      test(`${topic.name}: what is read is what was written, here and by any client of the registry`, async () => {
        const wire = registeredWire(ids)
        const client = new registryPackage.SchemaRegistry({ host: registry.url })
        const subject = `${namespace}.${topic.name}-value`
        const { id } = await asked<{ id: number }>(`/subjects/${subject}/versions/latest`)
        await fc.assert(
          fc.asyncProperty(payloadsOf(currentSchema(topic.name)), async value => {
            const bytes = Buffer.from(wire.seal(topic, envelope, topic.codec.encode(value)))
            assert.equal(bytes.readInt32BE(1), id)
            assert.deepEqual(plain(wire.open(topic, bytes, null).value), plain(value))
            const read = plain(await client.decode(bytes)) as Record<string, unknown>
            assert.equal(read['source'], envelope.source)
            assert.equal(read['occurredAt'], value['occurredAt'])
            const before = localWire.seal(topic, envelope, topic.codec.encode(value))
            assert.deepEqual(plain(wire.open(topic, before, null).value), plain(value), 'and what has a local id')
          }),
          { numRuns: 20 },
        )
      })

    test('each subject demands what our own tests do', async () => {
      for (const { name } of topics)
        assert.deepEqual(await asked(`/config/${namespace}.${name}-value`), { compatibilityLevel: COMPATIBILITY })
      assert.deepEqual(ids.unguarded, [])
    })

    test('a second start writes nothing, may not even be allowed to, and has the same ids', async () => {
      gate.requests.length = 0
      gate.turn = method => (method === 'GET' ? undefined : no(403, 'only to be read'))
      const again = await start(namespace, ...topics)
      gate.turn = () => undefined
      assert.equal(gate.writes, 0)
      const schemas = topics.flatMap(({ name }) => payloadCodec(name).schemas)
      assert.equal(gate.requests.length, topics.length + schemas.length, 'and asks for each topic and each schema')
      for (const { name } of topics) {
        const { id } = currentSchema(name)
        assert.equal(again.registryIdOf(id), ids.registryIdOf(id))
      }
    })

    test('sealing and opening ask nothing, and go on without the registry', async () => {
      gate.requests.length = 0
      gate.turn = () => no(503, 'away')
      const wire = registeredWire(ids)
      for (const topic of topics) {
        const [value = {}] = fc.sample(payloadsOf(currentSchema(topic.name)), 1)
        wire.open(topic, wire.seal(topic, envelope, topic.codec.encode(value)), null)
      }
      await new Promise(resolve => setTimeout(resolve, 50))
      gate.turn = () => undefined
      assert.deepEqual(gate.requests, [])
    })
  })

  test('processes that start at once all get the same ids', async () => {
    const namespace = freshNamespace()
    const some = topics.slice(0, 8)
    const process = () => start(namespace, ...some.map(topic => ({ ...topic, codec: payloadCodec(topic.name) })))
    const all = await Promise.all(Array.from({ length: 6 }, process))
    for (const { name } of some)
      assert.equal(new Set(all.map(ids => ids.registryIdOf(currentSchema(name).id))).size, 1, name)
  })

  test('one that another was quicker than, whatever the registry calls that, goes on', async () => {
    const namespace = freshNamespace()
    const quicker = await start(namespace, auditsOf(first))
    let blind = 2
    gate.turn = method => {
      if (method !== 'GET') return no(409, 'there is one already')
      return blind-- > 0 ? no(404, 'nothing here') : undefined
    }
    const ids = await start(namespace, auditsOf(first))
    gate.turn = () => undefined
    assert.equal(ids.registryIdOf(first.id), quicker.registryIdOf(first.id))
    assert.deepEqual(ids.unguarded, [])
  })

  test('all that was released is registered in its order, then what is new', async () => {
    const namespace = freshNamespace()
    const ids = await start(namespace, auditsOf(first, second))
    assert.deepEqual(await versionsOf(namespace), [1, 2])
    const texts = await Promise.all(
      [1, 2].map(n =>
        asked<{ id: number; schema: string }>(`/subjects/${namespace}.${audits.name}-value/versions/${n}`),
      ),
    )
    assert.deepEqual(
      texts.map(({ schema }) => JSON.parse(schema) as unknown),
      [first.schema, second.schema],
    )
    assert.deepEqual(
      texts.map(({ id }) => id),
      [first, second].map(({ id }) => ids.registryIdOf(id)),
    )
  })

  test('other words about a field are no other schema', async () => {
    const namespace = freshNamespace()
    await start(namespace, auditsOf(first))
    const reworded = schemaOf(JSON.stringify(first.schema).replace('"Who"', '"Who did it"'))
    assert.notDeepEqual(reworded.schema, first.schema)
    gate.requests.length = 0
    await start(namespace, auditsOf(reworded))
    await start(namespace, auditsOf(first, reworded))
    assert.equal(gate.writes, 0)
    assert.deepEqual(await versionsOf(namespace), [1])
    const another = freshNamespace()
    await start(another, auditsOf(first, reworded))
    assert.deepEqual(await versionsOf(another), [1])
  })

  test('a version that was deleted on purpose is not put behind those that came after it', async () => {
    const namespace = freshNamespace()
    await start(namespace, auditsOf(first, second))
    gate.requests.length = 0
    gate.turn = (_, path) => (path.endsWith('/versions/1') ? no(404, 'deleted') : undefined)
    const ids = await start(namespace, auditsOf(first, second))
    gate.turn = () => undefined
    assert.equal(gate.writes, 0)
    assert.ok(ids.registryIdOf(second.id) > 0)
  })

  test('what the bytes are the same for, but not what they say, is another version', async () => {
    const namespace = freshNamespace()
    const timeless = schemaOf(
      JSON.stringify(first.schema).replace(/\{"type":"long","logicalType":"[a-z-]+"\}/, '"long"'),
    )
    assert.equal(timeless.id, first.id)
    const before = await start(namespace, auditsOf(timeless))
    const ids = await start(namespace, auditsOf(first))
    assert.deepEqual(await versionsOf(namespace), [1, 2])
    assert.notEqual(ids.registryIdOf(first.id), before.registryIdOf(first.id))
    const written = registeredWire(before).seal(audits as AnyTopic, envelope, audits.codec.encode(audit))
    assert.deepEqual(plain(registeredWire(ids).open(audits as AnyTopic, written, null).value), audit)
  })

  describe('a schema that grew by a field', () => {
    let namespace: string
    const [v1, v2] = [payloadCodec(audits.name, [first]), payloadCodec(audits.name, [first, second])]
    const grown = { ...audit, severity: 'high' }

    test('reads the records of the release before', async () => {
      namespace = freshNamespace()
      const old = registeredWire(await start(namespace, auditsOf(first)))
      const written = old.seal(audits as AnyTopic, envelope, v1.encode(audit))
      const topic = auditsOf(first, second)
      const wire = registeredWire(await start(namespace, topic))
      assert.deepEqual(plain(wire.open(topic, written, null).value), { ...audit, severity: null })
    })

    test('is learned by a release before it that is still running, from a record or from a state', async () => {
      for (const from of ['record', 'state']) {
        namespace = freshNamespace()
        const old = auditsOf(first)
        const wire = registeredWire(await start(namespace, old))
        const newer = registeredWire(await start(namespace, auditsOf(first, second)))
        const written = newer.seal(audits as AnyTopic, envelope, v2.encode(grown))
        const look = (): unknown =>
          from === 'record' ? wire.open(old, written, null).value : old.codec.decode(v2.encode(grown))
        assert.throws(look, (error: Error) => {
          assert.ok(error instanceof LogUnavailable, 'it may be tried again')
          assert.match(error.message, /audit\.v1: no schema with id \d+ is known: .* newer release\? .* is asked$/)
          return true
        })
        assert.deepEqual(plain(await soon(look)), audit, 'and then, without more ado, it can')
      }
    })

    test('is read by a release before it that starts afterwards: one may go back', async () => {
      namespace = freshNamespace()
      const newer = registeredWire(await start(namespace, auditsOf(first, second)))
      const written = newer.seal(audits as AnyTopic, envelope, v2.encode(grown))
      const old = auditsOf(first)
      gate.requests.length = 0
      const ids = await start(namespace, old)
      assert.equal(gate.writes, 0)
      assert.deepEqual(plain(registeredWire(ids).open(old, written, null).value), audit)
      assert.deepEqual(plain(old.codec.decode(v2.encode(grown))), audit)
      const back = Buffer.from(registeredWire(ids).seal(old, envelope, old.codec.encode(audit)))
      assert.equal(back.readInt32BE(1), ids.registryIdOf(first.id), 'and it writes its own')
    })

    test('in a way that the release before can’t read: that one waits to be updated, and buries nothing', async () => {
      namespace = freshNamespace()
      const name = 'case.v1'
      const more = schemaOf(JSON.stringify(currentSchema(name).schema).replace('["late",', '["late","unplanned_stop",'))
      const topic = topics.find(one => one.name === name) ?? assert.fail()
      const newer: AnyTopic = { ...topic, codec: payloadCodec(name, [currentSchema(name), more]) }
      const old: AnyTopic = { ...topic, codec: payloadCodec(name) }
      const [value = {}] = fc.sample(payloadsOf(more), 1)
      const written = registeredWire(await start(namespace, newer)).seal(newer, envelope, newer.codec.encode(value))
      const wire = registeredWire(await start(namespace, old))
      for (let tries = 0; tries < 2; tries++)
        assert.throws(
          () => wire.open(old, written, null),
          (error: Error) => {
            assert.ok(error instanceof LogUnavailable)
            assert.match(error.message, /case\.v1: another release wrote what this one can't read .*update this one/)
            return true
          },
        )
    })
  })

  describe('an id that the registry doesn’t know either', () => {
    /** Starts, and gives a record that can't be opened. */
    const withStranger = async (lagMs?: number) => {
      const topic = auditsOf(first)
      const ids = await register({ url: gate.url, namespace: freshNamespace(), lagMs }, [topic])
      const wire = registeredWire(ids)
      const bytes = Buffer.from(wire.seal(topic, envelope, topic.codec.encode(audit)))
      bytes.writeInt32BE(305_419_896, 1)
      gate.requests.length = 0
      return { ids, open: () => wire.open(topic, bytes, null) }
    }

    test('is poison once the registry has said so, and is not asked about again and again', async () => {
      const { ids, open } = await withStranger(0)
      assert.throws(open, LogUnavailable)
      assert.throws(open, LogUnavailable)
      await ids.learn(audits.name)
      for (let tries = 0; tries < 3; tries++)
        assert.throws(open, (error: Error) => {
          assert.ok(!(error instanceof LogUnavailable))
          assert.match(error.message, /audit\.v1: no schema with id 305419896 is known, neither here nor to the schema/)
          return true
        })
      assert.equal(gate.requests.length, 1, 'one question in all')
    })

    test('is asked about for a while before: a part of the registry may know later what another was told', async () => {
      const { ids, open } = await withStranger()
      for (let tries = 0; tries < 3; tries++) {
        assert.throws(open, LogUnavailable)
        await ids.learn(audits.name)
      }
      assert.ok(gate.requests.length >= 3)
    })

    test('may still be a good record while the registry is away', async () => {
      const namespace = freshNamespace()
      const topic = auditsOf(first)
      const ids = await start(namespace, topic)
      const wire = registeredWire(ids)
      const newer = registeredWire(await start(namespace, auditsOf(first, second)))
      const v2 = payloadCodec(audits.name, [first, second])
      const written = newer.seal(topic, envelope, v2.encode({ ...audit, severity: null }))
      gate.turn = () => no(503, 'having a rest')
      assert.throws(() => wire.open(topic, written, null), LogUnavailable)
      await assert.rejects(ids.learn(audits.name), LogUnavailable)
      assert.throws(
        () => wire.open(topic, written, null),
        /is asked, so far in vain: the schema registry .*having a rest/,
      )
      gate.turn = () => undefined
      await ids.learn(audits.name).catch(() => ids.learn(audits.name))
      assert.deepEqual(plain(wire.open(topic, written, null).value), audit)
    })
  })

  describe('refuses', () => {
    test('an incompatible schema: start ends, shows the difference, and nothing is written', async () => {
      const namespace = freshNamespace()
      await start(namespace, auditsOf(first))
      await assert.rejects(start(namespace, auditsOf(first, broken)), (error: Error) => {
        assert.ok(error instanceof LogRefused)
        const [said = '', ...lines] = error.message.split('\n')
        assert.match(
          said,
          new RegExp(`^${namespace}\\.audit\\.v1-value: the schema registry http.* refuses our schema: .*ncompatible`),
        )
        assert.deepEqual(lines, [
          'between ours (here) and its version 1 (there):',
          '  actor: long here, string there',
          '  severity: only here (string, without a default)',
          '  detail: only there (null or string)',
          'start the release that wrote there last, or a later one, or set another namespace',
        ])
        return true
      })
      assert.deepEqual(await versionsOf(namespace), [1])
    })

    test('one that only an older version stands against, and shows that version', async () => {
      const namespace = freshNamespace()
      const graded = changed(first, fields => [...fields, { name: 'grade', type: 'string', default: 'low' }])
      const strict = changed(first, fields => [...fields, { name: 'grade', type: 'string' }])
      await start(namespace, auditsOf(first, graded))
      // What graded wrote is the same to the bytes: that is not what it fails by.
      assert.equal(strict.id, graded.id)
      await assert.rejects(start(namespace, auditsOf(first, strict)), (error: Error) => {
        assert.match(error.message, /its version 1 \(there\):\n {2}grade: only here \(string, without a default\)\n/)
        return true
      })
      assert.deepEqual(await versionsOf(namespace), [1, 2])
    })

    test('where another program got there first and the subject demands nothing, too', async () => {
      const namespace = freshNamespace()
      const other = await fetch(`${registry.url}/subjects/${namespace}.${audits.name}-value/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema: JSON.stringify(broken.schema) }),
      })
      assert.equal(other.status, 200)
      await assert.rejects(
        start(namespace, auditsOf(first)),
        /refuses our schema[\s\S]*its version 1[\s\S]*actor: string here, long/,
      )
      assert.deepEqual(await versionsOf(namespace), [1])
    })

    test('several at once: all are named', async () => {
      const namespace = freshNamespace()
      const ticks = currentSchema(clockTicks.name)
      const odd = changed(ticks, fields => [...fields, { name: 'zone', type: 'string' }])
      await start(namespace, auditsOf(first), clockTicks as AnyTopic)
      const brokenTicks: AnyTopic = { ...clockTicks, codec: payloadCodec(clockTicks.name, [ticks, odd]) }
      await assert.rejects(start(namespace, auditsOf(first, broken), brokenTicks), (error: Error) => {
        assert.match(error.message, /audit\.v1-value: /)
        assert.match(error.message, /clock\.tick\.v1-value: [\s\S]*zone: only here/)
        return true
      })
    })

    test('to be written to: that is said once, with what is missing', async () => {
      const namespace = freshNamespace()
      gate.turn = method => (method === 'GET' ? undefined : no(403, 'only to be read'))
      const start1 = start(namespace, auditsOf(first))
      await assert.rejects(start1, (error: Error) => {
        assert.ok(error instanceof LogRefused)
        assert.match(error.message, /audit\.v1-value lacks a schema of this release, and .* \(403, only to be read\)/)
        return true
      })
      gate.turn = () => undefined
    })
  })

  test('what a subject demands: less is raised, more is left, and one who may not is told', async () => {
    const namespace = freshNamespace()
    const config = `/config/${namespace}.${audits.name}-value`
    const set = (compatibility: string) =>
      fetch(`${registry.url}${config}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ compatibility }),
      })
    await start(namespace, auditsOf(first))
    await set('FULL_TRANSITIVE')
    await start(namespace, auditsOf(first))
    assert.deepEqual(await asked(config), { compatibilityLevel: 'FULL_TRANSITIVE' })
    await set('BACKWARD')
    for (const hidden of ['/config/', 'nothing']) {
      gate.turn = (method, path) =>
        method === 'GET' && !path.startsWith(hidden) ? undefined : no(403, 'only schemas are to be read')
      assert.deepEqual((await start(namespace, auditsOf(first))).unguarded, [`${namespace}.${audits.name}-value`])
    }
    gate.turn = () => undefined
    assert.deepEqual((await start(namespace, auditsOf(first))).unguarded, [])
    assert.deepEqual(await asked(config), { compatibilityLevel: COMPATIBILITY })
  })

  test('one who only looks leaves everything as it is, and reads what is there', async () => {
    const namespace = freshNamespace()
    const visit = (topic: AnyTopic) => register({ url: gate.url, namespace, mayMake: false }, [topic])
    gate.requests.length = 0
    const nothing = await visit(auditsOf(first))
    assert.throws(
      () => nothing.registryIdOf(first.id),
      /the schema with the local id \d+ is not in the schema registry/,
    )
    assert.equal(gate.writes, 0)
    const wire = registeredWire(await start(namespace, auditsOf(first)))
    const written = wire.seal(audits as AnyTopic, envelope, audits.codec.encode(audit))
    gate.requests.length = 0
    const topic = auditsOf(first, second)
    const visitor = registeredWire(await visit(topic))
    assert.deepEqual(plain(visitor.open(topic, written, null).value), { ...audit, severity: null })
    assert.equal(gate.writes, 0)
  })

  test('away and back: start says so, then succeeds', async () => {
    const namespace = freshNamespace()
    await registry.stop()
    await assert.rejects(register({ url: registry.url, namespace }, topics), (error: Error) => {
      assert.ok(error instanceof LogUnavailable)
      assert.match(error.message, /the schema registry http:\S+ is not available: .*ECONNREFUSED.* needs it to start/)
      assert.equal(error.message.split('\n').length, 1)
      return true
    })
    await registry.start()
    await register({ url: registry.url, namespace }, topics)
  })
})
