/** The disorder that a world's coverage counts, looked for in its deliveries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calmShares } from '../../../tools/feeder/features.ts'
import { makeWorld } from '../../../tools/feeder/world.ts'

const MINUTE = 60_000
const startAt = Date.UTC(2026, 9, 1)
const { deliveries, truth } = makeWorld({ seed: 1, startAt })
const { coverage, totals } = truth
const counted = (what: string) => coverage[what] ?? 0

const fixes = deliveries.flatMap(each =>
  each.kind === 'positions' ? each.positions.map(fix => ({ at: each.at, said: JSON.stringify(fix), fix })) : [],
)
/** How late each was, when it came first; without those of the future. */
const lateness = [...Map.groupBy(fixes, ({ said }) => said).values()]
  .map(([first]) => (first ? first.at - Date.parse(first.fix.occurredAt) : 0))
  .filter(ms => ms > 0)

test('fixes come twice', () => {
  assert.equal(totals.positionsSent - totals.positions, counted('duplicateFixes'))
})

test('buffers come late, the newest fix not last', () => {
  const late = lateness.filter(ms => ms > 4 * MINUTE)
  assert.ok(late.length > 0.9 * counted('bufferedFixes') && late.length <= counted('bufferedFixes'))
  const most = Math.max(...lateness) / MINUTE
  assert.ok(Math.abs(most - counted('mostLateMinutes')) <= 11 && most > 12 * 60, `${most} min`)
  const mixed = deliveries.filter(each => {
    if (each.kind !== 'positions') return false
    const times = each.positions.map(({ occurredAt }) => occurredAt).filter(time => time < '2099')
    return times.some((time, i) => time < (times[i - 1] ?? ''))
  })
  assert.ok(mixed.length >= counted('bufferedFixes') / 60, `${mixed.length} deliveries`)
})

test('plans come late, out of order and again', () => {
  const heard = Map.groupBy(
    deliveries.filter(each => each.kind === 'plan'),
    ({ shipmentId }) => shipmentId,
  )
  const found = { latePlans: 0, plansOutOfOrder: 0, plansResent: 0 }
  for (const told of heard.values()) {
    const versions = [...Map.groupBy(told, ({ plan }) => plan.plannedAt)]
      .map(([plannedAt, all]) => ({ plannedAt, at: all[0]?.at ?? 0, times: all.length }))
      .sort((a, b) => (a.plannedAt < b.plannedAt ? -1 : 1))
    const [oldest, newest] = [versions[0], versions.at(-1)]
    if (versions.every(({ plannedAt, at }) => at - Date.parse(plannedAt) > 25 * MINUTE)) found.latePlans++
    if (oldest && newest && oldest.at - newest.at > 4 * MINUTE) found.plansOutOfOrder++
    if (versions.every(({ times }) => times === 2)) found.plansResent++
  }
  for (const [what, n] of Object.entries(found)) assert.equal(n, counted(what), what)
})

test('carriers tell late, and tell again', () => {
  const told = deliveries.flatMap(each =>
    each.kind === 'carrier' ? each.events.map(event => ({ at: each.at, partner: each.partner, event })) : [],
  )
  const versions = [...Map.groupBy(told, ({ partner, event }) => partner + JSON.stringify(event)).values()]
  const again = told.length - versions.length
  assert.ok(again >= counted('carrierResends'), `${again} again`)
  const late = versions.filter(
    ([first]) => first && first.at - Date.parse(first.event.updatedAt ?? first.event.occurredAt) > 180 * MINUTE,
  )
  assert.ok(late.length > 0.05 * versions.length, `${late.length} of ${versions.length} late`)
})

test('and nothing of it in a calm world', () => {
  const calm = makeWorld({ seed: 1, startAt, vehicles: 5, shares: calmShares }).truth
  assert.deepEqual(
    [calm.totals.positionsSent, calm.totals.plansSent, calm.totals.carrierEventsSent],
    [calm.totals.positions, calm.totals.plans, calm.totals.carrierEventVersions],
  )
})
