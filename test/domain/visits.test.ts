import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isStay, recalled, revisited, type Seen, type Visit, visitsOf } from '../../domain/visits.ts'
import { inOrder } from '../../streams/evidence.ts'
import { type Instant, minutes } from '../../streams/time.ts'

/** At minute `minute`; inside at latitude 0. */
const fix = (minute: number, where: 'in' | 'out', id = ''): Seen => ({
  at: minutes(minute) as Instant,
  id,
  latitude: where === 'in' ? 0 : 1,
  longitude: 0,
})
const isIn = ({ latitude }: Seen) => latitude === 0
const shown = (visits: readonly Visit[]) =>
  visits.map(({ first, last, next }) => [first, last, next].map(seen => seen && seen.at / minutes(1)))

test('a visit goes from the first fix inside to the last, and ends with the next', () => {
  const series = [fix(0, 'out'), fix(1, 'in'), fix(2, 'in'), fix(5, 'out'), fix(20, 'in')]
  assert.deepEqual(shown(visitsOf(series, isIn)), [
    [1, 2, 5],
    [20, 20, null],
  ])
})

test('fixes inside less than ten minutes apart are of one visit; so are any with nothing between them', () => {
  const series = [fix(0, 'in'), fix(5, 'out'), fix(9.9, 'in'), fix(15, 'out'), fix(19.9, 'in'), fix(100, 'in')]
  assert.deepEqual(shown(visitsOf(series, isIn)), [
    [0, 9.9, 15],
    [19.9, 100, null],
  ])
})

test('a visit of two minutes is a stay', () => {
  const visit = (last: number) => ({ first: fix(0, 'in'), last: fix(last, 'in'), next: null })
  assert.deepEqual([1.99, 2].map(visit).map(isStay), [false, true])
})

const moment = fc.tuple(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom('in' as const, 'out' as const, 'in' as const),
  fc.constantFrom('a', 'b'),
)
const seens = (min: number, max: number) =>
  fc
    .uniqueArray(moment, {
      minLength: min,
      maxLength: max,
      size: 'max',
      selector: ([minute, , id]) => `${minute} ${id}`,
    })
    .map(moments => moments.map(([minute, where, id]) => fix(minute * 2.5, where, id)).sort(inOrder))

/** Fixes that come and go: from which on (less than 0: the next one that comes), how many of them, and which (as bits). */
const changes = fc.array(
  fc.tuple(fc.integer({ min: -40, max: 81 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 7 })),
  {
    maxLength: 30,
    size: 'max',
  },
)

/** A stay that goes on is not written down anew with every fix. */
const upTo = (end: Seen | undefined, visits: readonly Visit[]): readonly Visit[] =>
  visits.map(visit => (visit.next === null && isStay(visit) && end ? { ...visit, last: end } : visit))

test('law: visits brought up to date where the series changed are the visits of the whole series', () => {
  let [split, joined, wentOn] = [0, 0, 0]
  fc.assert(
    fc.property(seens(20, 80), changes, (all, steps) => {
      let series = all.filter((_, i) => i % 3 > 0 && i < 40)
      let visits: readonly Visit[] = visitsOf(series, isIn)
      for (const [where, length, toggled] of steps) {
        const start = where < 0 ? all.findLastIndex(seen => series.includes(seen)) + 1 : where
        const zone = all.slice(start, start + length)
        const first = zone[0]
        const last = zone.at(-1)
        if (!first || !last) continue
        const held = (seen: Seen) => series.includes(seen)
        const isToggled = (seen: Seen) => (toggled >> zone.indexOf(seen)) & 1
        const was = zone.filter(held)
        const now = zone.filter(seen => held(seen) !== Boolean(isToggled(seen)))
        if (was.length + now.length === 0) continue
        const before = series.filter(seen => inOrder(seen, first) < 0)
        const after = series.filter(seen => inOrder(seen, last) > 0)
        series = [...before, ...now, ...after]
        const around = {
          left: before.at(-1),
          right: after[0],
          was,
          now,
          back: () => before.toReversed(),
          on: () => after,
          end: () => after.at(-1),
        }
        const next = revisited(visits, around, isIn)
        assert.deepEqual(upTo(series.at(-1), next), visitsOf(series, isIn))
        if (next === visits) wentOn++
        if (next.length > visits.length) split++
        if (next.length < visits.length) joined++
        visits = next
      }
    }),
    { numRuns: 3_000 },
  )
  assert.ok(Math.min(split, joined, wentOn) > 500, `only ${split} came, ${joined} went, ${wentOn} went on`)
})

test('law: what is no longer in the series is recalled as it was known', () => {
  fc.assert(
    fc.property(seens(0, 30), fc.nat(30), (series, gone) => {
      const rest = series.slice(gone)
      const remembered = recalled(visitsOf(series, isIn), rest[0], rest, visitsOf(rest, isIn))
      assert.deepEqual(remembered, visitsOf(series, isIn))
    }),
    { numRuns: 1_000 },
  )
})
