/** What follow-vehicles promises of doubted fixes, of late ones, and of what lies too far back; told as stories. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ahead } from '../../domain/track.ts'
import { vehiclePositions } from '../../schemas/topics.ts'
import { later, minutes } from '../../streams/time.ts'
import { assigned, assignmentOf, deliveredAt, fixAt, stopsAt, t, type Truck, truck, VEHICLE } from '../laws/trucks.ts'

test('a fix that cannot have been is a jump, until it turns out that the truck went on from there', async () => {
  const it = await truck()
  await it.rides(['customer', 'faraway'])
  await it.seen(['10:00', 'road'], ['10:02', 'faraway'])
  assert.deepEqual(it.flags, ['10:00', '10:02 jump'])
  // Nor can the truck have come back from there. Once it goes on, it is plain which of them was the jump.
  await it.seen(['10:04', 'terminal'], ['10:05', 'terminal'])
  assert.deepEqual(it.flags.slice(2), ['10:04 jump', '10:04', '10:05'])
  await it.seen(['10:06', 'faraway'])
  assert.deepEqual(it.flags.slice(5), ['10:06 jump'])
  await it.seen(['10:10', 'faraway'])
  assert.deepEqual(it.flags.slice(6), ['10:06', '10:10'])
  assert.deepEqual(it.calls, ['arrived faraway 10:06'])
})

test('a fix between two others can make one of them a jump', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'customer'], ['10:05', 'customer'], ['13:00', 'faraway'], ['16:00', 'customer'])
  await it.seen(['12:58', 'bridge'], ['13:02', 'bridge'])
  assert.deepEqual(it.flags, ['10:00', '10:05', '13:00', '16:00', '12:58', '13:00 jump', '13:02'])
})

test('doubted fixes are told of with their flags and move nothing', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(
    ['10:00', 'customer', { accuracyM: 501 }],
    ['10:05', 'customer', { accuracyM: 501 }],
    ['10:08', 'nowhere'],
  )
  assert.deepEqual(it.flags, ['10:00 inaccurate', '10:05 inaccurate', '10:08 null_island'])
  assert.deepEqual(it.sightings, [])
})

test('a fix from the future counts once it is heard again when its time has come', async () => {
  const it = await truck()
  await it.rides(['customer'])
  const fix = fixAt(t('10:10'), 'customer')
  await it.driver.feed(deliveredAt(fix, t('10:00')))
  await it.seen(['10:05', 'customer'])
  assert.deepEqual(it.flags, ['10:10 future', '10:05'])
  await it.driver.feed(deliveredAt(fix, t('10:04')), deliveredAt(fix, t('10:11')), deliveredAt(fix, t('10:01')))
  assert.deepEqual(it.flags.slice(2), ['10:10'])
  assert.deepEqual(it.calls, ['arrived customer 10:05'])
  const told = it.driver.written(vehiclePositions).at(-1)
  assert.deepEqual([told?.receivedAt, told?.value.revision], [t('10:11'), 2])
})

test('a fix from the future that is heard again beyond the horizon is late; the same as before is not', async () => {
  const it = await truck()
  await it.rides(['customer'], 1, { periods: [{ from: t('00:00'), until: t('23:00', 9) }] })
  const fix = fixAt(t('10:07'), 'bridge')
  await it.driver.feed(deliveredAt(fix, t('10:00')))
  await it.seen(['10:00', 'customer'], ['10:05', 'customer'], ['10:20', 'bridge'])
  await it.driver.feed(deliveredAt(fixAt(t('10:00', 4), 'road')), deliveredAt(fix, t('10:01')))
  assert.deepEqual(it.late, [])
  await it.driver.feed(deliveredAt(fix, t('10:01', 4)))
  assert.deepEqual(it.late, ['telematics.position.v1 10:07'])
  assert.deepEqual(it.calls, ['arrived customer 10:00', 'departed customer 10:20'])
})

/** The fixes from the future that are kept until they are heard again. */
const waiting = ({ driver: { disk } }: Truck) =>
  [...disk.tasks.values()].flatMap(({ dense }) =>
    [...(dense.get(`${VEHICLE} ${ahead.name}`)?.values() ?? [])].flatMap(block =>
      ahead.blocks.decode(block).map(({ at }) => at),
    ),
  )

