import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { calibrated, learnt, quantiles } from '../../domain/calibration.ts'
import type { Outlook } from '../../domain/outlook.ts'
import type { LaneTrip } from '../../schemas/generated/events.ts'
import { days, hours, type Instant, later, minutes } from '../../streams/time.ts'
import { stopAt, t } from '../support/scene.ts'

const CELL = '4c1o'
/** A trip of which, so long before it arrived, it was foretold that so much time was left. */
const trip = (n: number, leftMs: number, actualMs: number, more: Partial<LaneTrip> = {}): LaneTrip => {
  const arrivedAt = later(t('00:00'), minutes(n))
  const predictions = [{ madeAt: later(arrivedAt, -actualMs), cell: CELL, leftMs }]
  return {
    ...{ occurredAt: arrivedAt, lane: 'everywhere', shipmentId: `S-${n}`, over: true, revision: 1, retracted: false },
    calls: [{ stopId: 'b', arrivedAt, predictions }],
    ...more,
  }
}
const LONG_AFTER = later(t('00:00'), days(30))
const outlook = (leftMs: number): Outlook => ({
  ...{ stop: stopAt('copenhagen', '18:00'), at: t('08:00'), phase: 'onTheWay', remainingM: 1, speedMps: 20 },
  ...{ driveMs: hours(3), wayMs: hours(4), planMs: hours(6), leftMs },
})
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

describe('what is learnt', () => {
  test('of n outcomes the quantile q is the one at rank q × (n + 1), outwards', () => {
    assert.deepEqual(quantiles([5]), [5, 5, 5])
    assert.deepEqual(quantiles([3, 1, 2]), [1, 2, 3])
    assert.deepEqual(quantiles(Array.from({ length: 99 }, (_, i) => i + 1)), [10, 50, 90])
  })

  test('differences count relative to the time left and 20 minutes, in each of the circumstances that these are part of', () => {
    const trips = Array.from({ length: 9 }, (_, n) =>
      trip(n, hours(3) - minutes(20), hours(3) - minutes(20) + n * minutes(18)),
    )
    const { arrivals, cells } = learnt(trips, LONG_AFTER)
    assert.equal(arrivals, 9)
    assert.deepEqual(
      cells,
      ['4', '4c', '4c1', '4c1o'].map(cell => ({ cell, arrivals: 9, p10: 0, p50: 400, p90: 800 })),
    )
  })

  test('is the same whatever the order of the trips', () => {
    const trips = Array.from({ length: 40 }, (_, n) => trip(n, hours(3), hours(3) + ((n * 7) % 11) * minutes(9)))
    const same = learnt(trips, LONG_AFTER)
    fc.assert(
      fc.property(fc.shuffledSubarray(trips, { minLength: trips.length }), some => {
        assert.deepEqual(learnt(some, LONG_AFTER), same)
      }),
    )
  })

  test('shipments that arrive at one moment are one arrival, and two arrivals tell nothing', () => {
    const together = [1, 1, 1, 2].map((n, i) => trip(n, hours(3), hours(4), { shipmentId: `T-${i}` }))
    assert.deepEqual(learnt(together, LONG_AFTER), { arrivals: 2, cells: [] })
    assert.deepEqual(learnt([...together, trip(3, hours(3), hours(4))], LONG_AFTER).cells[0]?.arrivals, 3)
  })

  test('a prediction teaches only when its outcome would be known even if it came out badly', () => {
    const trips = [1, 2, 3].map(n => trip(n, hours(4), hours(1)))
    const made = later(t('00:00'), minutes(3) - hours(1))
    const known = (at: Instant) => learnt(trips, at).arrivals
    assert.equal(known(later(made, hours(8))), 3)
    assert.equal(known(later(made, hours(8) - 1)), 2)
  })
})

describe('what is made of it', () => {
  test('without anything learnt 30 % less to 20 % more, of the time left and 20 minutes', () => {
    assert.deepEqual(calibrated(outlook(hours(6) - minutes(20)), CELL, undefined, undefined).map(Math.round), [
      hours(4.2) - minutes(20),
      hours(6) - minutes(20),
      hours(7.2) - minutes(20),
    ])
  })

  test('a night that the plan leaves no room for may come all the same', () => {
    const tight = { ...outlook(hours(3)), driveMs: hours(3), planMs: hours(3), wayMs: hours(14) }
    const [p10, p50, p90] = calibrated(tight, CELL, undefined, undefined)
    assert.ok(p10 < hours(3) && p50 === hours(3) && p90 > hours(14) && p90 < hours(15))
  })

  test('few arrivals hardly count, many all but alone; the lane draws away from everywhere', () => {
    const late = (arrivals: number) => ({ arrivals, cells: [{ cell: CELL, arrivals, p10: 400, p50: 500, p90: 600 }] })
    const p50 = (...[everywhere, lane]: (ReturnType<typeof late> | undefined)[]) =>
      Math.round((calibrated(outlook(hours(6)), CELL, everywhere, lane)[1] - hours(6)) / minutes(1))
    assert.deepEqual([p50(undefined), p50(late(3)), p50(late(20)), p50(late(2_000))], [0, 25, 95, 188])
    const early = { arrivals: 60, cells: [{ cell: CELL, arrivals: 60, p10: -300, p50: -200, p90: -100 }] }
    assert.equal(p50(late(2_000), early), Math.round(188 / 4 - (0.2 * 380 * 3) / 4))
  })

  test('nothing is foretold before now', () => {
    const early = { arrivals: 1e9, cells: [{ cell: CELL, arrivals: 1e9, p10: -3_000, p50: -2_000, p90: 1 }] }
    assert.deepEqual(calibrated(outlook(hours(6)), CELL, early, undefined).slice(0, 2), [0, 0])
  })
})

/** Whatever is wrong with what plan and way foretell, if the next arrivals are as those of late. */
const worlds: Record<string, (u: () => number) => number> = {
  'a plan with spare time': u => 0.85 + 0.1 * u(),
  'one in five rests for a night': u => (u() < 0.2 ? 3 : 1) + 0.1 * u(),
  'a road that takes twice as long': u => 1.8 + 0.4 * u(),
  'long tails on either side': u => Math.exp((u() + u() + u() + u() - 2) * 1.2),
}
for (const [what, factor] of Object.entries(worlds))
  test(`four in five lie within p10–p90, after 400 arrivals: ${what}`, () => {
    const u = random(7)
    const left = () => hours(2 + 2 * u())
    const past = Array.from({ length: 400 }, (_, n) => {
      const leftMs = left()
      return trip(n, leftMs, leftMs * factor(u))
    })
    const everywhere = learnt(past, LONG_AFTER)
    let inside = 0
    const next = 4_000
    for (let n = 0; n < next; n++) {
      const leftMs = left()
      const [p10, , p90] = calibrated(outlook(leftMs), CELL, everywhere, undefined)
      const actual = leftMs * factor(u)
      if (p10 <= actual && actual <= p90) inside++
    }
    assert.ok(Math.abs(inside / next - 0.8) < 0.05, `${inside / next}`)
  })
