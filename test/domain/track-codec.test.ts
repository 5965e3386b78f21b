import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fixBlocks } from '../../domain/track-codec.ts'
import type { Fix } from '../../domain/track.ts'
import type { Place } from '../../streams/evidence.ts'
import type { Instant } from '../../streams/time.ts'

const hexId = fc.stringMatching(/^[0-9a-f]{32}$/)
const instant = fc.integer({ min: -(2 ** 45), max: 2 ** 45 }).map(n => n as Instant)
const optional = <V>(value: fc.Arbitrary<V>) => fc.option(value, { nil: null })
const measured = fc.oneof(
  fc.double(),
  fc.integer({ min: -2_000, max: 2_000 }),
  fc.integer({ min: -2e9, max: 2e9 }).map(n => n / 1e7),
  fc.integer({ min: 0, max: 1_500 }).map(n => n / 10),
  fc.integer({ min: 0, max: 150 }).map(kmh => kmh / 3.6),
  fc.constantFrom(-0, 0, NaN, Infinity, 2 ** 53, Number.MIN_VALUE, 0.1 + 0.2),
)
const fix: fc.Arbitrary<Fix> = fc.record({
  latitude: measured,
  longitude: measured,
  speedMps: optional(measured),
  courseDeg: optional(measured),
  altitudeM: optional(measured),
  accuracyM: optional(measured),
  ignition: optional(fc.boolean()),
  odometerM: optional(measured),
  attributes: optional(fc.oneof(fc.constant('{"sat":7}'), fc.json(), fc.string({ unit: 'grapheme' }))),
  source: fc.constantFrom('gateway', 'flespi', ''),
  emittedAt: optional(instant),
  receivedAt: instant,
  flags: fc.nat(15),
  revision: fc.integer({ min: 1, max: 300 }),
})
const rows: fc.Arbitrary<Place<Fix>[]> = fc.array(
  fc.record({ at: instant, id: fc.oneof(hexId, fc.string()), value: fix }),
  {
    maxLength: 40,
  },
)

test('law: a block comes back exactly as it was, to the last bit and the sign of zero', () => {
  fc.assert(
    fc.property(rows, block => {
      const decoded = fixBlocks.decode(fixBlocks.encode(block))
      assert.equal(decoded.length, block.length)
      decoded.forEach((row, i) => {
        const given = block[i] ?? assert.fail()
        assert.deepEqual([row.at, row.id], [given.at, given.id])
        for (const [name, value] of Object.entries(given.value))
          assert.ok(Object.is(value, row.value[name as keyof Fix]), `${name}: ${String(value)}`)
      })
    }),
    { numRuns: 2_000 },
  )
})

/** Every 30 seconds, about 20 m/s, as devices send it. */
const plainBlock = (count: number, start = Date.UTC(2026, 2, 2)): Place<Fix>[] =>
  Array.from({ length: count }, (_, i) => {
    const at = (start + 30_000 * i) as Instant
    return {
      at,
      id: (i + 1).toString(16).padStart(32, 'ab'),
      value: {
        latitude: Math.round((53.5 + i * 0.0041 + Math.sin(i) / 3_000) * 1e6) / 1e6,
        longitude: Math.round((9.9 + i * 0.0052 + Math.cos(i) / 3_000) * 1e6) / 1e6,
        speedMps: Math.round(200 + 20 * Math.sin(i)) / 10,
        courseDeg: Math.round(40 + 20 * Math.cos(i)),
        altitudeM: null,
        accuracyM: null,
        ignition: null,
        odometerM: null,
        attributes: null,
        source: 'gateway',
        emittedAt: null,
        receivedAt: (at + 800 + ((i * 7919) % 700)) as Instant,
        flags: 0,
        revision: 1,
      },
    }
  })

test('a plain fix takes ten bytes and its id', () => {
  const bytes = fixBlocks.encode(plainBlock(30)).length / 30
  assert.ok(bytes <= 16 + 11, `${bytes} bytes a fix`)
})

test('a block that is cut short, or of a later version, is not taken for something else', () => {
  const bytes = fixBlocks.encode(plainBlock(3))
  for (let length = 1; length < bytes.length; length++)
    assert.throws(() => fixBlocks.decode(bytes.subarray(0, length)), RangeError, `${length} bytes`)
  assert.throws(() => fixBlocks.decode(Uint8Array.from([2, ...bytes.subarray(1)])), /newer release/)
})

test('a value that cannot be written leaves no trace in the next block', () => {
  const [row] = plainBlock(1)
  assert.ok(row)
  assert.throws(() => fixBlocks.encode([{ ...row, value: { ...row.value, source: 7 as unknown as string } }]))
  assert.deepEqual(fixBlocks.decode(fixBlocks.encode([row])), [row])
})
