import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_RECORDS } from '../../ingest/adapter.ts'
import { MAX_ATTRIBUTES_BYTES, NDJSON, positions, positionShape } from '../../ingest/positions.ts'
import { fix } from './support/said.ts'
import { t } from './support/records.ts'

const translate = (body: string | Buffer, more: { contentType?: string; mayTellReceivedAt?: boolean } = {}) =>
  positions.translate({
    body: Buffer.from(body),
    contentType: 'application/json',
    about: '',
    emittedAt: null,
    mayTellReceivedAt: false,
    ...more,
  })
const one = (record: unknown, mayTellReceivedAt = false) => translate(JSON.stringify([record]), { mayTellReceivedAt })
const faults = ({ refused }: ReturnType<typeof translate>) =>
  refused.map(({ index, reason, at }) => ({ index, reason, at }))

describe('a position', () => {
  test('keeps all it says', () => {
    const said = {
      speedMps: 13.4,
      courseDeg: 270,
      altitudeM: -3,
      accuracyM: 5,
      ignition: true,
      odometerM: 123_456,
      attributes: { fuel: 0.4, door: { open: false } },
    }
    const { accepted, refused } = one(fix({ ...said, occurredAt: '2026-03-01T12:00:00.5+01:00' }))
    assert.deepEqual(refused, [])
    assert.deepEqual(accepted, [
      {
        value: {
          ...said,
          occurredAt: t('2026-03-01T11:00:00.500Z'),
          vehicleId: 'truck-7',
          latitude: 51.5,
          longitude: -0.12,
          attributes: '{"fuel":0.4,"door":{"open":false}}',
        },
        receivedAt: null,
        hasHappened: true,
      },
    ])
  })

  test('may leave out what it does not know, or say null', () => {
    const nothing = {
      speedMps: null,
      courseDeg: null,
      altitudeM: null,
      accuracyM: null,
      ignition: null,
      odometerM: null,
      attributes: null,
    }
    const [silent] = one(fix()).accepted
    assert.deepEqual(silent?.value, { ...silent?.value, ...nothing })
    assert.deepEqual(one(fix(nothing)).accepted, [silent])
  })

  test('from the year 2099 is accepted: it is for a processor to doubt', () => {
    assert.equal(one(fix({ occurredAt: '2099-01-01T00:00:00Z' })).accepted.length, 1)
  })

  for (const [what, record, at, reason] of [
    ['that is no object', 7, '', /object/],
    ['that is null', null, '', /object/],
    ['that is an array', [fix()], '', /object/],
    ['without a vehicle', fix({ vehicleId: undefined }), '.vehicleId', /1 to 128/],
    ['of an empty vehicle', fix({ vehicleId: '' }), '.vehicleId', /1 to 128/],
    ['of a vehicle of 129 characters', fix({ vehicleId: 'x'.repeat(129) }), '.vehicleId', /1 to 128/],
    ['of a vehicle with a control character', fix({ vehicleId: 'a\u0000b' }), '.vehicleId', /printable/],
    ['of a vehicle with a control character behind ASCII', fix({ vehicleId: 'a\u0085b' }), '.vehicleId', /printable/],
    ['of a vehicle with the character to delete', fix({ vehicleId: 'a\u007fb' }), '.vehicleId', /printable/],
    ['of a vehicle with half a surrogate pair', fix({ vehicleId: 'a\ud800' }), '.vehicleId', /printable/],
    ['of a vehicle with a space in front', fix({ vehicleId: ' a' }), '.vehicleId', /white space/],
    ['of a vehicle with a hard space behind', fix({ vehicleId: 'a\u00a0' }), '.vehicleId', /white space/],
    ['of a vehicle by number', fix({ vehicleId: 7 }), '.vehicleId', /1 to 128/],
    ['without an offset', fix({ occurredAt: '2026-03-01T12:00:00' }), '.occurredAt', /offset/],
    ['with a number for a time', fix({ occurredAt: 1_772_366_400_000 }), '.occurredAt', /ISO 8601/],
    ['above the pole', fix({ latitude: 90.01 }), '.latitude', /-90 to 90/],
    ['with a latitude in text', fix({ latitude: '51.5' }), '.latitude', /number/],
    ['east of the date line', fix({ longitude: 180.5 }), '.longitude', /-180 to 180/],
    ['with no longitude', fix({ longitude: null }), '.longitude', /number/],
    ['that goes backwards', fix({ speedMps: -1 }), '.speedMps', /0 to 1000/],
    ['with a course of 361', fix({ courseDeg: 361 }), '.courseDeg', /0 to 360/],
    ['in orbit', fix({ altitudeM: 200_000 }), '.altitudeM', /100000/],
    ['with a negative accuracy', fix({ accuracyM: -1 }), '.accuracyM', /0 to/],
    ['with a negative odometer', fix({ odometerM: -1 }), '.odometerM', /0 to/],
    ['with an ignition of 1', fix({ ignition: 1 }), '.ignition', /true or false/],
    ['with attributes in a list', fix({ attributes: [1] }), '.attributes', /object/],
    ['with attributes in text', fix({ attributes: '{}' }), '.attributes', /object/],
    ['with too many attributes', fix({ attributes: { x: 'y'.repeat(MAX_ATTRIBUTES_BYTES) } }), '.attributes', /4096/],
    ['with a field we do not know', fix({ speedKmh: 50 }), '.speedKmh', /unknown field/],
    ['with a field of a strange name', fix({ 'a b"c': 1 }), '["a b\\"c"]', /unknown field/],
    ['that says when it was received', fix({ receivedAt: '2026-03-01T12:00:01Z' }), '.receivedAt', /unknown field/],
  ] as const) {
    test(`${what} is refused`, () => {
      const { accepted, refused } = one(record)
      assert.deepEqual(accepted, [])
      assert.deepEqual(
        refused.map(refusal => refusal.at),
        [`$[0]${at}`],
      )
      for (const refusal of refused) {
        assert.match(refusal.reason, reason)
        assert.equal(Buffer.from(refusal.raw).toString(), JSON.stringify(record))
      }
    })
  }

  test('of 1e999 degrees is refused, and so is a __proto__', () => {
    const text = '{"vehicleId":"a","occurredAt":"2026-03-01T12:00:00Z","latitude":1e999,"longitude":0}'
    assert.equal(translate(`[${text}]`).refused[0]?.at, '$[0].latitude')
    const proto = '{"__proto__":{"vehicleId":"a"},"occurredAt":"2026-03-01T12:00:00Z","latitude":1,"longitude":0}'
    assert.equal(translate(`[${proto}]`).refused[0]?.at, '$[0].__proto__')
  })

  test('may say when it was received only where time is that of events', () => {
    const received = fix({ receivedAt: '2026-03-01T12:00:01Z' })
    assert.equal(one(received, true).accepted[0]?.receivedAt, t('2026-03-01T12:00:01Z'))
    assert.equal(one(fix({ receivedAt: 'soon' }), true).refused[0]?.at, '$[0].receivedAt')
    assert.equal(one(fix({ receivedAt: null }), true).accepted[0]?.receivedAt, null)
  })
})

