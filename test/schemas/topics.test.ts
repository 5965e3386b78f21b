/** Topics and schemas belong together, and a topic finds key and identity in every value. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { currentSchema, topicsWithSchema } from '../../schemas/registry.ts'
import * as everything from '../../schemas/topics.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { payloadsOf } from './values.ts'

const topics = Object.values(everything).filter((one): one is AnyTopic & typeof one => typeof one === 'object')

test('there is a topic for each schema, and a schema for each topic', () => {
  assert.deepEqual(topics.map(({ name }) => name).sort(), topicsWithSchema())
})

for (const topic of topics as readonly AnyTopic[])
  test(`${topic.name} knows the key and the identity of its records`, () => {
    fc.assert(
      fc.property(payloadsOf(currentSchema(topic.name)), value => {
        for (const text of [topic.keyOf(value), topic.identityOf(value)]) {
          assert.equal(typeof text, 'string')
          assert.doesNotMatch(text, /undefined|\[object/)
        }
      }),
      { numRuns: 50 },
    )
  })