test('a fix from the future is kept for 72 hours, or until it is heard again when its time has come', async () => {
  const it = await truck()
  const fix = fixAt(t('11:00', 3), 'road')
  await it.driver.feed(deliveredAt(fixAt(t('10:10'), 'road'), t('10:00')))
  await it.driver.feed(deliveredAt(fixAt(t('10:20'), 'road'), t('10:01')))
  assert.deepEqual(waiting(it), [t('10:10'), t('10:20')])
  await it.driver.feed(deliveredAt(fixAt(t('11:01', 3), 'road'), t('10:00', 3)))
  assert.deepEqual(waiting(it), [t('10:10'), t('10:20'), t('11:01', 3)])
  await it.driver.feed(deliveredAt(fix, t('10:50', 3)))
  assert.deepEqual(waiting(it), [t('11:00', 3), t('11:01', 3)])
  await it.driver.feed(deliveredAt(fix, t('11:00', 3)))
  assert.deepEqual(waiting(it), [t('11:01', 3)])
})

test('a position keeps the envelope of the fix, whatever it was that changed its flags', async () => {
  const it = await truck()
  const at = t('10:02')
  await it.driver.feed(
    deliveredAt(fixAt(t('10:00'), 'road')),
    {
      ...deliveredAt(fixAt(at, 'faraway')),
      origin: { source: 'flespi', emittedAt: later(at, 5), receivedAt: later(at, 50) },
    },
    deliveredAt(fixAt(t('10:30'), 'faraway')),
  )
  const [first, second] = it.driver.written(vehiclePositions).filter(({ value }) => value.occurredAt === at)
  const envelope = { source: 'flespi', emittedAt: later(at, 5), receivedAt: later(at, 50) }
  assert.partialDeepStrictEqual(first, { ...envelope, value: { revision: 1, flags: ['jump'] } })
  assert.partialDeepStrictEqual(second, { ...envelope, value: { revision: 2, flags: [] } })
  assert.equal(first?.value.positionId, second?.value.positionId)
})

test('a fix older than 72 hours before the newest sound one is late; what it might have changed stays as told', async () => {
  const it = await truck()
  const periods = [{ from: t('00:00'), until: t('23:00', 9) }]
  await it.rides(['customer'], 1, { periods })
  await it.seen(['10:00', 'customer'], ['10:05', 'customer'])
  await it.driver.feed(deliveredAt(fixAt(t('10:03', 3), 'road')))
  await it.seen(['10:02', 'bridge'], ['10:08', 'bridge'])
  assert.deepEqual(it.late, ['telematics.position.v1 10:02'])
  assert.deepEqual(it.calls, ['arrived customer 10:00', 'departed customer 10:03', 'departed customer 10:08'])
  await it.driver.feed(deliveredAt(fixAt(t('10:05'), 'customer')))
  assert.equal(it.late.length, 1, 'what was heard before is not late')
})

test('the newest sound fix may turn out to be a jump: the horizon goes back with it', async () => {
  const it = await truck()
  await it.driver.feed(
    deliveredAt(fixAt(t('09:00'), 'road')),
    deliveredAt(fixAt(t('12:10', 3), 'road')),
    deliveredAt(fixAt(t('12:09', 3), 'faraway')),
    deliveredAt(fixAt(t('12:09:30'), 'road')),
    deliveredAt(fixAt(t('12:08:30'), 'road')),
  )
  assert.deepEqual(it.flags, ['09:00', '12:10', '12:09', '12:10 jump', '12:09'])
  assert.deepEqual(it.late, ['telematics.position.v1 12:08'])
})

test('a fix from 2099 moves no horizon', async () => {
  const it = await truck()
  await it.driver.feed(deliveredAt(fixAt(t('10:00', 27_000), 'road'), t('10:00')))
  await it.seen(['10:01', 'road'], ['09:00', 'road'])
  assert.deepEqual(it.late, [])
})

