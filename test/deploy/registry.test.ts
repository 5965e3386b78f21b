/**
 * The schema registry as docker-compose.yml starts it: a record's schema is known by its number, so numbers must not
 * get lost.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { mountsOf, service } from './compose.ts'
import { DATABASE, isRegistryHealthy, layRegistry } from './laid-registry.ts'

const kafka = kafkaIsHere()
const ROUNDS = 3

const calling =
  (port: number) =>
  async (path: string, schema?: object): Promise<{ readonly id?: number; readonly schema?: string }> => {
    const answer = await fetch(`http://127.0.0.1:${port}/apis/ccompat/v7${path}`, {
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      ...(schema && { method: 'POST', body: JSON.stringify({ schema: JSON.stringify(schema) }) }),
    })
    return (await answer.json()) as { id?: number; schema?: string }
  }
const schema = (name: string) => ({ type: 'record', name, fields: [{ name: 'at', type: 'long' }] })

test(
  'a number that was given is kept, killed at that very moment',
  { skip: !kafka.here && kafka.why, timeout: 240_000 },
  async t => {
    const { run, port } = await layRegistry(t)
    const call = calling(port)
    const given = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const program = await run()
      for (const [name, id] of given) {
        assert.deepEqual(JSON.parse((await call(`/schemas/ids/${id}`)).schema ?? '{}'), schema(name))
        assert.equal((await call(`/subjects/${name}-value/versions`, schema(name))).id, id)
      }
      const { id } = await call(`/subjects/Round${round}-value/versions`, schema(`Round${round}`))
      await program.kill()
      assert.ok(id !== undefined && ![...given.values()].includes(id))
      given.set(`Round${round}`, id)
      assert.ok(!(await isRegistryHealthy(port)))
    }
  },
)

test(
  'in memory, as the image has it, it would be forgotten',
  { skip: !kafka.here && kafka.why, timeout: 120_000 },
  async t => {
    const { run, port } = await layRegistry(t, 'jdbc:h2:mem:registry_db')
    const call = calling(port)
    const program = await run()
    const { id } = await call('/subjects/Kept-value/versions', schema('Kept'))
    await program.kill()
    await run()
    assert.equal((await call(`/schemas/ids/${id ?? ''}`)).schema, undefined)
  },
)

test('its file lies in its volume, and is written before it answers', () => {
  assert.match(DATABASE, /^jdbc:h2:file:\/registry\/registry;WRITE_DELAY=0$/)
  assert.deepEqual(mountsOf(service('registry')), [
    { source: 'registry', target: '/registry', readOnly: false, bound: false },
  ])
})
