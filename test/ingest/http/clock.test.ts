import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventClock } from '../../../ingest/clock.ts'
import { LogUnavailable } from '../../../streams/log/log.ts'
import { frontDoor } from '../support/front-door.ts'

describe('POST /v1/clock', () => {
  test('moves the clock where time is that of events, and never back', async context => {
    const door = await frontDoor(context, { clock: eventClock() })
    const moved = await door.moveClock('2030-01-01T00:00:00Z')
    assert.deepEqual([moved.status, moved.json], [200, { applied: true, at: '2030-01-01T00:00:00.000Z' }])
    const back = await door.moveClock('2029-01-01T00:00:00Z')
    assert.deepEqual([back.status, back.json], [200, { applied: false, at: '2030-01-01T00:00:00.000Z' }])
    assert.deepEqual((await door.moveClock('2030-01-01T00:00:00Z')).json, moved.json)
    assert.deepEqual(door.log.ticks(), ['2030-01-01T00:00:00.000Z'])
  })

  test('is 409 in live mode, 422 for what is no time, 400 for what is no JSON, 503 while the log is away', async context => {
    const live = await frontDoor(context)
    assert.equal((await live.moveClock('2030-01-01T00:00:00Z')).status, 409)
    const door = await frontDoor(context, { clock: eventClock() })
    const nonsense = await door.moveClock('tomorrow')
    assert.deepEqual([nonsense.status, (nonsense.json as { errors: { at: string }[] }).errors[0]?.at], [422, '$.at'])
    const headers = { 'content-type': 'application/json', ...door.bearer(door.tokens.admin) }
    assert.equal((await door.call('POST', '/v1/clock', '{', headers)).status, 400)
    door.log.failure = new LogUnavailable('disk full')
    assert.equal((await door.moveClock('2030-01-01T00:00:00Z')).status, 503)
    door.log.failure = undefined
    assert.deepEqual((await door.moveClock('2030-01-01T00:00:00Z')).json, {
      applied: true,
      at: '2030-01-01T00:00:00.000Z',
    })
    assert.equal(door.log.ticks().length, 1)
  })
})
