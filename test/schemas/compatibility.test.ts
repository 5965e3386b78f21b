/**
 * What is in a log stays there: each release must read what every earlier one wrote. The schemas in schemas/released/
 * are frozen; the current ones must be backward compatible with all of them, and every record starts with the envelope.
 */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  currentSchema,
  ENVELOPE_FIELDS,
  type KnownSchema,
  releasedSchemas,
  schemaOf,
  topicsWithSchema,
} from '../../schemas/registry.ts'
import type { Avro, Field } from './values.ts'

/**
 * By `topic/N`, of each released schema: the id that its records carry, and the hash of its file, because an id sees
 * neither logical types nor defaults. An entry is added with each release; none is ever changed.
 */
const frozen: unknown = JSON.parse(readFileSync(join(import.meta.dirname, 'released.json'), 'utf8'))
const fileOf = (name: string) => join(import.meta.dirname, '..', '..', 'schemas', 'released', `${name}.avsc`)

/** Why records that one schema wrote can't be read with another; undefined: they can. */
function incompatibility(reader: KnownSchema, writer: KnownSchema): string | undefined {
  const [envelope, before] = [reader, writer].map(({ schema }) => envelopeOf(schema.fields as readonly Field[]))
  if (envelope !== before) return 'the envelope differs'
  try {
    reader.payload.createResolver(writer.payload)
  } catch (error) {
    return (error as Error).message
  }
  // To Avro a time is only a number: it would be read as one of another unit without a word.
  const [now, then] = [reader, writer].map(({ schema }) => logicalTypes(schema.fields as readonly Field[]))
  for (const [path, logical] of then ?? [])
    if (now?.has(path) && now.get(path) !== logical) return `${path} was ${logical}, is ${now.get(path) ?? ''}`
  return undefined
}

const envelopeOf = (fields: readonly Field[]) =>
  JSON.stringify(fields.slice(0, ENVELOPE_FIELDS.length).map(({ name, type }) => [name, type]))

/** By path: what a number or text stands for, or nothing. */
function logicalTypes(fields: readonly Field[], at = ''): Map<string, string> {
  const found = new Map<string, string>()
  const look = (type: Avro, path: string): void => {
    if (typeof type === 'string') {
      if (type === 'long' || type === 'int') found.set(path, type === 'int' ? 'long' : type)
    } else if (Array.isArray(type)) for (const branch of type as readonly Avro[]) look(branch, path)
    else {
      const { type: kind, logicalType, items, fields: inner } = type as Exclude<Avro, string | readonly Avro[]>
      if (logicalType !== undefined) found.set(path, logicalType)
      else if (items !== undefined) look(items, `${path}[]`)
      else if (inner !== undefined) for (const [key, value] of logicalTypes(inner, `${path}.`)) found.set(key, value)
      else if (kind !== 'enum' && kind !== 'fixed') look(kind, path)
    }
  }
  for (const { name, type } of fields) look(type, `${at}${name}`)
  return found
}

test('what was released is as it was, and all of it is written down here', () => {
  const released = topicsWithSchema().flatMap(topic =>
    releasedSchemas(topic).map(({ id }, n) => {
      const name = `${topic}/${n + 1}`
      return [name, { id, sha256: hash('sha256', readFileSync(fileOf(name))) }] as const
    }),
  )
  assert.deepEqual(Object.fromEntries(released), frozen)
})

