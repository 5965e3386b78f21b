import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Fix, Plan } from '../../../tools/feeder/delivery.ts'
import { distanceM } from '../../../tools/feeder/places.ts'
import type { Happening, TrueLine } from '../../../tools/simulate/happenings.ts'
import { simulated } from '../../../tools/simulate/world.ts'

const MINUTE = 60_000
const startAt = Date.UTC(2026, 9, 5, 5)
const options = { seed: 'test', vehicles: 120, startAt, partners: ['a', 'b', 'c', 'd'], shipments: 600 }
const world: Happening[] = [...simulated(options)]
const truth = world.flatMap(each => ('truth' in each ? each.truth : []))
const deliveries = world.flatMap(each => ('delivery' in each ? each.delivery : []))
const ofType = <T extends TrueLine['type']>(type: T) =>
  truth.filter((line): line is Extract<TrueLine, { type: T }> => line.type === type)
const cases = (kind: string) => ofType('case').filter(each => each.kind === kind)

/** By vehicle and in order, without what a receiver got wrong. */
const tracks = new Map<string, Fix[]>()
for (const [vehicleId, all] of Map.groupBy(
  deliveries.flatMap(each => (each.kind === 'positions' ? each.positions : [])),
  fix => fix.vehicleId,
)) {
  const fixes = all
    .filter(fix => (fix.accuracyM ?? 0) < 500 && fix.occurredAt < '2090' && Math.abs(fix.latitude) > 1)
    .sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1))
  tracks.set(vehicleId, fixes)
}
const plans = new Map<string, Plan>()
for (const each of deliveries)
  if (each.kind === 'plan' && (plans.get(each.shipmentId)?.plannedAt ?? '') < each.plan.plannedAt)
    plans.set(each.shipmentId, each.plan)
const deadlineOf = ({ dueBy, plannedArrival }: Plan['stops'][number]) =>
  Date.parse(dueBy ?? plannedArrival) + (dueBy === undefined ? 15 * MINUTE : 0)

const digestOf = (some: Iterable<Happening>) => {
  const hash = createHash('sha256')
  for (const each of some) hash.update(JSON.stringify(each))
  return hash.digest('hex')
}

test('the same seed is the same world, another seed another one', () => {
  assert.equal(digestOf(simulated(options)), digestOf(world))
  const few = { ...options, shipments: 20 }
  assert.notEqual(digestOf(simulated({ ...few, seed: 'other' })), digestOf(simulated(few)))
})

test('however far it is followed, it begins alike', () => {
  const endless = simulated({ ...options, shipments: 100_000 })
  for (const each of world.slice(0, 5_000)) assert.deepEqual(endless.next().value, each)
})

test('things happen in the order of time, and it ends when all are delivered', () => {
  for (const [i, { at }] of world.entries()) assert.ok(at >= (world[i - 1]?.at ?? 0))
  assert.equal(ofType('shipment').length, 600)
  assert.deepEqual(
    ofType('end').map(({ shipments }) => shipments),
    [600],
  )
})

test('every kind of trouble occurs, with its cause', () => {
  const kinds = new Set(ofType('case').map(({ kind }) => kind))
  const wanted = [
    'late',
    'missed_milestone',
    'no_signal',
    'ambiguous_reference',
    'late_risk',
    'dwell',
    'unplanned_stop',
  ]
  for (const kind of [...wanted, 'impossible_movement', 'out_of_sequence', 'stale_source'])
    assert.ok(kinds.has(kind as never), kind)
  const causes = new Set(cases('late').map(({ cause }) => cause))
  for (const cause of ['late_start', 'slow_loading', 'traffic', 'breakdown', 'stop_left_out'])
    assert.ok(causes.has(cause as never), cause)
  const [tight, all] = [cases('late').filter(({ cause }) => cause === 'tight_plan').length, cases('late').length]
  assert.ok(tight < all / 20, `${tight} of ${all} are late for no reason`)
})

