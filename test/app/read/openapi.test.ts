/** What /openapi.json says is what is served: real answers are held against it by a validator of JSON Schema. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { openApiDocument } from '../../../app/read/openapi.ts'
import { later, minutes } from '../../../streams/time.ts'
import { aCase, at, tell } from '../../sinks/control-tower/telling.ts'
import * as topics from '../../../schemas/topics.ts'
import { bearer, serving, WELL, type Serving } from './serving.ts'
import { fleet } from './world.ts'

interface Validator {
  addSchema(schema: object, name: string): void
  validate(schema: object, value: unknown): boolean
  errorsText(): string
}
// The framework's own validator and its formats: one less package.
const ofFastify = createRequire(createRequire(import.meta.url).resolve('@fastify/ajv-compiler'))
const { default: Ajv } = ofFastify('ajv/dist/2020.js') as { default: new (options: object) => Validator }
const addFormats = (ofFastify('ajv-formats') as { default: (ajv: Validator) => void }).default

const ID = 'https://milepost.test/openapi'
const NOW = at('2026-03-01T15:00:00Z')
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
  readonly security?: readonly object[]
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

let s: Serving
let document: Document
let ajv: Validator
before(async () => {
  s = await serving(
    () => NOW,
    [
      {
        paths: {
          '/v1/positions': { post: { responses: {} } },
          '/v1/shipments/{shipmentId}': { put: { responses: {} } },
        },
      },
    ],
  )
  await s.write(...fleet(NOW, 27), tell(topics.cases, aCase('c-1', later(NOW, -minutes(1)), { evidence: 'no JSON' })))
  document = (await s.server.inject('/openapi.json')).json<Document>()
  ajv = new Ajv({ strict: false, validateFormats: true })
  addFormats(ajv)
  ajv.addSchema({ $id: ID, ...document }, ID)
})
after(() => s[Symbol.asyncDispose]())

const covered = new Set<string>()

/** Ask, and hold the answer against what is documented for this path, method and status. */
async function conforms(
  documented: string,
  options: InjectOptions & { readonly path: string },
  status: number,
): Promise<void> {
  const method = (options.method ?? 'GET').toLowerCase()
  const answer = await s.server.inject({ headers: bearer('admin'), ...options })
  assert.equal(answer.statusCode, status, `${options.path}: ${answer.body}`)
  const response = document.paths[documented]?.[method]?.responses[String(status)]
  assert.ok(response, `${method} ${documented} ${status} is not documented`)
  const [type = ''] = String(answer.headers['content-type']).split(';')
  const schema = response.content?.[type]?.schema
  assert.ok(schema, `${documented} ${status}: ${type} is not documented`)
  const inDocument = JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${ID}#/`)) as object
  const valid = ajv.validate(inDocument, answer.json())
  assert.ok(valid, `${documented} ${status}: ${ajv.errorsText()}\n${answer.body.slice(0, 2_000)}`)
  covered.add(`${method} ${documented}`)
}

