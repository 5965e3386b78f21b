import assert from 'node:assert/strict'
import { test } from 'node:test'
import { periodsByVehicle, windowOf } from '../../domain/plans.ts'
import { stopAt, t } from '../support/scene.ts'

const window = { from: t('06:00'), until: t('20:00') }
const ride = (at: string, vehicleId: string | null) => ({ plannedAt: t(at), vehicleId })
const periods = (...riders: ReturnType<typeof ride>[]) => Object.fromEntries(periodsByVehicle(riders, window))

test('the window of a shipment spans its stops, whatever their order', () => {
  const stops = [stopAt('copenhagen', '18:00'), stopAt('hamburg', '09:00'), { ...stopAt('kiel', '12:00'), dueBy: null }]
  assert.deepEqual(windowOf(stops), { from: t('02:30'), until: t('Wed 18:00') })
  assert.equal(windowOf([]), undefined)
})

test('the first version reaches back, the last forward, and both no further than the window', () => {
  assert.deepEqual(periods(ride('09:00', 'A')), { A: [window] })
  assert.deepEqual(periods(ride('05:00', 'A'), ride('09:00', 'B'), ride('21:00', 'C')), {
    A: [{ from: t('06:00'), until: t('09:00') }],
    B: [{ from: t('09:00'), until: t('20:00') }],
  })
})

test('versions that keep the vehicle are one ride, and none rides without one', () => {
  assert.deepEqual(periods(ride('09:00', 'A'), ride('10:00', 'A'), ride('11:00', null), ride('12:00', 'A')), {
    A: [
      { from: t('06:00'), until: t('11:00') },
      { from: t('12:00'), until: t('20:00') },
    ],
  })
})

test('of two versions of one moment only the one that holds counts', () => {
  assert.deepEqual(periods(ride('09:00', 'A'), ride('09:00', 'B')), { B: [window] })
})
