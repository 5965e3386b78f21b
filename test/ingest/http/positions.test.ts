import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { eventClock } from '../../../ingest/clock.ts'
import { NDJSON } from '../../../ingest/positions.ts'
import type { SourceHeard } from '../../../schemas/generated/events.ts'
import { sourcesHeard } from '../../../schemas/topics.ts'
import { LogUnavailable } from '../../../streams/log/log.ts'
import { frontDoor } from '../support/front-door.ts'
import { t } from '../support/records.ts'
import { fix } from '../support/said.ts'

describe('POST /v1/positions', () => {
  test('answers record by record, and has both kinds in the log, in one append, when it does', async context => {
    const door = await frontDoor(context)
    const before = Date.now()
    const answer = await door.send([fix(), fix({ latitude: 91 }), fix({ vehicleId: 'truck-8' })])
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, {
      accepted: 2,
      refused: [{ index: 1, reason: 'expected a number from -90 to 90', at: '$[1].latitude' }],
    })
    assert.equal(door.log.appends.length, 1)
    const positions = door.log.positions()
    assert.deepEqual(
      positions.map(({ source, value, cause }) => [source, value.vehicleId, cause]),
      [
        ['telematics:ingest-1', 'truck-7', null],
        ['telematics:ingest-1', 'truck-8', null],
      ],
    )
    for (const { receivedAt, emittedAt } of positions) {
      assert.ok(receivedAt >= before && receivedAt <= Date.now())
      assert.equal(emittedAt, null)
    }
    const [refused] = door.log.refused()
    assert.equal(refused?.raw, JSON.stringify(fix({ latitude: 91 })))
    assert.deepEqual(
      [refused.adapter, refused.at, refused.contentType],
      ['positions', '$[1].latitude', 'application/json'],
    )
    assert.deepEqual(door.counts.counted, { 'positions/accepted': 2, 'positions/refused': 1 })
    assert.deepEqual(door.log.ticks(), [])
  })

  test('takes NDJSON, and gzip', async context => {
    const door = await frontDoor(context)
    const ndjson = await door.send(`${JSON.stringify(fix())}\n{"oops\n`, { 'content-type': `${NDJSON}; charset=utf-8` })
    assert.deepEqual(ndjson.json, {
      accepted: 1,
      refused: [
        { index: 1, reason: (ndjson.json as { refused: { reason: string }[] }).refused[0]?.reason, at: '$[1]' },
      ],
    })
    const headers = {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      ...door.bearer(door.tokens.ingest),
    }
    const zipped = await door.call('POST', '/v1/positions', new Uint8Array(gzipSync(JSON.stringify([fix()]))), headers)
    assert.deepEqual([zipped.status, zipped.json], [200, { accepted: 1, refused: [] }])
  })

  test('gives one fix of one source the same id however often it comes, and another source another', async context => {
    const door = await frontDoor(context)
    await door.send([fix()])
    await door.send([fix({ occurredAt: '2026-03-01T13:00:00+01:00' })])
    await door.send([fix()], door.bearer(door.tokens.admin))
    await door.send([fix({ speedMps: 1 })])
    const ids = door.log.positions().map(({ eventId }) => eventId)
    assert.equal(ids.length, 4)
    assert.equal(ids[0], ids[1])
    assert.equal(new Set(ids).size, 3)
  })

  for (const [what, body, status, at] of [
    ['all of whose records are refused', [fix({ latitude: 91 }), 1], 422, '$[0].latitude'],
    ['that is no array', fix(), 422, '$'],
    ['that is not JSON', '[{', 400, '$'],
    ['that is empty', '', 400, '$'],
    ['of more than 10,000 records', `[${'1,'.repeat(10_000)}1]`, 413, '$'],
  ] as const) {
    test(`answers ${status} to a delivery ${what}, and keeps it with the reason`, async context => {
      const door = await frontDoor(context)
      const answer = await door.send(body)
      const {
        status: said,
        accepted,
        errors,
      } = answer.json as { status: number; accepted: number; errors: { at: string }[] }
      assert.deepEqual([answer.status, said, accepted, errors[0]?.at], [status, status, 0, at])
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal(door.log.appends.length, 1)
      assert.deepEqual(door.log.refused().map(refused => refused.at)[0], at)
    })
  }

  test('does not answer before the append is durable', async context => {
    const door = await frontDoor(context)
    const gate = Promise.withResolvers<undefined>()
    door.log.durable = gate.promise
    let answered = false
    const answer = door.send([fix()]).finally(() => (answered = true))
    assert.equal((await door.send('', { authorization: '' })).status, 401)
    assert.equal(answered, false)
    gate.resolve(undefined)
    assert.equal((await answer).status, 200)
  })

  test('answers 503 while the log is unavailable, counts nothing, and takes the same again later', async context => {
    const door = await frontDoor(context)
    door.log.failure = new LogUnavailable('disk full')
    const answer = await door.send([fix(), 1])
    assert.equal(answer.status, 503)
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
    assert.deepEqual(door.counts.counted, {})
    door.log.failure = undefined
    assert.equal((await door.send([fix(), 1])).status, 200)
    assert.equal(door.log.positions().length, 1)
  })

  test('answers 500 to a bug of ours, says nothing of it, and logs it', async context => {
    const door = await frontDoor(context)
    door.log.failure = new TypeError('secret innards')
    const answer = await door.send([fix()])
    assert.equal(answer.status, 500)
    assert.ok(!answer.text.includes('innards'))
    assert.ok(door.logged.some(line => line.includes('innards')))
  })
})

