import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery, Fix } from '../../../tools/feeder/delivery.ts'
import { inOrder, MOST_LATE_MS, shuffled } from '../../../tools/feeder/disorder.ts'
import { calmShares } from '../../../tools/feeder/features.ts'
import { random } from '../../../tools/feeder/random.ts'
import { makeWorld, type Truth } from '../../../tools/feeder/world.ts'
import { conclude } from './naive-rules.ts'

const startAt = Date.UTC(2026, 9, 1)
const world = makeWorld({ seed: 1, startAt })

const milestonesOf = ({ milestones }: Truth) =>
  milestones
    .map(({ shipmentId, stopId, code, classifier, occurredAt }) =>
      [shipmentId, stopId, code, classifier, occurredAt].join(' ').replace('  ', ' null '),
    )
    .sort()
const casesOf = (cases: Truth['openCases']) =>
  cases
    .map(({ kind, shipmentId, stopId, reference }) =>
      reference === undefined ? `${kind} ${shipmentId} ${stopId}` : `${kind} - - ${reference}`,
    )
    .sort()
const agree = (deliveries: readonly Delivery[], truth: Truth, tick = Date.parse(truth.finalTick)) => {
  const { milestones, cases, resolved } = conclude(deliveries, tick)
  assert.deepEqual(milestones, milestonesOf(truth))
  assert.deepEqual(cases, casesOf(truth.openCases))
  assert.deepEqual(resolved, casesOf(truth.resolvedLate))
}
const fixes = (deliveries: readonly Delivery[]): Fix[] =>
  deliveries.flatMap(each => (each.kind === 'positions' ? each.positions : []))

test('a seed gives one world, another seed another', () => {
  const small = { vehicles: 4, shipmentsPerVehicle: 2, startAt }
  const again = makeWorld({ seed: 7, ...small })
  assert.deepEqual(makeWorld({ seed: 7, ...small }), again)
  assert.notDeepEqual(makeWorld({ seed: 8, ...small }).truth.milestones, again.truth.milestones)
})

test('a world that starts some hours later is the same world, later', () => {
  const small = { seed: 7, vehicles: 4, shipmentsPerVehicle: 2 }
  const hours = 5 * 3_600_000
  const [a, b] = [makeWorld({ ...small, startAt }), makeWorld({ ...small, startAt: startAt + hours })]
  assert.deepEqual(
    b.truth.milestones.map(each => ({
      ...each,
      occurredAt: new Date(Date.parse(each.occurredAt) - hours).toISOString(),
    })),
    a.truth.milestones,
  )
})

test('it survives JSON', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(world)), world)
})

test('the world that one gets without asking has some of everything', () => {
  for (const seed of [1, 2, 3]) {
    const { coverage, totals } = makeWorld({ seed, startAt }).truth
    for (const [what, count] of Object.entries({ ...coverage, ...totals }))
      assert.ok(count > 0, `${what} of seed ${seed}`)
    assert.ok(totals.positionsSent >= 100_000)
  }
})

test('what is told, read by the rules, is the truth: as sent, in order, and shuffled', () => {
  agree(world.deliveries, world.truth)
  agree(inOrder(world.deliveries), world.truth)
  agree(shuffled(random('any'), world.deliveries, MOST_LATE_MS), world.truth)
})

test('the truth is the same at any later tick', () => {
  agree(world.deliveries, world.truth, Date.parse(world.truth.finalTick) + 20 * 24 * 3_600_000)
})

test('so it is for other seeds, rhythms and shares', () => {
  for (let seed = 100; seed < 112; seed++) {
    const rhythm = { fixEverySeconds: [10, 30, 60][seed % 3] ?? 30, uploadEverySeconds: [20, 300][seed % 2] ?? 60 }
    const busy = seed % 4 === 0 ? { jump: 0.02, inaccurate: 0.02, nullIsland: 0.02, buffered: 0.5, driveBy: 1 } : {}
    const { deliveries, truth } = makeWorld({
      seed,
      startAt,
      vehicles: 8,
      shipmentsPerVehicle: 3,
      shares: busy,
      ...rhythm,
    })
    agree(deliveries, truth)
  }
})

test('in a calm world everything is reached in time, once and in order', () => {
  const { deliveries, truth } = makeWorld({ seed: 3, startAt, vehicles: 5, shares: calmShares })
  agree(deliveries, truth)
  assert.deepEqual(truth.openCases, [])
  assert.deepEqual(truth.resolvedLate, [])
  assert.equal(truth.totals.positions, truth.totals.positionsSent)
  assert.equal(truth.totals.plans, truth.totals.shipments)
  const newest = new Map<string, string>()
  for (const { vehicleId, occurredAt } of fixes(deliveries)) {
    assert.ok(occurredAt > (newest.get(vehicleId) ?? ''))
    newest.set(vehicleId, occurredAt)
  }
})

test('deliveries come in the order of their arrival, and no fix more than 24 h after it was taken', () => {
  let before = 0
  for (const each of world.deliveries) {
    assert.ok(Number.isInteger(each.at) && each.at >= before)
    before = each.at
    if (each.kind !== 'positions') continue
    for (const { occurredAt } of each.positions) assert.ok(each.at - Date.parse(occurredAt) <= MOST_LATE_MS + 1)
  }
  assert.equal(new Date(before).toISOString(), world.truth.finalTick)
})

test('the totals count what is there', () => {
  const all = fixes(world.deliveries)
  assert.equal(world.truth.totals.positionsSent, all.length)
  assert.equal(world.truth.totals.positions, new Set(all.map(fix => JSON.stringify(fix))).size)
  assert.equal(fixes(inOrder(world.deliveries)).length, world.truth.totals.positions)
})

test('trucks drive at 20–90 km/h where they drive', () => {
  for (const { speedMps = 0, latitude, accuracyM = 0 } of fixes(world.deliveries)) {
    if (speedMps === 0 || latitude < 1 || accuracyM > 500) continue
    assert.ok(speedMps * 3.6 > 19 && speedMps * 3.6 < 91, `${speedMps * 3.6} km/h`)
  }
})

test('what cannot be told apart beyond doubt is refused', () => {
  assert.throws(() => makeWorld({ seed: 1, startAt, fixEverySeconds: 300 }), RangeError)
  assert.throws(() => makeWorld({ seed: 1, startAt, partners: [] }), RangeError)
})
