import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventClock } from '../../../ingest/clock.ts'
import type { CarrierEvent } from '../../../schemas/generated/events.ts'
import { carrierEvents } from '../../../schemas/topics.ts'
import { frontDoor, OLDER_SECRET, signature, SECRET } from '../support/front-door.ts'
import { carrierEvent } from '../support/said.ts'

const MINUTE = 60_000

describe('POST /v1/partners/{partner}/events', () => {
  test('takes what is signed by any key of the partner, and says when it was sent', async context => {
    const door = await frontDoor(context)
    const sentAt = Date.now() - MINUTE
    for (const secret of [SECRET, OLDER_SECRET]) {
      const answer = await door.events(
        { events: [carrierEvent(), carrierEvent({ code: 'nonsense' })] },
        { secret, sentAt },
      )
      assert.deepEqual(
        [answer.status, answer.json],
        [200, { accepted: 1, refused: [{ index: 1, reason: 'not a milestone code', at: '$.events[1].code' }] }],
      )
    }
    const [event, again] = door.log.events<CarrierEvent>(carrierEvents)
    assert.deepEqual([event?.source, event?.value.partner], ['partner:acme', 'acme'])
    assert.equal(event?.emittedAt, Math.floor(sentAt / 1_000) * 1_000)
    assert.equal(event.eventId, again?.eventId)
    assert.equal(door.log.refused()[0]?.raw, JSON.stringify(carrierEvent({ code: 'nonsense' })))
  })

  test('gives every version of an event an id of its own', async context => {
    const door = await frontDoor(context)
    const versions = [
      carrierEvent(),
      carrierEvent({ updatedAt: '2026-03-01T13:00:00Z' }),
      carrierEvent({ updatedAt: '2026-03-01T13:00:00Z', retracted: true }),
      carrierEvent(),
    ]
    await door.events({ events: versions })
    const events = door.log.events<CarrierEvent>(carrierEvents)
    assert.equal(new Set(events.map(({ eventId }) => eventId)).size, 3)
    const written = door.log.appends.flat().filter(({ topic }) => topic === carrierEvents.name)
    assert.equal(new Set(written.map(({ key }) => key)).size, 1)
  })

  test('takes the same delivery twice as the same records, with ids or without', async context => {
    const door = await frontDoor(context)
    const body = { events: [carrierEvent({ eventId: undefined }), carrierEvent({ eventId: undefined })] }
    await door.events(body)
    await door.events(body, { sentAt: Date.now() - MINUTE })
    const [a, b, c, d] = door.log.events(carrierEvents).map(({ eventId }) => eventId)
    assert.notEqual(a, b)
    assert.deepEqual([a, b], [c, d])
  })

  const refusedWith = async (
    context: Parameters<typeof frontDoor>[0],
    ask: (door: Awaited<ReturnType<typeof frontDoor>>) => Promise<{ status: number; headers: Headers }>,
  ) => {
    const door = await frontDoor(context)
    const { status, headers } = await ask(door)
    assert.deepEqual(door.log.appends, [], 'what nobody signed is not kept')
    if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Signature /)
    return status
  }
  const body = JSON.stringify({ events: [carrierEvent()] })

  test('refuses another key, another body, no signature, a replay and one from the future', async context => {
    const other = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
    assert.equal(await refusedWith(context, door => door.events(body, { secret: other })), 401)
    assert.equal(
      await refusedWith(context, door => door.events(`${body} `, { headers: signature(body, SECRET, Date.now()) })),
      401,
    )
    assert.equal(await refusedWith(context, door => door.events(body, { headers: { 'webhook-signature': '' } })), 401)
    assert.equal(await refusedWith(context, door => door.events(body, { sentAt: Date.now() - 6 * MINUTE })), 401)
    assert.equal(await refusedWith(context, door => door.events(body, { sentAt: Date.now() + 6 * MINUTE })), 401)
    assert.equal(
      await refusedWith(context, door =>
        door.events(body, { headers: { ...door.bearer(door.tokens.admin), 'webhook-signature': 'v1,x' } }),
      ),
      401,
      'a token opens nothing here',
    )
  })

  test('knows its partners, and takes only bytes as they were signed', async context => {
    assert.equal(await refusedWith(context, door => door.events(body, { partner: 'nobody' })), 404)
    assert.equal(await refusedWith(context, door => door.events(body, { partner: '..%2f' })), 404)
    assert.equal(
      await refusedWith(context, door => door.events(body, { headers: { 'content-encoding': 'gzip' } })),
      415,
    )
  })

  test('goes by the wall clock in event mode too, and does not call that the sender’s time', async context => {
    const door = await frontDoor(context, { clock: eventClock() })
    assert.equal(
      (
        await door.events({
          events: [carrierEvent(), carrierEvent({ classifier: 'estimated', occurredAt: '2026-03-02T00:00:00Z' })],
        })
      ).status,
      200,
    )
    const [event] = door.log.events(carrierEvents)
    assert.equal(event?.emittedAt, null)
    assert.deepEqual(door.log.ticks(), ['2026-03-01T12:30:00.000Z'])
    assert.equal(
      (await door.events(body, { sentAt: Date.parse('2026-03-01T12:30:00Z') - 400 * 24 * 60 * MINUTE })).status,
      401,
    )
  })

  test('answers 400 and 422 to what is signed and no events, and keeps it', async context => {
    const door = await frontDoor(context)
    assert.equal((await door.events('{"events":')).status, 400)
    assert.equal((await door.events({ events: 1 })).status, 422)
    assert.equal((await door.events({ events: [carrierEvent({ code: 'x' })] })).status, 422)
    assert.equal(door.log.refused().length, 3)
  })
})