describe('/openapi.json', () => {
  test('real answers conform to it', async () => {
    await conforms('/v1/shipments', { path: '/v1/shipments?limit=500' }, 200)
    await conforms('/v1/shipments', { path: '/v1/shipments?limit=2' }, 200)
    await conforms('/v1/shipments', { path: '/v1/shipments?limit=no' }, 400)
    await conforms('/v1/shipments', { path: '/v1/shipments', headers: {} }, 401)
    await conforms('/v1/shipments', { path: '/v1/shipments', headers: bearer('ingest') }, 403)
    for (let n = 1041; n < 1041 + 27; n++)
      await conforms('/v1/shipments/{shipmentId}', { path: `/v1/shipments/odoo-acme-picking-${n}` }, 200)
    await conforms('/v1/shipments/{shipmentId}', { path: '/v1/shipments/none' }, 404)
    const deliveries = '/v1/shipments/{shipmentId}/deliveries'
    await conforms(deliveries, { path: '/v1/shipments/odoo-acme-picking-1041/deliveries' }, 200)
    await conforms(deliveries, { path: '/v1/shipments/none/deliveries' }, 404)
    await conforms('/v1/vehicles', { path: '/v1/vehicles' }, 200)
    // What its events carry is held against their shapes in live.test.ts.
    await conforms('/v1/live', { path: '/v1/live', headers: {} }, 401)
    await conforms('/v1/overview', { path: '/v1/overview' }, 200)
    await conforms('/v1/cases', { path: '/v1/cases' }, 200)
    await conforms('/v1/cases/{caseId}', { path: '/v1/cases/ambiguous' }, 200)
    for (const action of ['acknowledge', 'resolve', 'comment']) {
      const documented = `/v1/cases/{caseId}/${action}`
      const post = (payload: object) => ({ method: 'POST' as const, path: `/v1/cases/ambiguous/${action}`, payload })
      await conforms(documented, post({ text: 'x' }), 202)
      await conforms(documented, post({ text: 'x', basis: 'other' }), 409)
      await conforms(documented, post({ text: '' }), 422)
    }
    const replay = (payload: object) => ({
      ...{ method: 'POST' as const, path: '/v1/dead-letters/none/replay', payload },
    })
    await conforms('/v1/dead-letters/{eventId}/replay', replay({}), 404)
    await conforms('/v1/dead-letters/{eventId}/replay', replay({ agian: true }), 422)
    await conforms('/v1/health/pipeline', { path: '/v1/health/pipeline' }, 200)
    await conforms('/health/live', { path: '/health/live', headers: {} }, 200)
    await conforms('/health/ready', { path: '/health/ready', headers: {} }, 200)
    s.health = { ...WELL, ready: false }
    await conforms('/health/ready', { path: '/health/ready', headers: {} }, 503)
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method} ${path}`),
    )
    const foreign = ['post /v1/positions', 'put /v1/shipments/{shipmentId}']
    assert.deepEqual([...covered, ...foreign].sort(), documented.sort(), 'every operation was asked for')
  })

  test('a validator with these schemas does find fault', () => {
    const $ref = `${ID}#/components/schemas/Lateness`
    assert.equal(ajv.validate({ $ref }, { stopId: 'a', lateByS: 3, by: 'eta' }), true)
    assert.equal(ajv.validate({ $ref }, { stopId: 'a', lateByS: 3, by: 'eta', more: 1 }), false)
    assert.equal(ajv.validate({ $ref }, { stopId: 'a', lateByS: '3', by: 'eta' }), false)
  })

  test('is whole: every reference resolves, every part of a path is declared, every read needs a token', () => {
    const text = JSON.stringify(document)
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(document.components.schemas[name], name)
    assert.doesNotMatch(text, /"\$ref":"(?!#\/components\/schemas\/)/)
    assert.equal(document.openapi, '3.1.0')
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (path === '/v1/positions' || method === 'put') continue
        const declared = operation.parameters
          .filter(one => one.in === 'path')
          .map(({ name, required }) => [name, required])
        assert.deepEqual(
          declared,
          [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]),
          path,
        )
        assert.equal(operation.security === undefined, path.startsWith('/health/'), path)
      }
    }
  })

  test('documents the filters', () => {
    const names = document.paths['/v1/shipments']?.['get']?.parameters.map(({ name }) => name)
    assert.deepEqual(names, [
      'limit',
      'cursor',
      'status',
      'phase',
      'customerId',
      'carrierId',
      'companyId',
      'openCase',
      'reference',
      'search',
    ])
  })

  test('two parts cannot declare the same', () => {
    const part = { paths: { '/a': { get: {} } } }
    assert.throws(() => openApiDocument('1', [part, part]), /\/a/)
    const schemas = (type: string) => ({ paths: {}, components: { schemas: { A: { type } } } })
    assert.doesNotThrow(() => openApiDocument('1', [schemas('string'), schemas('string')]))
    assert.throws(() => openApiDocument('1', [schemas('string'), schemas('number')]), /A/)
  })
})

test('/metrics is what the registry has', async () => {
  const answer = await s.server.inject('/metrics')
  assert.equal(answer.statusCode, 200)
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
})
