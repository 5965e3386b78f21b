import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { failedAttempts } from '../../../ingest/http/authorize.ts'
import { Problem } from '../../../ingest/http/problem.ts'
import { createToken, revokeToken, type Role, ROLES } from '../../../ingest/tokens.ts'
import { eventClock } from '../../../ingest/clock.ts'
import { frontDoor } from '../support/front-door.ts'
import { fix, shipment } from '../support/said.ts'

const MAY: Record<string, readonly Role[]> = {
  'POST /v1/positions': ['ingest', 'admin'],
  'PUT /v1/shipments/s': ['ingest', 'admin'],
  'POST /v1/clock': ['admin'],
}
const BODY: Record<string, unknown> = {
  'POST /v1/positions': [fix()],
  'PUT /v1/shipments/s': shipment(),
  'POST /v1/clock': { at: '2026-03-01T12:00:00Z' },
}

describe('who may call', () => {
  test('each address with a token of each role, with none, and with a wrong one', async context => {
    const door = await frontDoor(context, { clock: eventClock() })
    for (const [address, may] of Object.entries(MAY)) {
      const [method = '', path = ''] = address.split(' ')
      const ask = (headers: Record<string, string>) =>
        door.call(method, path, JSON.stringify(BODY[address]), { 'content-type': 'application/json', ...headers })
      for (const role of ROLES) {
        assert.equal(
          (await ask(door.bearer(door.tokens[role]))).status,
          may.includes(role) ? 200 : 403,
          `${role} ${address}`,
        )
      }
      const none = await ask({})
      assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer realm="milepost"'])
      for (const authorization of ['Bearer mp_000000000000_00', `Bearer ${door.tokens.admin}0`, 'Bearer x y']) {
        const wrong = await ask({ authorization })
        assert.equal(wrong.status, 401)
        assert.match(wrong.headers.get('www-authenticate') ?? '', /^Bearer realm="milepost"/)
      }
      assert.equal((await ask({ authorization: `Basic ${btoa(`x:${door.tokens.admin}`)}` })).status, 401)
    }
  })

  test('a token made while the server runs opens, a revoked one does not', async context => {
    const door = await frontDoor(context)
    const { id, token } = await createToken(door.tokensPath, 'ingest', 'depot')
    assert.equal((await door.send([fix()], door.bearer(token))).status, 200)
    assert.equal(door.log.positions()[0]?.source, 'telematics:depot')
    await revokeToken(door.tokensPath, id)
    assert.equal((await door.send([fix()], door.bearer(token))).status, 401)
  })

  test('who guesses too often is slowed down, and whoever is right is let in all the same', async context => {
    const door = await frontDoor(context, { attempts: { attempts: 2, perMs: 3_600_000, addresses: 10 } })
    const guess = () => door.send([fix()], { authorization: 'Bearer guess' })
    assert.deepEqual([(await guess()).status, (await guess()).status], [401, 401])
    const slowed = await guess()
    assert.equal(slowed.status, 429)
    assert.match(slowed.headers.get('retry-after') ?? '', /^\d+$/)
    assert.equal((await door.events({ events: [] }, { sentAt: 1_000 })).status, 429)
    assert.equal((await door.send([fix()])).status, 200)
  })

  test('attempts are forgotten after a while, and addresses beyond a number at once', () => {
    let now = 0
    const failed = failedAttempts({ attempts: 1, perMs: 1_000, addresses: 2 }, () => now)
    const throws = (address: string) =>
      assert.throws(
        () => failed.count(address),
        error => error instanceof Problem && error.status === 429,
      )
    failed.count('a')
    throws('a')
    now = 1_000
    failed.count('a')
    failed.count('b')
    throws('a')
    failed.count('c')
    failed.count('a')
  })

  test('of too many addresses the one is forgotten that began first to fail, and who begins anew begins last', () => {
    let now = 0
    const failed = failedAttempts({ attempts: 1, perMs: 1_000, addresses: 2 }, () => now)
    for (const address of ['a', 'b']) failed.count(address)
    now = 1_000
    for (const address of ['a', 'c']) failed.count(address)
    assert.throws(() => failed.count('a'), Problem)
  })

  test('whoever shows nothing learns that first, and not that there is no room', async context => {
    const door = await frontDoor(context, { clock: eventClock(), guard: () => 'full' })
    for (const address of [...Object.keys(BODY), 'POST /v1/partners/acme/events']) {
      const [method = '', path = ''] = address.split(' ')
      assert.equal((await door.call(method, path, '{}', { 'content-type': 'application/json' })).status, 401, address)
    }
  })

  test('no secret is ever logged', async context => {
    const door = await frontDoor(context)
    await door.send([fix()])
    await door.send([fix()], { authorization: 'Bearer mp_wrong' })
    door.log.failure = new TypeError('a bug')
    await door.send([fix()])
    await door.events({ events: [] })
    const all = door.logged.join('\n')
    assert.match(all, /a bug/)
    assert.doesNotMatch(all, /mp_|whsec_|v1,/)
  })
})
