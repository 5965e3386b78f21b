import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { shipments } from '../../ingest/shipments.ts'
import { shipment, stop } from './support/said.ts'
import { t } from './support/records.ts'

const translate = (body: unknown, { about = 's-1', mayTellReceivedAt = false } = {}) =>
  shipments.translate({
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    contentType: 'application/json',
    about,
    emittedAt: null,
    mayTellReceivedAt,
  })

describe('a version of a shipment', () => {
  test('becomes a request, its plannedAt being when it occurred', () => {
    const { accepted, refused } = translate(
      shipment({
        carrierId: 'c',
        stops: [
          stop({ dueBy: '2026-03-01T13:00:00+01:00' }),
          stop({ stopId: 'b', kind: 'delivery', place: { name: 'x', latitude: 1, longitude: 2, radiusM: 50 } }),
        ],
      }),
    )
    assert.deepEqual(refused, [])
    assert.deepEqual(accepted, [
      {
        value: {
          occurredAt: t('2026-03-01T08:00:00Z'),
          shipmentId: 's-1',
          status: 'active',
          references: [{ scheme: 'bol', value: 'B-1' }],
          customerId: null,
          carrierId: 'c',
          companyId: null,
          vehicleId: 'truck-7',
          loadId: null,
          stops: [
            {
              stopId: 'a',
              kind: 'pickup',
              place: { name: 'Rotterdam', latitude: 51.9, longitude: 4.5, radiusM: 300 },
              plannedArrival: t('2026-03-01T11:00:00Z'),
              dueBy: t('2026-03-01T12:00:00Z'),
              plannedDeparture: null,
            },
            {
              stopId: 'b',
              kind: 'delivery',
              place: { name: 'x', latitude: 1, longitude: 2, radiusM: 50 },
              plannedArrival: t('2026-03-01T11:00:00Z'),
              dueBy: null,
              plannedDeparture: null,
            },
          ],
        },
        receivedAt: null,
        hasHappened: true,
      },
    ])
  })

  test('may call at places in any order of time, and lists each reference once', () => {
    const stops = [stop(), stop({ stopId: 'b', plannedArrival: '2026-02-01T00:00:00Z' })]
    const [accepted] = translate(
      shipment({ stops, references: [reference('a'), reference('b'), reference('a')] }),
    ).accepted
    assert.deepEqual(accepted?.value.references, [reference('a'), reference('b')])
  })

  for (const [what, body, at, reason] of [
    ['that is a list', [shipment()], '$', /object/],
    ['without stops', shipment({ stops: [] }), '$.stops', /1/],
    ['without references', shipment({ references: undefined }), '$.references', /array/],
    ['without plannedAt', shipment({ plannedAt: undefined }), '$.plannedAt', /string/],
    ['planned at an ambiguous time', shipment({ plannedAt: '2026-03-01T08:00:00' }), '$.plannedAt', /offset/],
    ['of an unknown status', shipment({ status: 'done' }), '$.status', /active/],
    ['with a field we do not know', shipment({ priority: 1 }), '$.priority', /unknown field/],
    ['with an unknown field of a stop', shipment({ stops: [stop({ eta: 1 })] }), '$.stops[0].eta', /unknown field/],
    ['with two stops of one name', shipment({ stops: [stop(), stop()] }), '$.stops[1].stopId', /another stop/],
    ['with an unknown kind of stop', shipment({ stops: [stop({ kind: 'drop' })] }), '$.stops[0].kind', /pickup/],
    [
      'with half a surrogate pair in the name of a place',
      shipment({ stops: [stop({ place: { name: 'a\ud800', latitude: 1, longitude: 2 } })] }),
      '$.stops[0].place.name',
      /well-formed/,
    ],
    [
      'of more than 500 stops',
      shipment({ stops: Array.from({ length: 501 }, (_, i) => stop({ stopId: `s-${i}` })) }),
      '$.stops',
      /500/,
    ],
    ['with a stop nowhere', shipment({ stops: [stop({ place: undefined })] }), '$.stops[0].place', /object/],
    [
      'with a stop off the planet',
      shipment({ stops: [stop(), stop({ stopId: 'b', place: { name: 'x', latitude: 91, longitude: 0 } })] }),
      '$.stops[1].place.latitude',
      /90/,
    ],
    [
      'with a bar in a scheme',
      shipment({ references: [{ scheme: 'a|b', value: 'c' }] }),
      '$.references[0].scheme',
      /pattern/,
    ],
    ['with a vehicle of one space', shipment({ vehicleId: ' ' }), '$.vehicleId', /printable/],
    ['that says when it was received', shipment({ receivedAt: '2026-03-01T08:00:00Z' }), '$.receivedAt', /unknown/],
  ] as const) {
    test(`${what} is refused`, () => {
      const { accepted, refused, failure } = translate(body)
      assert.deepEqual([accepted.length, refused.length, failure], [0, 1, undefined])
      for (const refusal of refused) {
        assert.deepEqual([refusal.index, refusal.at], [null, at])
        assert.match(refusal.reason, reason)
        assert.equal(Buffer.from(refusal.raw).toString(), JSON.stringify(body))
      }
    })
  }

  test('with several faults names them all', () => {
    const [refusal] = translate(shipment({ plannedAt: 1, priority: 1, stops: [stop({ kind: 'drop' })] })).refused
    const ats = [refusal, ...(refusal?.also ?? [])].map(fault => fault?.at)
    assert.deepEqual(ats.toSorted(), ['$.plannedAt', '$.priority', '$.stops[0].kind'])
  })

  test('with two hundred faults names a hundred of them', () => {
    const unknown = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, 1]))
    assert.equal(translate(shipment(unknown)).refused[0]?.also?.length, 99)
  })

  test('of a name that is none is refused, and so is what is not JSON', () => {
    assert.match(translate(shipment(), { about: 'x'.repeat(129) }).refused[0]?.reason ?? '', /shipmentId/)
    assert.equal(translate('{').failure, 'unreadable')
  })

  test('may say when it was received where time is that of events', () => {
    const body = shipment({ receivedAt: '2026-03-01T08:00:05Z' })
    assert.equal(translate(body, { mayTellReceivedAt: true }).accepted[0]?.receivedAt, t('2026-03-01T08:00:05Z'))
    assert.equal(
      translate(shipment({ stops: [stop(), stop()] }), { mayTellReceivedAt: true }).refused[0]?.at,
      '$.stops[1].stopId',
    )
  })
})

const reference = (value: string) => ({ scheme: 'bol', value })
