/** Days of one truck, made up: fixes of every kind, plans, swaps, in any order and any number of times. */
import fc from 'fast-check'
import type { Period } from '../../schemas/generated/events.ts'
import type { Delivery } from '../../streams/drive.ts'
import { later, minutes, seconds } from '../../streams/time.ts'
import { assigned, assignmentOf, deliveredAt, fixAt, type Spot, t } from './trucks.ts'

/** Calls of several fixes, so that a truck stays about as often as it drives by. */
const spot = fc.constantFrom<Spot[]>('depot', 'gate', 'terminal', 'customer', 'customer', 'customer', 'bridge', 'road')
const gapS = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 4, max: 16 }).map(n => n * 15) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 300, 300, 600, 1_500) },
)
const doubt = fc.oneof(
  { weight: 12, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constantFrom('inaccurate', 'nowhere', 'faraway', 'ahead', 'ahead, then not') },
)
const call = fc.record({
  at: spot,
  /** On the road, seen or not, before it. */
  wayS: fc.constantFrom(0, 0, 60, 300, 600, 1_500),
  fixes: fc.array(fc.tuple(gapS, doubt), { minLength: 1, maxLength: 5, size: 'max' }),
})

/** Deliveries of fixes, in the order in which they occurred; one from the future may come twice. */
const positions: fc.Arbitrary<Delivery[]> = fc.array(call, { minLength: 1, maxLength: 9, size: 'max' }).map(route => {
  let at = t('08:00')
  return route.flatMap(({ at: where, wayS, fixes }, i) => {
    at = later(at, seconds(wayS))
    return fixes.flatMap(([gap, doubted], j) => {
      at = later(at, seconds(gap))
      const accuracyM = doubted === 'inaccurate' ? 800 : null
      const there = doubted === 'nowhere' || doubted === 'faraway' ? doubted : where
      // Fixes of one moment differ in something, or they are one fix.
      const fix = fixAt(at, there, { accuracyM, odometerM: 100 * i + j })
      const early = deliveredAt(fix, later(at, -minutes(5) - 1))
      return doubted === 'ahead'
        ? [early]
        : doubted === 'ahead, then not'
          ? [early, deliveredAt(fix)]
          : [deliveredAt(fix)]
    })
  })
})

const moment = fc.integer({ min: -6, max: 60 }).map(n => later(t('08:00'), minutes(2 * n)))
const periods: fc.Arbitrary<Period[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Period[]>([{ from: t('00:00'), until: t('23:00') }]) },
  {
    weight: 4,
    arbitrary: fc
      .uniqueArray(moment, { minLength: 2, maxLength: 4 })
      .map(moments => moments.sort((a, b) => a - b))
      .map(([a, b, c, d]) =>
        [
          [a, b],
          [c, d],
        ].flatMap(([from, until]) => (from && until ? [{ from, until }] : [])),
      ),
  },
)
const plannedSpots = fc.array(fc.constantFrom<Spot[]>('depot', 'terminal', 'customer', 'customer', 'faraway'), {
  minLength: 1,
  maxLength: 4,
})
const version = fc.record({ spots: plannedSpots, periods, retracted: fc.integer({ min: 0, max: 7 }).map(n => n === 0) })

/** Some versions of a shipment's assignment, the last of which holds. */
const assignments = (shipmentId: string): fc.Arbitrary<Delivery[]> =>
  fc
    .array(version, { minLength: 0, maxLength: 3, size: 'max' })
    .map(versions =>
      versions.map(({ spots, ...more }, i) => assigned(assignmentOf(spots, i + 1, { shipmentId, ...more }))),
    )

/** In the order of saying: plans before positions. */
export const days: fc.Arbitrary<Delivery[]> = fc
  .tuple(assignments('SHP-1'), assignments('SHP-2'), positions)
  .map(deliveries => deliveries.flat())

/** The same deliveries in any other order, some of them more than once. */
export const disordered = (said: readonly Delivery[]): fc.Arbitrary<Delivery[]> =>
  fc
    .subarray([...said])
    .map(again => [...said, ...again])
    .chain(all => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }))

/** Mostly in order, as devices and planners do it, with some that are late and some that come again. */
export const nearlyInOrder = (said: readonly Delivery[]): fc.Arbitrary<Delivery[]> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: said.length, maxLength: said.length }).map(delays =>
    said
      .flatMap((delivery, i) => {
        const delay = delays[i] ?? 0
        const first = { delivery, at: delay === 8 ? i + 5 : delay === 7 ? i + 40 : i }
        return delay === 9 ? [first, { delivery, at: i + 3 }] : [first]
      })
      .sort((a, b) => a.at - b.at)
      .map(({ delivery }) => delivery),
  )

export const anyOrder: fc.Arbitrary<Delivery[]> = days.chain(said => fc.oneof(disordered(said), nearlyInOrder(said)))
