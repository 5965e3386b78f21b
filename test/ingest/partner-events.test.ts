import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { partnerEvents } from '../../ingest/partner-events.ts'
import { carrierEvent } from './support/said.ts'
import { t } from './support/records.ts'

const translate = (body: unknown, mayTellReceivedAt = false) =>
  partnerEvents.translate({
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    contentType: 'application/json',
    about: 'acme',
    emittedAt: null,
    mayTellReceivedAt,
  })

describe('a partner’s event', () => {
  test('keeps all it says', () => {
    const { accepted, refused } = translate({
      events: [carrierEvent({ updatedAt: '2026-03-01T13:00:00Z', retracted: true, stopId: 'a' })],
    })
    assert.deepEqual(refused, [])
    assert.deepEqual(accepted, [
      {
        value: {
          occurredAt: t('2026-03-01T12:30:00Z'),
          partner: 'acme',
          partnerEventId: 'e-1',
          references: [{ scheme: 'bol', value: 'B-1' }],
          code: 'departed_pickup',
          rawCode: 'departed_pickup',
          classifier: 'actual',
          stopId: 'a',
          updatedAt: t('2026-03-01T13:00:00Z'),
          retracted: true,
        },
        receivedAt: null,
        hasHappened: true,
      },
    ])
  })

  test('that is only expected has not happened', () => {
    const { accepted } = translate({
      events: ['planned', 'requested', 'estimated'].map(classifier => carrierEvent({ classifier })),
    })
    assert.deepEqual(
      accepted.map(({ hasHappened }) => hasHappened),
      [false, false, false],
    )
  })

  test('without an id is known by the bytes that brought it, and its place in them', () => {
    const ids = (body: unknown) => translate(body).accepted.map(({ value }) => value.partnerEventId)
    const nameless = carrierEvent({ eventId: undefined })
    const body = { events: [nameless, carrierEvent(), nameless] }
    const [first, second, third] = ids(body)
    assert.match(first ?? '', /^[0-9a-f]{64}#0$/)
    assert.equal(second, 'e-1')
    assert.equal(third, first?.replace('#0', '#2'))
    assert.deepEqual(ids(body), [first, second, third])
    assert.notEqual(ids(`${JSON.stringify(body)} `)[0], first)
  })

  for (const [what, event, at, reason] of [
    ['that is no object', 1, '', /object/],
    ['with an unknown code', carrierEvent({ code: 'teleported' }), '.code', /milestone code/],
    ['with an unknown classifier', carrierEvent({ classifier: 'maybe' }), '.classifier', /planned/],
    ['without references', carrierEvent({ references: [] }), '.references', /1/],
    ['of an ambiguous time', carrierEvent({ occurredAt: '2026-03-01 12:00' }), '.occurredAt', /offset/],
    ['with an unknown field', carrierEvent({ city: 'Lyon' }), '.city', /unknown field/],
    ['that says when it was received', carrierEvent({ receivedAt: '2026-03-01T12:30:00Z' }), '.receivedAt', /unknown/],
    ['retracted with a word', carrierEvent({ retracted: 'yes' }), '.retracted', /boolean/],
  ] as const) {
    test(`${what} is refused, and its neighbours are not`, () => {
      const { accepted, refused } = translate({ events: [carrierEvent(), event, carrierEvent({ eventId: 'e-2' })] })
      assert.deepEqual(
        accepted.map(({ value }) => value.partnerEventId),
        ['e-1', 'e-2'],
      )
      assert.deepEqual(
        refused.map(({ index, at, raw }) => ({ index, at, raw: Buffer.from(raw).toString() })),
        [{ index: 1, at: `$.events[1]${at}`, raw: JSON.stringify(event) }],
      )
      assert.match(refused[0]?.reason ?? '', reason)
    })
  }

  test('in anything but {events: […]} is refused as a whole', () => {
    for (const [body, at, failure] of [
      [[carrierEvent()], '$', undefined],
      [{ events: {} }, '$.events', undefined],
      [{ events: [], more: 1 }, '$.more', undefined],
      ['{"events":', '$', 'unreadable'],
    ] as const) {
      const result = translate(body)
      assert.deepEqual([result.accepted.length, result.refused[0]?.at, result.failure], [0, at, failure])
    }
  })

  test('may say when it was received where time is that of events', () => {
    const { accepted } = translate({ events: [carrierEvent({ receivedAt: '2026-03-01T12:31:00Z' })] }, true)
    assert.equal(accepted[0]?.receivedAt, t('2026-03-01T12:31:00Z'))
  })
})
