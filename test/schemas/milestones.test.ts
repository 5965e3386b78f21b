/** schemas/milestones.json is of one form, and speaks the same language as the schemas and the rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  codeOfSighting,
  fits,
  isDeparture,
  isMilestoneCode,
  MILESTONE_CODES,
  provesPresence,
} from '../../schemas/milestones.ts'
import vocabulary from '../../schemas/milestones.json' with { type: 'json' }
import { currentSchema } from '../../schemas/registry.ts'
import type { Avro, Field } from './values.ts'

const code = z.string().regex(/^[a-z]+(_[a-z]+)*$/)
const X12 = /^(AT7-03=)?[A-Z][A-Z0-9]$/
const kind = z.enum(['pickup', 'delivery', 'via'])
const foreign = (form: RegExp) => z.array(z.string().regex(form))
const shape = z.strictObject({
  about: z.string().min(1),
  columns: z.record(z.string(), z.string().min(1)),
  classifiers: z.array(z.strictObject({ classifier: code, dcsa: z.enum(['PLN', 'EST', 'ACT']).nullable() })),
  milestones: z.array(
    z.strictObject({
      code,
      stops: z.array(kind),
      presence: z.boolean(),
      dcsa: foreign(/^(SHIPMENT|TRANSPORT|EQUIPMENT)\/[A-Z]{4}$/),
      x12: foreign(X12),
      rec24: foreign(/^\d{1,3}$/),
      epcis: code.nullable(),
      iata: foreign(/^[A-Z]{3}$/),
      karrio: code.nullable(),
    }),
  ),
  estimates: z.strictObject({
    x12: z.array(
      z.strictObject({ x12: z.string().regex(X12), code: z.string().refine(isMilestoneCode, 'not in the vocabulary') }),
    ),
  }),
})

/** The enum of this name within a schema. */
function symbolsOf(type: Avro, name: string): readonly string[] {
  if (typeof type === 'string') return []
  if (Array.isArray(type)) return (type as readonly Avro[]).flatMap(branch => symbolsOf(branch, name))
  const {
    name: own,
    symbols = [],
    type: inner,
    items = 'null',
    fields = [],
  } = type as Exclude<Avro, string | readonly Avro[]>
  if (own === name) return symbols
  return [inner, items, ...fields.map(field => field.type)].flatMap(part => symbolsOf(part, name))
}
const fieldsOf = (topic: string) => currentSchema(topic).schema.fields as readonly Field[]
const enumOf = (topic: string, name: string) => fieldsOf(topic).flatMap(({ type }) => symbolsOf(type, name))

test('it is of the form that its columns describe', () => {
  const { milestones, columns } = shape.parse(vocabulary)
  assert.deepEqual(Object.keys(columns).sort(), Object.keys(milestones[0] ?? {}).sort())
  assert.equal(new Set(milestones.map(one => one.code)).size, milestones.length, 'a code means one thing')
  assert.deepEqual(
    MILESTONE_CODES,
    milestones.map(one => one.code),
  )
})

test('classifiers and kinds of stops are those of the schemas', () => {
  assert.deepEqual(
    vocabulary.classifiers.map(one => one.classifier),
    enumOf('shipment.milestone.v1', 'Classifier'),
  )
  assert.deepEqual([...kind.options].sort(), [...enumOf('shipment.plan.v1', 'StopKind')].sort())
})

for (const stop of kind.options)
  test(`what positions show at a ${stop} stop has a code that fits there alone, and proves presence`, () => {
    for (const sighting of ['arrived', 'departed'] as const) {
      const said = codeOfSighting(sighting, stop)
      assert.ok(isMilestoneCode(said), `${said} is in the vocabulary`)
      assert.deepEqual(
        kind.options.filter(other => fits(said, other)),
        [stop],
      )
      assert.ok(provesPresence(said))
      assert.equal(isDeparture(said), sighting === 'departed')
    }
  })

test('what is about the shipment as a whole proves no presence at a stop', () => {
  for (const one of vocabulary.milestones) if (one.stops.length === 0) assert.equal(one.presence, false, one.code)
})