describe('POST /v1/positions in event mode', () => {
  const wall = () => t('2026-06-01T00:00:00Z')

  test('stamps with the highest occurredAt, and tells the tick in the same append', async context => {
    const door = await frontDoor(context, { clock: eventClock(undefined, wall) })
    await door.send([fix({ occurredAt: '2026-03-01T12:00:10Z' }), fix(), fix({ occurredAt: '2099-01-01T00:00:00Z' })])
    await door.send([fix({ occurredAt: '2026-03-01T11:00:00Z' })])
    assert.deepEqual(
      door.log.positions().map(({ receivedAt }) => new Date(receivedAt).toISOString()),
      Array.from({ length: 4 }, () => '2026-03-01T12:00:10.000Z'),
    )
    assert.deepEqual(door.log.ticks(), ['2026-03-01T12:00:10.000Z'])
    assert.deepEqual(
      door.log.appends[0]?.map(({ topic }) => topic).filter(topic => topic !== 'source.heard.v1'),
      [...Array.from({ length: 3 }, () => 'telematics.position.v1'), 'delivery.v1', 'clock.tick.v1'],
    )
    assert.ok(
      door.log.appends[0].filter(({ topic }) => topic === 'clock.tick.v1').every(({ partition }) => partition === 0),
    )
  })

  test('says once for each minute that its feed was heard, in the same append', async context => {
    const door = await frontDoor(context, { clock: eventClock(undefined, wall) })
    const heard = () => door.log.events<SourceHeard>(sourcesHeard).map(({ value }) => new Date(value.occurredAt))
    await door.send([fix({ occurredAt: '2026-03-01T12:00:10Z', receivedAt: '2026-03-01T12:00:12Z' }), fix()])
    assert.deepEqual(heard(), [new Date('2026-03-01T12:00:00Z')])
    assert.deepEqual(
      door.log.appends[0]?.map(({ topic }) => topic).filter(topic => topic === 'source.heard.v1'),
      ['source.heard.v1'],
    )
    await door.send([fix({ occurredAt: '2026-03-01T12:00:40Z', receivedAt: '2026-03-01T12:00:59Z' })])
    assert.equal(heard().length, 1)
    await door.send([fix({ occurredAt: '2026-03-01T12:01:40Z', receivedAt: '2026-03-01T12:01:41Z' })])
    assert.deepEqual(heard()[1], new Date('2026-03-01T12:01:00Z'))
  })

  test('says again that a feed was heard if the append failed', async context => {
    const door = await frontDoor(context, { clock: eventClock(undefined, wall) })
    door.log.failure = new LogUnavailable('disk full')
    await door.send([fix()])
    door.log.failure = undefined
    await door.send([fix()])
    assert.equal(door.log.events(sourcesHeard).length, 1)
  })

  test('believes a record that says when it was received; live it does not know the field', async context => {
    const told = fix({ receivedAt: '2026-03-01T12:00:03Z' })
    const event = await frontDoor(context, { clock: eventClock(undefined, wall) })
    await event.send([told])
    assert.equal(event.log.positions()[0]?.receivedAt, t('2026-03-01T12:00:03Z'))
    const live = await frontDoor(context)
    assert.equal((await live.send([told])).status, 422)
  })

  test('tells the tick that a failed append did not', async context => {
    const door = await frontDoor(context, { clock: eventClock(undefined, wall) })
    door.log.failure = new LogUnavailable('disk full')
    await door.send([fix({ occurredAt: '2026-03-01T12:00:10Z' })])
    door.log.failure = undefined
    await door.send([fix()])
    assert.deepEqual(door.log.ticks(), ['2026-03-01T12:00:00.000Z'])
  })
})
