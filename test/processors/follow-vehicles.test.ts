/** What follow-vehicles promises of visits and plans, told as stories. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALL_DAY, stopsAt, t, truck } from '../laws/trucks.ts'

test('a truck that stays two minutes at its stop has arrived when it came, and left when it was first seen elsewhere', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'bridge'], ['10:03', 'customer'], ['10:04', 'customer'])
  assert.deepEqual(it.calls, [])
  await it.seen(['10:05', 'customer'], ['10:30', 'customer'], ['10:33', 'bridge'])
  assert.deepEqual(it.calls, ['arrived customer 10:03', 'departed customer 10:33'])
})

test('driving past the gate is no arrival', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'bridge'], ['10:03', 'customer'], ['10:04', 'customer'], ['10:06', 'bridge'])
  assert.deepEqual(it.calls, [])
})

test('two short calls less than ten minutes apart are one stay', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'customer'], ['10:01', 'customer'], ['10:05', 'bridge'], ['10:10', 'customer'])
  assert.deepEqual(it.calls, ['arrived customer 10:00'])
})

test('two short calls ten minutes apart are two drive-bys', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(
    ['10:00', 'customer'],
    ['10:01', 'customer'],
    ['10:05', 'bridge'],
    ['10:11', 'customer'],
    ['10:15', 'bridge'],
  )
  assert.deepEqual(it.calls, [])
})

test('a truck that comes back within ten minutes had not left', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'customer'], ['10:05', 'customer'], ['10:08', 'bridge'])
  assert.deepEqual(it.calls, ['arrived customer 10:00', 'departed customer 10:08'])
  await it.seen(['10:12', 'customer'])
  assert.deepEqual(it.calls.slice(2), ['not departed customer 10:08'])
  await it.seen(['10:40', 'bridge'])
  assert.deepEqual(it.calls.slice(3), ['departed customer 10:40'])
})

test('a truck that comes back later had left: the second stay is none of the plan', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(
    ['10:00', 'customer'],
    ['10:05', 'customer'],
    ['10:08', 'bridge'],
    ['10:15', 'customer'],
    ['10:30', 'customer'],
  )
  assert.deepEqual(it.calls, ['arrived customer 10:00', 'departed customer 10:08'])
})

test('a late fix from before the arrival corrects it; one that breaks the stay takes it back', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'bridge'], ['10:05', 'customer'], ['10:20', 'customer'])
  assert.deepEqual(it.calls, ['arrived customer 10:05'])
  await it.seen(['10:03', 'customer'])
  assert.deepEqual(it.calls.slice(1), ['arrived customer 10:03'])
  await it.seen(['10:10', 'bridge'])
  assert.deepEqual(it.calls.slice(2), ['departed customer 10:10'])
  await it.seen(['10:04', 'bridge'])
  assert.deepEqual(it.calls.slice(3), [])
  await it.seen(['09:59', 'customer'], ['09:40', 'bridge'], ['10:02', 'customer'])
  assert.deepEqual(it.sightings.filter(({ kind }) => kind === 'arrived').at(-1)?.occurredAt, t('09:59'))
})

test('plans may come after the truck has been there', async () => {
  const it = await truck()
  await it.seen(['09:00', 'depot'], ['09:10', 'depot'], ['09:20', 'road'], ['10:00', 'customer'], ['10:05', 'customer'])
  assert.deepEqual(it.sightings, [])
  await it.rides(['depot', 'customer'])
  assert.deepEqual(it.calls, ['arrived depot 09:00', 'departed depot 09:20', 'arrived customer 10:00'])
})

test('two shipments on one truck are followed each by its own plan', async () => {
  const it = await truck()
  await it.rides(['depot', 'customer'])
  await it.rides(['terminal'], 1, { shipmentId: 'SHP-2', periods: [{ from: t('09:30'), until: t('23:00') }] })
  await it.seen(
    ['09:00', 'depot'],
    ['09:10', 'depot'],
    ['09:40', 'terminal'],
    ['09:45', 'terminal'],
    ['10:00', 'customer'],
  )
  assert.deepEqual(
    it.sightings.filter(({ kind }) => kind !== 'progress').map(s => `${s.shipmentId} ${s.kind} ${s.stopId}`),
    ['SHP-1 arrived depot', 'SHP-1 departed depot', 'SHP-2 arrived terminal', 'SHP-2 departed terminal'],
  )
})

test('where a plan visits one place twice, the second stop has the second stay', async () => {
  const it = await truck()
  await it.rides(['depot', 'customer', 'depot'])
  await it.seen(['09:00', 'depot'], ['09:10', 'depot'], ['09:15', 'road'], ['10:00', 'customer'], ['10:05', 'customer'])
  await it.seen(['10:10', 'bridge'], ['11:00', 'gate'], ['11:05', 'gate'])
  assert.deepEqual(it.calls, [
    'arrived depot 09:00',
    'departed depot 09:15',
    'arrived customer 10:00',
    'departed customer 10:10',
    'arrived depot 2 11:00',
  ])
  // A stay that was not known of shifts the count.
  await it.seen(['07:00', 'depot'], ['07:05', 'depot'], ['08:00', 'road'])
  assert.deepEqual(
    it.calls.slice(5).sort(),
    ['arrived depot 07:00', 'arrived depot 2 09:00', 'departed depot 08:00', 'departed depot 2 09:15'].sort(),
  )
})

test('a swap takes back what the truck did when the shipment was no longer on it', async () => {
  const it = await truck()
  await it.rides(['depot', 'customer'])
  await it.seen(['09:00', 'depot'], ['09:10', 'depot'], ['09:20', 'road'], ['10:00', 'customer'], ['10:05', 'customer'])
  await it.rides(['depot', 'customer'], 2, { periods: [{ from: t('00:00'), until: t('09:30') }] })
  assert.deepEqual(it.calls.slice(3), ['not arrived customer 10:00'])
  assert.deepEqual(it.progress.slice(-2), ['not progress customer 10:00', 'not progress customer 10:05'])
})

test('a stop that is no longer planned, and an assignment taken back, take back what was told', async () => {
  const it = await truck()
  await it.rides(['depot', 'customer'])
  await it.seen(['09:00', 'depot'], ['09:10', 'depot'], ['10:00', 'customer'], ['10:05', 'customer'])
  await it.rides(['customer'], 2)
  assert.deepEqual(it.calls.slice(3), ['not arrived depot 09:00', 'not departed depot 10:00'])
  await it.rides(['customer'], 3, { retracted: true })
  assert.deepEqual(it.calls.slice(5), ['not arrived customer 10:00'])
  await it.rides(['depot', 'customer'], 2)
  assert.equal(it.calls.length, 6)
  await it.rides(['depot', 'customer'], 4)
  assert.deepEqual(it.calls.slice(6), ['arrived depot 09:00', 'departed depot 10:00', 'arrived customer 10:00'])
})

test('progress is told once in five minutes, of the earliest fix, until the last departure', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(
    ['09:01', 'road'],
    ['09:02', 'terminal'],
    ['09:04', 'terminal'],
    ['09:06', 'terminal'],
    ['09:09', 'bridge'],
  )
  assert.deepEqual(it.progress, ['progress road 09:01', 'progress terminal 09:06'])
  await it.seen(['09:05', 'terminal'], ['09:00', 'road'])
  assert.deepEqual(it.progress.slice(2), ['progress terminal 09:05', 'progress road 09:00'])
  await it.seen(['09:12', 'customer'], ['09:19', 'customer'], ['09:22', 'bridge'], ['09:26', 'terminal'])
  assert.deepEqual(it.progress.slice(4), ['progress customer 09:12', 'progress customer 09:19'])
  // It comes back: it had not left, so what it did meanwhile is progress too.
  await it.seen(['09:28', 'customer'])
  assert.deepEqual(it.progress.slice(6), ['progress bridge 09:22', 'progress terminal 09:26'])
})

test('a place that moves is looked for again; a restart forgets nothing', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'bridge'], ['10:05', 'bridge'], ['10:10', 'customer'])
  await it.driver.restart()
  const stops = stopsAt(['customer']).map(stop => ({ ...stop, place: stopsAt(['bridge'])[0]?.place ?? stop.place }))
  await it.rides(['customer'], 2, { stops })
  assert.deepEqual(it.calls, ['arrived customer 10:00', 'departed customer 10:10'])
  await it.driver.restart()
  await it.rides(['customer'], 3, { periods: [ALL_DAY] })
  assert.deepEqual(it.calls.slice(2), ['not arrived customer 10:00', 'not departed customer 10:10'])
})