describe('a delivery of positions', () => {
  test('is answered record by record', () => {
    const bad = fix({ latitude: 91 })
    const { accepted, refused } = translate(JSON.stringify([fix(), bad, fix({ vehicleId: 'b' })]))
    assert.deepEqual(
      accepted.map(({ value }) => value.vehicleId),
      ['truck-7', 'b'],
    )
    assert.deepEqual(
      refused.map(({ index, at }) => ({ index, at })),
      [{ index: 1, at: '$[1].latitude' }],
    )
  })

  test('in NDJSON loses only the lines that are broken, and keeps their bytes', () => {
    const lines = [
      JSON.stringify(fix()),
      '{"vehicleId": "tru',
      '',
      ' \t\r',
      JSON.stringify(fix({ vehicleId: 'b' })),
      '\u00ff',
    ]
    const body = Buffer.concat([Buffer.from(lines.slice(0, -1).join('\r\n')), Buffer.from([0x0a, 0xff, 0x0a])])
    const { accepted, refused, failure } = translate(body, { contentType: NDJSON })
    assert.equal(failure, undefined)
    assert.deepEqual(
      accepted.map(({ value }) => value.vehicleId),
      ['truck-7', 'b'],
    )
    assert.deepEqual(
      refused.map(({ index, at, raw }) => ({ index, at, raw: Buffer.from(raw).toString('latin1') })),
      [
        { index: 1, at: '$[1]', raw: '{"vehicleId": "tru\r' },
        { index: 3, at: '$[3]', raw: '\u00ff' },
      ],
    )
    assert.match(refused[0]?.reason ?? '', /^not JSON/)
    assert.equal(refused[1]?.reason, 'not UTF-8')
  })

  test('that is not JSON is refused as a whole, with its bytes', () => {
    for (const body of [Buffer.from('[{"vehicleId"'), Buffer.from(''), Buffer.from([0x5b, 0xff, 0x5d])]) {
      const { accepted, refused, failure } = translate(body)
      assert.equal(failure, 'unreadable')
      assert.deepEqual(accepted, [])
      assert.deepEqual(
        refused.map(({ index, at, raw }) => ({ index, at, raw })),
        [{ index: null, at: '$', raw: body }],
      )
    }
  })

  test('that is no array is refused as a whole', () => {
    const result = translate(JSON.stringify(fix()))
    assert.deepEqual(faults(result), [{ index: null, reason: 'expected an array of positions', at: '$' }])
    assert.equal(result.failure, undefined)
  })

  test('of nothing is nothing', () => {
    assert.deepEqual(translate('[]'), { accepted: [], refused: [] })
    assert.deepEqual(translate(' \n\n', { contentType: NDJSON }), { accepted: [], refused: [] })
  })

  test('of too many records is refused before they are looked at', () => {
    const many = Array.from({ length: MAX_RECORDS + 1 }, () => '1')
    for (const [body, contentType] of [
      [`[${many.join(',')}]`, 'application/json'],
      [many.join('\n'), NDJSON],
    ] as const) {
      const { accepted, refused, failure } = translate(body, { contentType })
      assert.deepEqual([accepted.length, refused.length, failure], [0, 1, 'too many'])
    }
  })

  test('nested a million deep is refused like any other', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`
    const { accepted, refused } = translate(`[${JSON.stringify(fix())},${deep}]`)
    assert.deepEqual([accepted.length, refused.length], [1, 1])
  })
})

test('what is accepted by hand is what the published schema accepts', () => {
  const edges = fc.constantFrom(
    -1_001,
    -181,
    -91,
    -90,
    -1,
    -0,
    0,
    0.5,
    90,
    180,
    180.1,
    360,
    361,
    1_000,
    1_001,
    1e5,
    5e7,
    1e10,
    1e11,
  )
  const value = fc.oneof(
    fc.jsonValue(),
    edges,
    fc.constantFrom(null, true, {}, { a: 1 }, [], '', 'a', ' a', 'a\u0007', 'x'.repeat(128), 'x'.repeat(129)),
    fc.constantFrom('2026-03-01T12:00:00Z', '2026-03-01T12:00:00', '2026-02-30T12:00:00Z', '2199-12-31T23:59:59+01:00'),
    fc.string({ unit: 'binary' }),
  )
  const field = fc.constantFrom(...Object.keys(positionShape.shape), 'receivedAt', 'other')
  let accepted = 0
  fc.assert(
    fc.property(fc.array(fc.tuple(field, value), { maxLength: 3 }), changes => {
      const record = JSON.parse(JSON.stringify({ ...fix(), ...Object.fromEntries(changes) })) as unknown
      const byHand = one(record)
      const bySchema = positionShape.safeParse(record)
      assert.equal(byHand.accepted.length === 1, bySchema.success, JSON.stringify(record))
      accepted += byHand.accepted.length
    }),
    { numRuns: 5_000 },
  )
  assert.ok(accepted > 500, `only ${accepted} of the records were accepted: the test reaches little`)
})
