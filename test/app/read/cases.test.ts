import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import * as topics from '../../../schemas/topics.ts'
import { LogUnavailable } from '../../../streams/log/log.ts'
import { later, minutes } from '../../../streams/time.ts'
import { aCase, at, tell } from '../../sinks/control-tower/telling.ts'
import { bearer, serving, type Serving } from './serving.ts'

const NOW = at('2026-03-01T15:00:00Z')
let s: Serving
beforeEach(async () => {
  s = await serving(() => NOW)
  await s.write(
    tell(
      topics.cases,
      aCase('c-1', NOW, { shipmentId: 'S-1', subjectId: 'S-1' }),
      aCase('c-2', later(NOW, -minutes(5)), {
        shipmentId: 'S-2',
        kind: 'no_signal',
        severity: 'medium',
        state: 'acknowledged',
      }),
      aCase('c-3', later(NOW, -minutes(5)), { shipmentId: 'S-1', state: 'resolved', closedAt: NOW }),
      aCase('c-4', later(NOW, -minutes(9)), { shipmentId: 'S-2', state: 'open', retracted: true }),
    ),
  )
})
afterEach(() => s[Symbol.asyncDispose]())

interface Page {
  readonly cases: readonly { readonly caseId: string; readonly state: string }[]
  readonly nextCursor: string | null
}
const get = async (query: string) => {
  const answer = await s.server.inject({ path: `/v1/cases?${query}`, headers: bearer('read') })
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json<Page>()
}
const idsOf = async (query: string) => (await get(query)).cases.map(({ caseId }) => caseId)
const post = (path: string, payload?: object, headers: Record<string, string> = bearer('admin')) =>
  s.server.inject({ method: 'POST', path, headers, ...(payload && { payload }) })

describe('GET /v1/cases', () => {
  test('has the newest first, page by page', async () => {
    assert.deepEqual(await idsOf(''), ['c-1', 'c-3', 'c-2', 'c-4'])
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Page = await get(`limit=1${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.cases.map(({ caseId }) => caseId))
      cursor = page.nextCursor
    }
    assert.deepEqual(seen, ['c-1', 'c-3', 'c-2', 'c-4'])
  })

  test('filters', async () => {
    assert.deepEqual(await idsOf('state=open,acknowledged'), ['c-1', 'c-2'])
    assert.deepEqual(await idsOf('state=withdrawn'), ['c-4'], 'what was retracted is withdrawn')
    assert.deepEqual(await idsOf('kind=no_signal'), ['c-2'])
    assert.deepEqual(await idsOf('severity=high&shipmentId=S-1'), ['c-1', 'c-3'])
    const answer = await s.server.inject({ path: '/v1/cases?state=open,closed', headers: bearer('read') })
    assert.equal(answer.statusCode, 400)
  })

  test('one by its id, fresh each time', async () => {
    const answer = await s.server.inject({ path: '/v1/cases/c-2', headers: bearer('read') })
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.json<{ state: string }>().state, 'acknowledged')
    assert.equal((await s.server.inject({ path: '/v1/cases/c-9', headers: bearer('read') })).statusCode, 404)
  })
})

describe('POST /v1/cases/{caseId}/…', () => {
  test('puts the action into the log, with the basis of the case and the name of the token', async () => {
    const answer = await post('/v1/cases/c-1/acknowledge')
    assert.equal(answer.statusCode, 202, answer.body)
    const [action] = s.actions
    assert.deepEqual(
      { ...action?.value },
      {
        ...{ occurredAt: NOW, caseId: 'c-1', subjectId: 'S-1', subjectKind: 'shipment', action: 'acknowledge' },
        ...{ by: 'admin-token', text: null, basis: 'basis of c-1' },
      },
    )
    assert.equal(action?.source, 'person:admin-token')
    assert.deepEqual(answer.json(), {
      ...{ eventId: action.eventId, caseId: 'c-1', action: 'acknowledge', by: 'admin-token', text: null },
      ...{ basis: 'basis of c-1', occurredAt: '2026-03-01T15:00:00.000Z' },
    })
  })

  test('takes who, what they say, and what they saw', async () => {
    const answer = await post('/v1/cases/c-1/resolve', { by: ' Mira ', text: 'called', basis: 'basis of c-1' })
    assert.equal(answer.statusCode, 202)
    assert.deepEqual([s.actions[0]?.value.by, s.actions[0]?.value.text], ['Mira', 'called'])
  })

  test('refuses to act on what has changed since it was seen', async () => {
    assert.equal((await post('/v1/cases/c-1/resolve', { basis: 'an older one' })).statusCode, 409)
    assert.equal(s.actions.length, 0)
  })

  test('refuses what is not as documented', async () => {
    assert.equal((await post('/v1/cases/c-9/resolve')).statusCode, 404)
    assert.equal((await post('/v1/cases/c-1/comment')).statusCode, 422, 'a comment says something')
    assert.equal((await post('/v1/cases/c-1/comment', { text: '  ' })).statusCode, 422)
    assert.equal((await post('/v1/cases/c-1/resolve', { txt: 'x' })).statusCode, 422)
    assert.equal((await post('/v1/cases/c-1/delete')).statusCode, 404)
    const broken = await s.server.inject({
      ...{ method: 'POST' as const, path: '/v1/cases/c-1/resolve', payload: '{' },
      headers: { ...bearer('admin'), 'content-type': 'application/json' },
    })
    assert.equal(broken.statusCode, 400)
    assert.equal((await post('/v1/cases/c-1/resolve', { text: 'x'.repeat(70_000) })).statusCode, 413)
    assert.equal(s.actions.length, 0)
  })

  test('needs a token that may act', async () => {
    assert.equal((await post('/v1/cases/c-1/resolve', undefined, {})).statusCode, 401)
    assert.equal((await post('/v1/cases/c-1/resolve', undefined, bearer('read'))).statusCode, 403)
    assert.equal(s.actions.length, 0)
  })

  test('says so when the log is away, and nothing is kept', async () => {
    s.appendFails = new LogUnavailable('disk full')
    const answer = await post('/v1/cases/c-1/resolve')
    assert.equal(answer.statusCode, 503)
    assert.ok(Number(answer.headers['retry-after']) > 0)
  })
})