test('what is true of a visit is what the truck’s device shows, where it shows anything', () => {
  let seen = 0
  // now and then a truck crawls past a gate in a jam, or past the one it comes to later
  let off = 0
  const visits = ofType('visit')
  for (const { shipmentId, stopId, vehicleId, arrivedAt, departedAt } of visits) {
    const { place } = plans.get(shipmentId)?.stops.find(stop => stop.stopId === stopId) ?? assert.fail()
    const [from, to] = [Date.parse(arrivedAt), Date.parse(departedAt)]
    const inside = (tracks.get(vehicleId) ?? []).filter(
      // at the speed of a road it only drives past
      fix =>
        (fix.speedMps ?? 0) < 15 &&
        Math.abs(Date.parse(fix.occurredAt) - from) < 36 * 60 * MINUTE &&
        distanceM(place, fix) <= place.radiusM,
    )
    if (inside.length === 0) continue
    seen++
    for (const fix of inside) {
      const at = Date.parse(fix.occurredAt)
      if (at < from - 2 * MINUTE || at > to + 3 * MINUTE) off++
    }
    const first = inside.map(fix => Date.parse(fix.occurredAt)).find(at => at > from - 2 * MINUTE) ?? Infinity
    assert.ok(first - from < 10 * MINUTE, `${shipmentId} ${stopId}: first seen ${(first - from) / MINUTE} min later`)
  }
  assert.ok(off < 50, `${off} fixes inside at another time`)
  assert.ok(seen > visits.length * 0.98, `${seen} of ${visits.length}`)
})

test('late is what came after the deadline of the last version of its plan, and nothing else', () => {
  const late = new Set(cases('late').map(({ subject, stopId }) => `${subject} ${stopId}`))
  const came = new Set<string>()
  for (const { shipmentId, stopId, arrivedAt, deadline } of ofType('visit')) {
    const stop = plans.get(shipmentId)?.stops.find(each => each.stopId === stopId) ?? assert.fail()
    assert.equal(Date.parse(deadline), deadlineOf(stop))
    came.add(`${shipmentId} ${stopId}`)
    assert.equal(late.has(`${shipmentId} ${stopId}`), Date.parse(arrivedAt) > deadlineOf(stop))
  }
  const leftOut = new Set(cases('missed_milestone').map(({ subject, stopId }) => `${subject} ${stopId}`))
  assert.ok(leftOut.size > 0)
  for (const each of late) assert.notEqual(came.has(each), leftOut.has(each), each)
})

test('in a silence a truck sends nothing, and before and after it does', () => {
  const vehicleOf = new Map(ofType('shipment').map(({ shipmentId, vehicles }) => [shipmentId, vehicles[0] ?? '']))
  for (const { subject, from, until } of cases('no_signal')) {
    const track = tracks.get(vehicleOf.get(subject) ?? '') ?? []
    const times = track.map(fix => fix.occurredAt)
    assert.ok(!times.some(at => at > from && at < (until ?? '')), subject)
    assert.ok(times.some(at => at < from) && times.some(at => at > (until ?? '')), subject)
  }
})

test('trucks keep to roads and to what trucks do', () => {
  for (const track of tracks.values())
    track.slice(1).forEach((fix, i) => {
      const before = track[i] as Fix
      const seconds = (Date.parse(fix.occurredAt) - Date.parse(before.occurredAt)) / 1_000
      const metres = distanceM(before, fix)
      // a receiver that is wrong is so by 60 km and more
      if (metres < 40_000) assert.ok(metres <= 25 * seconds + 60, `${metres} m in ${seconds} s`)
    })
})

test('what cannot be is refused', () => {
  for (const wrong of [{ vehicles: 0 }, { fixEverySeconds: 5 }, { partners: [] }])
    assert.throws(() => simulated({ ...options, ...wrong }).next(), RangeError)
})
