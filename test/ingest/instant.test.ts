import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseInstant } from '../../ingest/instant.ts'

describe('an instant', () => {
  const at = (iso: string) => {
    const instant = parseInstant(iso)
    return instant === undefined ? undefined : new Date(instant).toISOString()
  }

  for (const [text, expected] of [
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01t12:00:00z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:00.1Z', '2026-03-01T12:00:00.100Z'],
    ['2026-03-01T12:00:00,12Z', '2026-03-01T12:00:00.120Z'],
    ['2026-03-01T12:00:00.123999+00:00', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01T12:00:00.123456789Z', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01T00:30:00+01:00', '2026-02-28T23:30:00.000Z'],
    ['2026-03-01T12:00:00-0530', '2026-03-01T17:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['2099-12-31T23:59:59Z', '2099-12-31T23:59:59.000Z'],
    ['2199-12-31T23:59:59.999Z', '2199-12-31T23:59:59.999Z'],
  ] as const) {
    test(`${text} is ${expected}`, () => assert.equal(at(text), expected))
  }

  for (const text of [
    '',
    'now',
    '2026-03-01',
    '2026-03-01T12:00:00',
    '2026-03-01 12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2100-02-29T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-00-01T12:00:00Z',
    '2026-03-00T12:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T12:60:00Z',
    '2026-03-01T12:00:60Z',
    '2026-03-01T12:00:00.Z',
    '2026-03-01T12:00:00.1234567890Z',
    '2026-03-01T12:00:00ZZ',
    '2026-03-01T12:00:00+1',
    '2026-03-01T12:00:00+24:00',
    '2026-03-01T12:00:00+01:60',
    '2026-03-01T12:00:00+01:00 ',
    '+002026-03-01T12:00:00Z',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+00:01',
    '2200-01-01T00:00:00Z',
    '２026-03-01T12:00:00Z',
    '1772366400000',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseInstant(text), undefined))
  }

  test('is what Date reads, for every date and offset', () => {
    const two = (n: number) => String(n).padStart(2, '0')
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-02'), max: new Date('2199-12-30'), noInvalidDate: true }),
        fc.integer({ min: -23 * 60, max: 23 * 60 }),
        (date, offset) => {
          const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1)
          const sign = offset < 0 ? '-' : '+'
          const text = `${local}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
          assert.equal(parseInstant(text), date.getTime(), text)
        },
      ),
    )
  })

  test('of any text whatever, it is what Date reads or none', () => {
    const near = fc.stringMatching(/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d)?(\.\d{0,4})?(Z|[+-]\d\d:?\d\d)?$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), text => {
        const at = parseInstant(text)
        if (at !== undefined) assert.equal(at, Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')), text)
      }),
      { numRuns: 2_000 },
    )
  })
})
