import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distanceM } from '../../../tools/feeder/places.ts'
import { kmOf, loadingCities, townsAndRoads, townsBetween, wayBetween } from '../../../tools/simulate/roads.ts'
import { openAt, sites } from '../../../tools/simulate/sites.ts'

test('every city is reached from every other, without a leap on the way', () => {
  for (const a of loadingCities)
    for (const b of loadingCities.slice(0, 20)) {
      const way = wayBetween(a.name, b.name)
      assert.ok(kmOf(a, way) >= distanceM(a, b) / 1_000 - 1, `${a.name}–${b.name}`)
      let here: { latitude: number; longitude: number } = a
      for (const { to } of way) {
        assert.ok(distanceM(here, to) < 60_000, `${a.name}–${b.name}`)
        here = to
      }
      assert.ok(distanceM(here, b) < 1)
    }
})

test('the way there is the way back', () => {
  const points = wayBetween('Hamburg', 'Milan').map(({ to }) => to)
  const back = wayBetween('Milan', 'Hamburg').map(({ to }) => to)
  assert.deepEqual(points.slice(0, -1), back.slice(0, -1).reverse())
})

test('over the Channel by the shuttle, over the Alps by a pass, to Stockholm over the Belt', () => {
  assert.ok(wayBetween('London', 'Paris').some(({ water }) => water))
  assert.ok(['Göschenen', 'Brenner'].some(pass => townsBetween('Munich', 'Milan').includes(pass)))
  assert.ok(townsBetween('Hamburg', 'Stockholm').includes('Odense'))
  for (const { from, to, km, water } of townsAndRoads().roads)
    assert.ok(km < (water ? 60 : 310), `${from}–${to}: ${km} km`)
})

test('warehouses lie apart, and let nobody in while they are closed', () => {
  for (const [i, { place }] of sites.entries())
    for (const other of sites.slice(i + 1))
      assert.ok(distanceM(place, other.place) > 3_000, `${place.name}, ${other.place.name}`)
  const site = sites.find(({ opensAt }) => opensAt === 6) ?? assert.fail()
  const hour = (n: number) => Date.UTC(2026, 9, 5, n)
  assert.deepEqual(
    [hour(3), hour(12), hour(20)].map(at => openAt(site, at)),
    [hour(6), hour(12), hour(24 + 6)],
  )
})