for (const topic of topicsWithSchema()) {
  const current = currentSchema(topic)
  describe(topic, () => {
    test('starts with the envelope, then says when it happened', () => {
      const names = current.schema.fields.map(({ name }) => name)
      assert.deepEqual(names.slice(0, ENVELOPE_FIELDS.length + 1), [...ENVELOPE_FIELDS, 'occurredAt'])
      assert.equal(envelopeOf(current.schema.fields as readonly Field[]), THE_ENVELOPE)
    })

    test('every field says what it is', () => {
      for (const { name, doc = '' } of current.schema.fields) assert.ok(doc.length > 2, name)
      assert.ok(current.schema.doc.length > 10)
    })

    test('has been released, and reads all that was', () => {
      const released = releasedSchemas(topic)
      assert.ok(released.length > 0, `put it into schemas/released/${topic}/`)
      for (const [n, writer] of released.entries())
        assert.equal(incompatibility(current, writer), undefined, `written with released/${topic}/${n + 1}.avsc`)
    })
  })
}

const time = { type: 'long', logicalType: 'timestamp-millis' }
const THE_ENVELOPE = JSON.stringify([
  ['eventId', { type: 'fixed', name: 'EventId', size: 16 }],
  ['source', 'string'],
  ['emittedAt', ['null', time]],
  ['receivedAt', time],
])

describe('a change that old records would not survive is found', () => {
  const released = currentSchema('shipment.eta.v1')
  const changed = (change: (fields: Record<string, unknown>[]) => Record<string, unknown>[]): KnownSchema => {
    const { fields, ...rest } = JSON.parse(JSON.stringify(released.schema)) as { fields: Record<string, unknown>[] }
    return schemaOf(JSON.stringify({ ...rest, fields: change(fields) }))
  }
  const where =
    (name: string, edit: (field: Record<string, unknown>) => Record<string, unknown>) =>
    (fields: Record<string, unknown>[]) =>
      fields.map(field => (field['name'] === name ? edit(field) : field))

  const breaking: Record<string, KnownSchema> = {
    'a new field without a default': changed(fields => [...fields, { name: 'confidence', type: 'double' }]),
    'a renamed field': changed(where('basis', field => ({ ...field, name: 'restsOn' }))),
    'int becomes string': changed(where('revision', field => ({ ...field, type: 'string' }))),
    'double becomes long': changed(where('remainingM', field => ({ ...field, type: 'long' }))),
    'what may be absent may not be': changed(where('customerId', field => ({ ...field, type: 'string', default: '' }))),
    'a time becomes a duration': changed(where('p50', field => ({ ...field, type: 'long' }))),
    'a time of another unit': changed(
      where('p50', field => ({ ...field, type: { type: 'long', logicalType: 'timestamp-micros' } })),
    ),
    'an envelope in another order': changed(([first = {}, second = {}, ...rest]) => [second, first, ...rest]),
    'an envelope with another type': changed(where('source', field => ({ ...field, type: ['null', 'string'] }))),
  }
  for (const [what, reader] of Object.entries(breaking))
    test(what, () => {
      assert.notEqual(incompatibility(reader, released), undefined)
    })

  test('a symbol less', () => {
    const before = currentSchema('case.v1')
    const after = schemaOf(JSON.stringify(before.schema).replace(',"withdrawn"', ''))
    assert.notEqual(after.id, before.id)
    assert.notEqual(incompatibility(after, before), undefined)
  })

  const harmless: Record<string, KnownSchema> = {
    'a new field with a default': changed(fields => [
      ...fields,
      { name: 'confidence', type: ['null', 'double'], default: null },
    ]),
    'a field less': changed(fields => fields.filter(({ name }) => name !== 'basis')),
    'a renamed field with an alias': changed(
      where('basis', field => ({ ...field, name: 'restsOn', aliases: ['basis'] })),
    ),
    'int becomes long': changed(where('revision', field => ({ ...field, type: 'long' }))),
    'other words about a field': changed(where('basis', field => ({ ...field, doc: 'What it rests on' }))),
  }
  for (const [what, reader] of Object.entries(harmless))
    test(`${what} is let pass`, () => {
      assert.equal(incompatibility(reader, released), undefined)
    })

  test('words alone do not make another schema', () => {
    assert.equal(changed(where('basis', field => ({ ...field, doc: 'What it rests on' }))).id, released.id)
  })
})
