import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrueLine } from '../../../tools/simulate/happenings.ts'
import { type Found, judge } from '../../../tools/simulate/judge.ts'
import { simulated } from '../../../tools/simulate/world.ts'

const MINUTE = 60_000
const options = { seed: 'judged', vehicles: 60, startAt: Date.UTC(2026, 9, 5, 5), partners: ['a'], shipments: 200 }
const truth = [...simulated(options)].flatMap((each): TrueLine[] => ('truth' in each ? [each.truth] : []))
const DETECTED = new Set(['late', 'missed_milestone', 'no_signal', 'ambiguous_reference'])

/** What a Milepost would find that sees every arrival so much later than it was, and is right otherwise. */
function foundBy(shiftMs: number): Found {
  const visits = truth.filter(line => line.type === 'visit')
  const others = truth.flatMap(line => (line.type === 'case' && DETECTED.has(line.kind) ? [line] : []))
  const arrived = (each: (typeof visits)[number]) => Date.parse(each.arrivedAt) + shiftMs
  const came = new Set(visits.map(({ shipmentId, stopId }) => `${shipmentId} ${stopId}`))
  const late = visits.filter(each => arrived(each) > Date.parse(each.deadline))
  return {
    cases: [
      ...others
        .filter(({ kind, subject, stopId }) => kind !== 'late' || !came.has(`${subject} ${stopId}`))
        .map(({ kind, subject, stopId, from }) => ({
          kind,
          subject,
          stopId,
          stands: true,
          openedAt: Date.parse(from),
        })),
      ...late.map(({ shipmentId, stopId, deadline }) => {
        return { kind: 'late', subject: shipmentId, stopId, stands: true, openedAt: Date.parse(deadline) }
      }),
    ],
    milestones: visits.flatMap(each => {
      const { shipmentId, stopId, departedAt } = each
      const by = 'positions'
      return [
        { shipmentId, stopId, code: 'arrived_at_x', at: arrived(each), by },
        { shipmentId, stopId, code: 'departed_x', at: Date.parse(departedAt), by },
      ]
    }),
    etas: visits.flatMap(each => {
      const { shipmentId, stopId } = each
      return [20, 90, 300].map(left => {
        const [asOf, p50] = [Date.parse(each.arrivedAt) - left * MINUTE, arrived(each)]
        return { shipmentId, stopId, asOf, p10: p50 - 5 * MINUTE, p50, p90: p50 + 5 * MINUTE, modelId: 'x' }
      })
    }),
  }
}
const kindOf = (found: Found, kind: string) =>
  judge(truth, found).cases.find(each => each.kind === kind) ?? assert.fail()

test('who finds what is true is right in everything', () => {
  const verdict = judge(truth, foundBy(0))
  assert.equal(verdict.shipments, 200)
  for (const { kind, precision, recall, missed, wrong } of verdict.cases.filter(each => DETECTED.has(each.kind)))
    assert.deepEqual([precision ?? 1, recall ?? 1, missed, wrong], [1, 1, [], []], kind)
  for (const { recall, precision, medianErrorSeconds } of verdict.arrivals)
    assert.deepEqual([recall, precision, medianErrorSeconds], [1, 1, 0])
  const all = verdict.etas.find(({ hoursForetold }) => hoursForetold === 'all')
  assert.deepEqual([all?.coverage, all?.medianAbsoluteErrorMinutes], [1, 0])
  assert.deepEqual(
    verdict.etas.map(({ hoursForetold }) => hoursForetold),
    ['0.25–0.5', '1–2', '4–8', 'all'],
  )
})

test('arrivals that are seen ten minutes late are found out', () => {
  const verdict = judge(truth, foundBy(10 * MINUTE))
  const [arrival, departure] = verdict.arrivals
  assert.deepEqual([arrival?.right, arrival?.medianErrorSeconds, departure?.recall], [0, 600, 1])
  assert.ok((kindOf(foundBy(10 * MINUTE), 'late').precision ?? 1) < 1)
  const all = verdict.etas.find(({ hoursForetold }) => hoursForetold === 'all')
  assert.deepEqual([all?.coverage, all?.medianAbsoluteErrorMinutes], [0, 10])
})

test('what was missed and what was not so are named, and what was withdrawn does not count', () => {
  const found = foundBy(0)
  const [gone] = found.cases.filter(({ kind }) => kind === 'late')
  const withdrawn = found.cases.map(each => (each === gone ? { ...each, stands: false } : each))
  const invented = { kind: 'no_signal', subject: 'shp-nobody', stopId: 's1', stands: true, openedAt: 0 }
  const changed = { ...found, cases: [...withdrawn, invented] }
  const late = kindOf(changed, 'late')
  assert.deepEqual([late.withdrawn, late.missed.length], [1, 1])
  assert.match(late.missed[0] ?? '', new RegExp(`late ${gone?.subject} ${gone?.stopId}: `))
  assert.match(kindOf(changed, 'no_signal').wrong[0] ?? '', /shp-nobody s1/)
})

test('a feed that falls silent twice is a case each time', () => {
  const at = truth.flatMap(line => (line.type === 'visit' ? [Date.parse(line.arrivedAt)] : [])).sort((a, b) => a - b)
  const down = (hour: number): TrueLine => {
    const [from, until] = [hour, hour + 5].map(each => new Date((at[0] ?? 0) + each * 60 * MINUTE).toISOString())
    const what = { kind: 'stale_source', subject: 'partner:a', stopId: null, cause: 'feed_down' } as const
    return { type: 'case', ...what, from: from ?? '', until: until ?? null }
  }
  const silent = (hour: number) => {
    const openedAt = (at[0] ?? 0) + hour * 60 * MINUTE
    return { kind: 'stale_source', subject: 'partner:a', stopId: null, stands: true, openedAt }
  }
  const others = truth.filter(line => line.type !== 'case')
  const score = (...hours: number[]) =>
    judge([...others, down(2), down(10)], { ...foundBy(0), cases: hours.map(silent) }).cases.find(
      ({ kind }) => kind === 'stale_source',
    )
  const both = score(4, 12)
  assert.deepEqual([both?.truth, both?.right, both?.missed, both?.wrong], [2, 2, [], []])
  const one = score(12, 8)
  assert.deepEqual([one?.right, one?.missed.length, one?.wrong.length], [1, 1, 1])
})

test('of kinds that nobody looks for yet the truth is counted, and no score is given', () => {
  const unplanned = kindOf(foundBy(0), 'unplanned_stop')
  assert.ok(unplanned.truth > 0)
  assert.deepEqual([unplanned.precision, unplanned.recall, unplanned.missed], [null, null, []])
})
