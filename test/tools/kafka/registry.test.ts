import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { describe, test } from 'node:test'
import { kafkaIsHere } from '../../../tools/kafka/install.ts'
import { startRegistry } from '../../../tools/kafka/registry.ts'
import { listensOn, LOOPBACK } from './asking.ts'

const kafka = kafkaIsHere()
const JSON_TYPE = { 'content-type': 'application/vnd.schemaregistry.v1+json' }

/** The status of GET /subjects. */
const statusOf = (url: string, options: RequestOptions): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(`${url}/subjects`, { agent: false, ...options }, response => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
      .once('error', reject)
      .end()
  })

describe('a registry', { skip: !kafka.here && kafka.why, timeout: 120_000 }, () => {
  test('registers a schema, keeps it over a restart, and listens on loopback alone', async () => {
    await using registry = await startRegistry()
    assert.deepEqual(await (await fetch(`${registry.url}/config`)).json(), { compatibilityLevel: 'NONE' })
    const body = JSON.stringify({ schema: '"string"' })
    const registered = await fetch(`${registry.url}/subjects/a-value/versions`, {
      method: 'POST',
      headers: JSON_TYPE,
      body,
    })
    const { id } = (await registered.json()) as { id: number }
    assert.ok(Number.isInteger(id))
    const addresses = listensOn(registry.pid ?? assert.fail('no process'))
    assert.ok(addresses.length > 0)
    assert.deepEqual(
      addresses.filter(address => !LOOPBACK.includes(address)),
      [],
    )

    await registry.stop()
    await assert.rejects(fetch(`${registry.url}/subjects`))
    await registry.start()
    assert.deepEqual(await (await fetch(`${registry.url}/schemas/ids/${id}`)).json(), {
      schema: '"string"',
      references: [],
    })
  })

  test('with a password lets in who knows it', async () => {
    await using registry = await startRegistry({ security: 'basic' })
    const { caFile = '', username = '', password = '' } = registry.access
    const ca = readFileSync(caFile)
    assert.equal(await statusOf(registry.url, { ca, auth: `${username}:${password}` }), 200)
    assert.equal(await statusOf(registry.url, { ca, auth: `${username}:guessed` }), 401)
    assert.equal(await statusOf(registry.url, { ca }), 401)
    await assert.rejects(statusOf(registry.url, { auth: `${username}:${password}` }), /certificate/)
    await registry.stop()
    await assert.rejects(statusOf(registry.url, { ca }), /ECONNREFUSED/)
    await registry.start()
    assert.equal(await statusOf(registry.url, { ca, auth: `${username}:${password}` }), 200)
  })

  test('with certificates lets in who has one of its CA', async () => {
    await using registry = await startRegistry({ security: 'mtls' })
    const { caFile = '', certFile = '', keyFile = '' } = registry.access
    const { stranger } = registry.certificates ?? assert.fail('no certificates')
    const ca = readFileSync(caFile)
    const own = (cert: string, key: string) => ({ ca, cert: readFileSync(cert), key: readFileSync(key) })
    assert.equal(await statusOf(registry.url, own(certFile, keyFile)), 200)
    await assert.rejects(statusOf(registry.url, { ca }))
    await assert.rejects(statusOf(registry.url, own(stranger.certFile, stranger.keyFile)))
  })
})
