import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etas, type Fix } from '../../domain/eta.ts'
import { planned, places, t, TRUCK } from '../support/scene.ts'

const plan = planned({ copenhagen: '18:00' })
const ASSUMED = 'TRUCK-7, speed assumed'
const MEASURED = 'TRUCK-7, speed of its last 2 h'

/** So far north of Hamburg at this time. */
const north = (clock: string, km: number): Fix => ({
  vehicleId: TRUCK,
  occurredAt: t(clock),
  latitude: places.hamburg.latitude + km / 111.2,
  longitude: places.hamburg.longitude,
})
const basisAfter = (...recent: Fix[]) => etas(plan, plan.stops, recent).map(({ basis }) => basis)

test('less than five kilometres of way say nothing of the speed', () => {
  assert.deepEqual(basisAfter(north('08:00', 0), north('08:05', 4)), [ASSUMED])
  assert.deepEqual(basisAfter(north('08:00', 0), north('08:05', 6)), [MEASURED])
})

test('the way to a position more than two hours before the newest says nothing of the speed, nor the way from there', () => {
  assert.deepEqual(basisAfter(north('07:52', 0), north('08:00', 10), north('08:06', 20), north('10:04', 20)), [ASSUMED])
  assert.deepEqual(basisAfter(north('07:52', 0), north('08:04', 10), north('08:10', 20), north('10:04', 20)), [
    MEASURED,
  ])
})
