import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { atMostM, distanceM, fenceOf, isInside } from '../../domain/geo.ts'

const at = (latitude: number, longitude: number) => ({ latitude, longitude })
const near = (actual: number, expected: number, by: number) =>
  assert.ok(Math.abs(actual - expected) <= by, `${actual} is not ${expected}`)

test('distances are those of the great circle', () => {
  near(distanceM(at(0, 0), at(0, 1)), 111_195, 1)
  near(distanceM(at(0, 179.5), at(0, -179.5)), 111_195, 1)
  near(distanceM(at(90, 0), at(-90, 77)), 20_015_115, 1)
  assert.equal(distanceM(at(51.5, -0.1), at(51.5, -0.1)), 0)
})

const latitude = fc.double({ min: -90, max: 90, noNaN: true })
const longitude = fc.double({ min: -180, max: 180, noNaN: true })
const point = fc.record({ latitude, longitude })

test('law: the quick bound is never less than the distance', () => {
  fc.assert(
    fc.property(point, point, (a, b) => {
      assert.ok(atMostM(a, b) >= distanceM(a, b) * (1 - 1e-7) - 1e-9)
    }),
    { numRuns: 2_000 },
  )
})

test('law: the box around a fence rules out nothing that is inside, at the poles and the 180th meridian too', () => {
  let inside = 0
  const nearby = fc.tuple(
    fc.oneof(
      point,
      fc.record({ latitude: fc.constantFrom(-90, 89.999, 90, 0), longitude: fc.constantFrom(-180, 179.9999, 180) }),
    ),
    fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
    fc.double({ min: 0, max: 1.5, noNaN: true }),
    fc.constantFrom(1, 300, 20_000, 1_000_000),
  )
  fc.assert(
    fc.property(nearby, ([center, bearing, part, radiusM]) => {
      const there = onward(center, bearing, part * radiusM)
      const isThere = distanceM(center, there) <= radiusM
      if (isThere) inside++
      assert.equal(isInside(fenceOf({ ...center, radiusM }), there), isThere)
    }),
    { numRuns: 5_000 },
  )
  assert.ok(inside > 1_000)
})

/** So many metres on along a bearing. */
function onward(
  { latitude: lat, longitude: lon }: { latitude: number; longitude: number },
  bearing: number,
  metres: number,
) {
  const [radians, angle] = [Math.PI / 180, metres / 6_371_008.8]
  const sin = Math.sin(lat * radians) * Math.cos(angle) + Math.cos(lat * radians) * Math.sin(angle) * Math.cos(bearing)
  const y = Math.sin(bearing) * Math.sin(angle) * Math.cos(lat * radians)
  const x = Math.cos(angle) - Math.sin(lat * radians) * sin
  const to = lon + Math.atan2(y, x) / radians
  return at(Math.asin(Math.max(-1, Math.min(1, sin))) / radians, ((to + 540) % 360) - 180)
}