test('what was told of times beyond the horizon outlives the track, also when the plan changes', async () => {
  const it = await truck()
  const periods = [{ from: t('00:00'), until: t('23:00', 9) }]
  await it.rides(['depot', 'customer'], 1, { periods })
  await it.seen(['10:00', 'depot'], ['10:10', 'depot'], ['10:20', 'road'])
  for (let hour = 0; hour < 120; hour++)
    await it.driver.feed(deliveredAt(fixAt(later(t('11:00'), minutes(60 * hour)), 'road')))
  await it.rides(['depot', 'terminal', 'customer'], 2, { periods: [{ from: t('00:00'), until: t('23:00', 10) }] })
  assert.deepEqual(it.calls, ['arrived depot 10:00', 'departed depot 10:20'])
  await it.rides(['terminal', 'customer'], 3, { periods })
  assert.deepEqual(it.calls.slice(2), ['not arrived depot 10:00', 'not departed depot 10:20'])
  const { plain, dense } = [...it.driver.disk.tasks.values()][0] ?? assert.fail()
  const blocks = [...dense.values()].map(list => list.size)
  assert.ok(Math.max(...blocks) <= 76, `${Math.max(...blocks)} blocks kept of one an hour`)
  assert.ok(plain.size > 0)
})

test('an arrival beyond the horizon stays told when its stop moves: nobody knows any more whether the truck was there', async () => {
  const it = await truck()
  const periods = [{ from: t('00:00'), until: t('23:00', 9) }]
  await it.rides(['depot', 'customer'], 1, { periods })
  await it.seen(['10:00', 'depot'], ['10:10', 'depot'], ['10:20', 'road'])
  await it.driver.feed(deliveredAt(fixAt(t('12:00', 4), 'road')))
  const [depot, customer] = stopsAt(['depot', 'customer'])
  const [terminal] = stopsAt(['terminal'])
  assert.ok(depot && customer && terminal)
  await it.rides([], 2, { periods, stops: [{ ...depot, place: terminal.place }, customer] })
  assert.deepEqual(it.calls, ['arrived depot 10:00', 'departed depot 10:20'])
})

test('an arrival beyond the horizon is taken back when its stop moves to another place of the plan, which is known', async () => {
  const it = await truck()
  const periods = [{ from: t('00:00'), until: t('23:00', 9) }]
  await it.rides(['depot', 'customer'], 1, { periods })
  await it.seen(['10:00', 'depot'], ['10:10', 'depot'], ['10:20', 'road'])
  await it.driver.feed(deliveredAt(fixAt(t('12:00', 4), 'road')))
  const [depot, customer] = stopsAt(['depot', 'customer'])
  assert.ok(depot && customer)
  await it.rides([], 2, { periods, stops: [{ ...depot, place: customer.place }, customer] })
  assert.deepEqual(it.calls.slice(2), ['not arrived depot 10:00', 'not departed depot 10:20'])
})

test('an assignment without periods is as late as its plan', async () => {
  const it = await truck()
  await it.driver.feed(deliveredAt(fixAt(t('10:00', 5), 'road')))
  await it.rides(['customer'], 1, { periods: [], occurredAt: t('09:00', 5) })
  assert.deepEqual(it.late, [])
  await it.rides(['customer'], 1, { periods: [], shipmentId: 'SHP-2' })
  assert.deepEqual(it.late, ['vehicle.assignment.v1 06:00'])
})

test('an assignment long over is let go without a word, and a version of it that comes then is late', async () => {
  const it = await truck()
  await it.rides(['customer'])
  await it.seen(['10:00', 'customer'], ['10:05', 'customer'], ['10:10', 'bridge'])
  const before = it.sightings.length
  await it.driver.feed(deliveredAt(fixAt(t('10:00', 5), 'road')), assigned(assignmentOf(['customer'], 2)))
  assert.equal(it.sightings.length, before)
  assert.deepEqual(it.late, ['vehicle.assignment.v1 06:00'])
  // A new plan brings it back. Whoever still knows what was told then must not take what is told now for an echo.
  await it.rides(['customer'], 3, { periods: [{ from: t('00:00', 5), until: t('23:00', 5) }] })
  for (const clock of ['10:10', '10:15']) await it.driver.feed(deliveredAt(fixAt(t(clock, 5), 'customer')))
  const arrivals = it.sightings.filter(({ kind }) => kind === 'arrived')
  assert.deepEqual(
    arrivals.map(({ occurredAt }) => occurredAt),
    [t('10:00'), t('10:10', 5)],
  )
  assert.ok((arrivals[1]?.revision ?? 0) > (arrivals[0]?.revision ?? 0))
})
