import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { kafkaIsHere } from '../../../tools/kafka/install.ts'

const { JAVA_HOME, MILEPOST_SKIP } = process.env
const set = (values: NodeJS.ProcessEnv) => {
  for (const [name, value] of Object.entries(values))
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
}
afterEach(() => set({ JAVA_HOME, MILEPOST_SKIP }))

test('without Java there is no Kafka, and the reason can be told', () => {
  set({ JAVA_HOME: '/nowhere', MILEPOST_SKIP: undefined })
  const kafka = kafkaIsHere()
  assert.ok(!kafka.here)
  assert.match(kafka.why, /^there is no Java: .*\/nowhere\/bin\/java/)
})

test('where nothing may be skipped, that is an error', () => {
  set({ JAVA_HOME: '/nowhere', MILEPOST_SKIP: 'forbidden' })
  assert.throws(kafkaIsHere, /may not be skipped here: there is no Java/)
})
