import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivery, Fix, Plan } from '../../../tools/feeder/delivery.ts'
import { type FleetOptions, liveFleet } from '../../../tools/feeder/fleet.ts'
import { distanceM } from '../../../tools/feeder/places.ts'

const MINUTE = 60_000
const startedAt = Date.UTC(2026, 9, 1, 8)

/** So much of a fleet's life, in no time. */
async function watch(minutes: number, options: FleetOptions = {}) {
  let time = startedAt
  const stop = new AbortController()
  const seen: (Delivery & { now: number })[] = []
  const sleep = (ms: number) => {
    time += ms
    if (time >= startedAt + minutes * MINUTE) stop.abort()
    return Promise.resolve()
  }
  for await (const each of liveFleet({ seed: 1, ...options, now: () => time, sleep, signal: stop.signal })) {
    seen.push({ ...each, now: time })
  }
  return seen
}
const fixesOf = (seen: readonly Delivery[]): Fix[] =>
  seen.flatMap(each => (each.kind === 'positions' ? each.positions : []))
const plansOf = (seen: readonly Delivery[]): Plan[] => seen.flatMap(each => (each.kind === 'plan' ? each.plan : []))
const inside = ({ place }: Plan['stops'][number], fix: Fix) => distanceM(place, fix) <= place.radiusM

test('at the start every vehicle has a plan, a way behind it and, most of them, its pickup', async () => {
  const seen = await watch(0.4)
  const plans = plansOf(seen)
  assert.equal(plans.length, 20)
  const tracks = Map.groupBy(fixesOf(seen), ({ vehicleId }) => vehicleId)
  assert.equal(tracks.size, 20)
  const pickedUp = plans.filter(({ vehicleId, stops: [pickup] }) =>
    tracks.get(vehicleId ?? '')?.some(fix => pickup && inside(pickup, fix)),
  )
  assert.ok(pickedUp.length >= 12, `${pickedUp.length} have been at their pickup`)
  assert.ok(seen.some(({ kind }) => kind === 'carrier'))
})

for (const tempo of [1, 10]) {
  test(`at tempo ${tempo} it drives like trucks do, now, and each vehicle goes on to its next shipment`, async () => {
    const seen = await watch(600 / tempo, { tempo })
    for (const each of seen.filter(({ now }) => now > startedAt)) {
      if (each.kind !== 'positions') continue
      for (const { occurredAt } of each.positions)
        assert.ok(Math.abs(each.now - Date.parse(occurredAt)) <= 2.5 * MINUTE)
    }
    const tracks = Map.groupBy(fixesOf(seen), ({ vehicleId }) => vehicleId)
    for (const track of tracks.values()) {
      track.slice(1).forEach((fix, i) => {
        const before = track[i] as Fix
        const seconds = (Date.parse(fix.occurredAt) - Date.parse(before.occurredAt)) / 1_000
        assert.ok(seconds > 0, 'a vehicle reports in order')
        assert.ok(distanceM(before, fix) < 60 + 30 * seconds, `${distanceM(before, fix)} m in ${seconds} s`)
      })
    }
    const plans = plansOf(seen)
    assert.ok(plans.length > 40, `${plans.length} plans`)
    let [delivered, late] = [0, 0]
    for (const { vehicleId, stops } of plans) {
      const stop = stops.at(-1) as Plan['stops'][number]
      const there = tracks.get(vehicleId ?? '')?.filter(fix => inside(stop, fix))
      const [first, last] = [there?.[0], there?.at(-1)]
      if (!first || !last || Date.parse(last.occurredAt) - Date.parse(first.occurredAt) < 2 * MINUTE) continue
      delivered++
      if (first.occurredAt > (stop.dueBy ?? '')) late++
    }
    assert.ok(delivered > 20, `${delivered} delivered`)
    assert.ok(late > 0 && late < delivered / 2, `${late} of ${delivered} late`)
  })
}

test('a fleet that starts again is another fleet', async () => {
  const ids = (seen: readonly Delivery[]) =>
    new Set(seen.flatMap(each => (each.kind === 'plan' ? each.shipmentId : [])))
  const first = ids(await watch(1))
  const later: Delivery[] = []
  const stop = new AbortController()
  const sleep = () => {
    stop.abort()
    return Promise.resolve()
  }
  for await (const each of liveFleet({ now: () => startedAt + 5_000, sleep, signal: stop.signal })) later.push(each)
  assert.deepEqual(
    [...ids(later)].filter(id => first.has(id)),
    [],
  )
  assert.ok(later.length > 0)
})

test('a tempo at which trucks would fly is refused', async () => {
  await assert.rejects(liveFleet({ tempo: 50 }).next(), RangeError)
})

test('carriers go on to tell, each event once and when it is its time', async () => {
  const told = (await watch(60, { tempo: 10 })).flatMap(each =>
    each.kind === 'carrier' && each.now > startedAt ? each.events.map(event => ({ event, now: each.now })) : [],
  )
  assert.deepEqual(new Set(told.map(({ event }) => `${event.classifier} ${event.code}`)), CARRIERS_TELL)
  assert.equal(new Set(told.map(({ event }) => event.eventId)).size, told.length)
  for (const { event, now } of told) {
    const { updatedAt = '' } = event
    assert.ok(Math.abs(now - Date.parse(updatedAt)) <= 2.5 * MINUTE, `${updatedAt} at ${now}`)
  }
})
const CARRIERS_TELL = new Set(['actual loaded', 'estimated arrived_at_delivery', 'actual delivered'])

test('now and then a vehicle is silent for three quarters of an hour on its way', async () => {
  const seen = await watch(600, { vehicles: 60 })
  const silent = [...Map.groupBy(fixesOf(seen), ({ vehicleId }) => vehicleId).values()].flatMap(track =>
    track.slice(1).filter((fix, i) => {
      const before = track[i] as Fix
      return Date.parse(fix.occurredAt) - Date.parse(before.occurredAt) >= 43 * MINUTE && distanceM(before, fix) > 1_000
    }),
  )
  const trips = plansOf(seen).length
  assert.ok(silent.length > 0 && silent.length < trips / 5, `${silent.length} silences in ${trips} trips`)
})
