/** What Odoo answers, and what becomes of it: what may pass is tried again, what may not is told, and no secret is. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { OdooAway, OdooClient, OdooRefused } from '../../odoo/client.ts'

const KEY = '0123456789abcdef0123456789abcdef01234567'
const json = (name: string, message: string) =>
  JSON.stringify({ name, message, arguments: [message], context: {}, debug: `Traceback\n SECRET ${KEY}` })

interface Said {
  readonly status?: number
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly afterMs?: number
  readonly hangUp?: boolean
}
async function odooThat(t: TestContext, says: () => Said) {
  const seen = { now: 0, most: 0, headers: {} as Record<string, unknown>, path: '' }
  const server = createServer((request, response) => {
    seen.most = Math.max(seen.most, ++seen.now)
    seen.headers = request.headers
    seen.path = request.url ?? ''
    const { status = 200, body = '{}', headers = {}, afterMs = 0, hangUp = false } = says()
    setTimeout(() => {
      seen.now--
      if (hangUp) return void request.socket.destroy()
      response.writeHead(status, { connection: 'close', ...headers })
      response.end(body)
    }, afterMs)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, url, client: new OdooClient({ url, database: 'lab', apiKey: KEY, timeoutMs: 300 }) }
}
const failure = (client: OdooClient) =>
  client.call('stock.picking', 'web_search_read', {}).then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error as Error,
  )

const SERIALIZATION = 'could not serialize access due to concurrent update\n'
const cases: readonly (readonly [what: string, said: Said, of: typeof OdooAway | typeof OdooRefused, says: RegExp])[] =
  [
    [
      'a bad key',
      { status: 401, body: json('werkzeug.exceptions.Unauthorized', 'Invalid apikey') },
      OdooRefused,
      /401 Invalid apikey/,
    ],
    [
      'a missing right',
      { status: 403, body: json('odoo.exceptions.AccessError', 'You are not allowed\n\nmore') },
      OdooRefused,
      /not allowed$/,
    ],
    ['a wrong database', { status: 404, body: '<!DOCTYPE html>' }, OdooRefused, /no such database/],
    [
      'an unknown model',
      { status: 404, body: json('werkzeug.exceptions.NotFound', "the model 'x' does not exist") },
      OdooRefused,
      /does not exist/,
    ],
    ['a wrong content type', { status: 415, body: '<!doctype html>' }, OdooRefused, /415/],
    [
      'an error of the user',
      { status: 422, body: json('odoo.exceptions.UserError', 'Invalid order') },
      OdooRefused,
      /422 Invalid order/,
    ],
    [
      'following twice',
      { status: 422, body: json('odoo.exceptions.ValidationError', 'cannot follow twice') },
      OdooAway,
      /follow twice/,
    ],
    [
      'an unknown field',
      { status: 500, body: json('builtins.ValueError', "Invalid field 'x'") },
      OdooRefused,
      /Invalid field/,
    ],
    [
      'a serialization failure',
      { status: 500, body: json('psycopg2.errors.SerializationFailure', SERIALIZATION) },
      OdooAway,
      /concurrent/,
    ],
    ['a proxy without Odoo', { status: 502, body: '<html>Bad Gateway</html>' }, OdooAway, /502/],
    ['a start-up page', { status: 500, body: 'Internal Server Error' }, OdooAway, /500/],
    ['too many requests', { status: 429, body: '' }, OdooAway, /429/],
    ['another address', { status: 303, headers: { location: 'http://127.0.0.1:1/' } }, OdooRefused, /303/],
    ['a page instead of an answer', { body: '<html>' }, OdooRefused, /no JSON/],
    ['no answer in time', { afterMs: 600 }, OdooAway, /within 300 ms/],
    ['a connection that is dropped', { hangUp: true }, OdooAway, /no answer/],
  ]
for (const [what, said, of, says] of cases)
  test(`${what} is ${of === OdooAway ? 'waited out' : 'told, not tried again'}`, async t => {
    const { client } = await odooThat(t, () => said)
    const error = await failure(client)
    assert.ok(error instanceof of, String(error))
    assert.match(error.message, says)
    assert.doesNotMatch(
      `${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`,
      new RegExp(`${KEY}|Traceback|SECRET`),
    )
  })

test('nobody there is waited for', async () => {
  const error = await failure(new OdooClient({ url: 'http://127.0.0.1:1', database: 'lab', apiKey: KEY }))
  assert.ok(error instanceof OdooAway)
})

test('one request at a time, with the key and the database in its headers', async t => {
  const { client, seen } = await odooThat(t, () => ({ body: '[1]', afterMs: 20 }))
  await Promise.all(Array.from({ length: 6 }, () => client.call('res.partner', 'search', { domain: [] })))
  assert.equal(seen.most, 1)
  assert.equal(seen.path, '/json/2/res.partner/search')
  assert.equal(seen.headers['authorization'], `bearer ${KEY}`)
  assert.equal(seen.headers['x-odoo-database'], 'lab')
})

test('who stops waits for nothing', async t => {
  const { client } = await odooThat(t, () => ({ afterMs: 250 }))
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 30)
  const begun = performance.now()
  await assert.rejects(client.call('res.partner', 'search', {}, stop.signal), { name: 'AbortError' })
  assert.ok(performance.now() - begun < 200)
})
