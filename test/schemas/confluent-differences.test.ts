/** The difference between two schemas, as people read it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences } from '../../schemas/differences.ts'
import { currentSchema, topicsWithSchema } from '../../schemas/registry.ts'

const record = (...fields: object[]) => ({ type: 'record', name: 'R', fields })
const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more })
const inside = (...fields: object[]) => ({ type: 'record', name: 'Place', fields })

test('a schema does not differ from itself, nor by words or the order of its fields', () => {
  for (const topic of topicsWithSchema()) {
    const { schema } = currentSchema(topic)
    const fields = schema.fields.map(({ name, type, ...rest }) => ({ ...rest, type, name, doc: 'other words' }))
    assert.deepEqual(differences(schema, { ...schema, fields: fields.reverse() }), [])
  }
})

test('fields that only one has, or that are of another type', () => {
  assert.deepEqual(
    differences(
      record(field('a', 'string'), field('b', 'int'), field('c', ['null', 'string'], { default: null })),
      record(field('a', 'long'), field('d', 'bytes')),
    ),
    [
      'a: string here, long there',
      'b: only here (int, without a default)',
      'c: only here (null or string, with a default)',
      'd: only there (bytes)',
    ],
  )
})

test('whatever depth they are at, and whatever of their type it is', () => {
  const time = (logicalType: string) => ({ type: 'long', logicalType })
  const pair = (here: unknown, there: unknown) => differences(record(field('x', here)), record(field('x', there)))
  assert.deepEqual(pair(time('timestamp-millis'), time('timestamp-micros')), [
    'x: long (timestamp-millis) here, long (timestamp-micros) there',
  ])
  const kind = (...symbols: string[]) => ({ type: 'enum', name: 'Kind', symbols })
  assert.deepEqual(pair(kind('late'), kind('late', 'early')), ['x: one of late here, one of late, early there'])
  const fixed = (size: number) => ({ type: 'fixed', name: 'Id', size })
  assert.deepEqual(pair(fixed(8), fixed(16)), ['x: 8 bytes here, 16 bytes there'])
  assert.deepEqual(pair({ type: 'map', values: 'int' }, { type: 'array', items: 'int' }), [
    'x: map of int here, array of int there',
  ])
  const stops = (type: string) => ({ type: 'array', items: inside(field('at', inside(field('name', type)))) })
  assert.deepEqual(pair(stops('string'), stops('bytes')), ['x[].at.name: string here, bytes there'])
  assert.deepEqual(pair(['null', inside(field('n', 'int'))], ['null', inside(field('m', 'int'))]), [
    'x.n: only here (int, without a default)',
    'x.m: only there (int)',
  ])
})

test('a default that only one has, another name, and what is no record at all', () => {
  assert.deepEqual(differences(record(field('a', 'int', { default: 0 })), record(field('a', 'int'))), [
    'a: with a default here, without one there',
  ])
  assert.deepEqual(differences({ ...record(), name: 'Q' }, record()), ['Q here, R there'])
  assert.deepEqual(differences(record(field('a', 'int')), 'string'), [
    'R here, no record there',
    'a: only here (int, without a default)',
  ])
})
