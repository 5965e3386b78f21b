import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { LINK_MS, SESSION_MS } from '../../../app/read/session.ts'
import * as topics from '../../../schemas/topics.ts'
import { aCase, at, tell } from '../../sinks/control-tower/telling.ts'
import { bearer, serving, type Serving } from './serving.ts'

const NOW = at('2026-03-01T15:00:00Z')
const ORIGIN = 'http://127.0.0.1:8080'
const OWN = { host: '127.0.0.1:8080', origin: ORIGIN }
let s: Serving
beforeEach(async () => {
  s = await serving(() => NOW)
  await s.write(tell(topics.cases, aCase('c-1', NOW)))
})
afterEach(() => s[Symbol.asyncDispose]())

const open = (link: string, headers: Record<string, string> = {}) =>
  s.server.inject({ path: link.slice(ORIGIN.length), headers })
/** The session's cookie, as a browser sends it back. */
const login = async (): Promise<{ cookie: string }> => {
  const answer = await open(s.sessions.mintLink(ORIGIN))
  return { cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '' }
}
const read = async (headers: Record<string, string>) =>
  (await s.server.inject({ path: '/v1/shipments', headers })).statusCode
const act = async (headers: Record<string, string>) =>
  (await s.server.inject({ method: 'POST', path: '/v1/cases/c-1/resolve', headers })).statusCode

describe('the one-time link', () => {
  test('opens a session once', async () => {
    const link = s.sessions.mintLink(ORIGIN)
    const answer = await open(link)
    assert.equal(answer.statusCode, 303)
    assert.equal(answer.headers.location, '/')
    const cookie = String(answer.headers['set-cookie'])
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/', `Max-Age=${SESSION_MS / 1_000}`])
      assert.ok(cookie.includes(attribute), attribute)
    assert.equal(await read({ cookie: cookie.split(';')[0] ?? '' }), 200)
    const again = await open(link)
    assert.equal(again.headers.location, '/?login=failed')
    assert.equal(again.headers['set-cookie'], undefined)
  })

  test('is not used up by those who only look: HEAD, a browser’s prefetch', async () => {
    const link = s.sessions.mintLink(ORIGIN)
    await s.server.inject({ method: 'HEAD', path: link.slice(ORIGIN.length) })
    assert.equal((await open(link, { 'sec-purpose': 'prefetch' })).headers['set-cookie'], undefined)
    assert.equal((await open(link)).headers.location, '/')
  })

  test('expires, and there is no other', async () => {
    const link = s.sessions.mintLink(ORIGIN)
    s.wall = LINK_MS
    assert.equal((await open(link)).headers.location, '/?login=failed')
    for (const query of ['', '?code=', '?code=x', '?code=a&code=b'])
      assert.equal((await open(`${ORIGIN}/login${query}`)).headers.location, '/?login=failed', query)
  })
})

describe('a session', () => {
  test('reads, among other cookies too', async () => {
    const { cookie } = await login()
    assert.equal(await read({ cookie }), 200)
    assert.equal(await read({ cookie: `a=b; ${cookie}; milepost_session=old` }), 200)
    assert.equal(await read({}), 401)
    assert.equal(await read({ cookie: 'milepost_session=' }), 401)
    assert.equal(await read({ cookie: `${cookie}x` }), 401)
  })

  test('ends after 12 h, and at logout', async () => {
    const first = await login()
    s.wall = SESSION_MS - 1
    assert.equal(await read(first), 200)
    s.wall = SESSION_MS
    assert.equal(await read(first), 401)
    const second = await login()
    const logout = (headers: Record<string, string>) => s.server.inject({ method: 'POST', path: '/logout', headers })
    assert.equal((await logout({ ...second, host: OWN.host, origin: 'http://127.0.0.1:9999' })).statusCode, 403)
    assert.equal(await read(second), 200, 'another site’s page ends no session')
    const answer = await logout({ ...second, ...OWN })
    assert.match(String(answer.headers['set-cookie']), /^milepost_session=; .*Max-Age=0/)
    assert.equal(await read(second), 401)
  })

  test('of more than a thousand only the oldest ends', async () => {
    const opened = Array.from({ length: 1_001 }, () => {
      const code = new URL(s.sessions.mintLink(ORIGIN)).searchParams.get('code') ?? ''
      return { cookie: `milepost_session=${s.sessions.redeem(code) ?? ''}` }
    })
    const [oldest = {}, next = {}] = opened
    assert.deepEqual([await read(oldest), await read(next), await read(opened.at(-1) ?? {})], [401, 200, 200])
  })

  test('acts only from the page itself', async () => {
    const session = await login()
    assert.equal(await act({ ...session, host: OWN.host }), 403, 'no word of where it comes from')
    assert.equal(
      await act({ ...session, host: OWN.host, origin: 'http://127.0.0.1:9999' }),
      403,
      'another port is the same site',
    )
    assert.equal(await act({ ...session, host: OWN.host, origin: 'null' }), 403)
    assert.equal(await act({ ...session, ...OWN, 'sec-fetch-site': 'same-site' }), 403)
    assert.equal(s.actions.length, 0)
    assert.equal(await act({ ...session, ...OWN }), 202)
    assert.equal(await act({ ...session, host: OWN.host, 'sec-fetch-site': 'same-origin' }), 202)
    assert.equal(s.actions[0]?.value.by, 'control tower')
  })

  test('does not help a token that opens nothing', async () => {
    const session = await login()
    assert.equal(await read({ ...session, authorization: 'Bearer nonsense' }), 401)
    assert.equal(await act({ ...session, ...OWN, ...bearer('read') }), 403)
  })
})

test('the page loads nothing from elsewhere and can be in no frame', async () => {
  const answer = await s.server.inject('/')
  assert.match(String(answer.headers['content-security-policy']), /^default-src 'self';.*frame-ancestors 'none'/)
  assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  const loads = [...answer.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address]) => address ?? '')
  for (const address of loads) {
    assert.match(address, /^\//)
    const asset = await s.server.inject(address)
    assert.equal(asset.statusCode, 200, address)
    assert.equal(
      (await s.server.inject({ path: address, headers: { 'if-none-match': String(asset.headers.etag) } })).statusCode,
      address === '/openapi.json' ? 200 : 304,
    )
  }
  assert.doesNotMatch(answer.body, /<script>|style=|onclick/)
  assert.equal((await s.server.inject('/assets/../read.ts')).statusCode, 404)
})
