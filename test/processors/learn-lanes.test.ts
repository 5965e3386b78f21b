import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { learnLanes } from '../../processors/learn-lanes.ts'
import type { LaneModel, LaneTrip } from '../../schemas/generated/events.ts'
import { deadLetters, laneModels, laneTrips } from '../../schemas/topics.ts'
import { type Delivery, drive, type Driver } from '../../streams/drive.ts'
import { hours, later, minutes } from '../../streams/time.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { t } from '../support/scene.ts'

const LANE = 'everywhere'
const trip = (shipmentId: string, more: Partial<LaneTrip> = {}): LaneTrip => ({
  ...{ occurredAt: t('00:00'), lane: LANE, shipmentId, over: false, calls: [], revision: 1, retracted: false },
  ...more,
})
/** Arrived so many minutes after midnight, three times as long after it was foretold as was foretold. */
const arrived = (n: number, more: Partial<LaneTrip> = {}): LaneTrip => {
  const arrivedAt = later(t('00:00'), minutes(n))
  const predictions = [{ madeAt: later(arrivedAt, -hours(6)), cell: '4c1o', leftMs: hours(2) - minutes(n % 5) }]
  const calls = [{ stopId: 'b', arrivedAt, predictions }]
  return trip(`S-${n}`, { occurredAt: arrivedAt, over: true, calls, ...more })
}
/** As if half as much had been foretold. */
const sooner = (each: LaneTrip): LaneTrip => ({
  ...each,
  calls: each.calls.map(call => ({
    ...call,
    predictions: call.predictions.map(one => ({ ...one, leftMs: one.leftMs / 2 })),
  })),
})
const said = (...trips: readonly LaneTrip[]): Delivery[] =>
  trips.map(each => emit(laneTrips, each, { receivedAt: each.occurredAt }))
const several = (from: number, many: number): LaneTrip[] => Array.from({ length: many }, (_, i) => arrived(from + i))

async function lane(run: (driver: Driver) => Promise<void>): Promise<LaneModel[]> {
  const driver = await drive([learnLanes], options)
  await run(driver)
  assert.deepEqual(driver.written(deadLetters), [])
  return driver.written(laneModels).map(({ value }) => value)
}
const short = (models: readonly LaneModel[]) =>
  models.map(({ shipmentId, arrivals, revision }) => `${shipmentId} ${arrivals} ${revision}`)

test('on the full hour after eight arrivals those under way are told what was learnt, and who asks later too', async () => {
  const models = await lane(async driver => {
    await driver.feed(...said(trip('A'), trip('B', { over: true }), ...several(600, 7)))
    await driver.tick(t('12:00'))
    assert.deepEqual(driver.written(laneModels), [])
    await driver.feed(...said(arrived(607)))
    await driver.tick(t('12:59'))
    assert.deepEqual(driver.written(laneModels), [])
    await driver.tick(t('13:00'))
    await driver.feed(...said(trip('C')))
  })
  assert.deepEqual(short(models), ['A 8 1', 'C 8 1'])
  assert.deepEqual(models[0]?.occurredAt, t('13:00'))
  assert.deepEqual(
    models[0].cells.map(({ cell, arrivals }) => [cell, arrivals]),
    [
      ['4', 8],
      ['4c', 8],
      ['4c1', 8],
      ['4c1o', 8],
    ],
  )
})

test('the next version rests on a quarter more, and says so once to each', async () => {
  const models = await lane(async driver => {
    await driver.feed(...said(trip('A'), ...several(600, 40)))
    await driver.tick(t('14:00'))
    await driver.feed(...said(...several(700, 9)))
    await driver.tick(t('16:00'))
    await driver.feed(...said(trip('A', { revision: 2, calls: [] })))
    await driver.feed(...said(arrived(709)))
    await driver.tick(t('18:00'))
  })
  assert.deepEqual(short(models), ['A 40 1', 'A 50 2'])
  assert.notEqual(models[0]?.version, models[1]?.version)
})

test('what is taken back is not learnt from, and what was heard before changes nothing', async () => {
  const models = await lane(async driver => {
    await driver.feed(...said(trip('A'), ...several(600, 9)))
    await driver.feed(...said(arrived(603, { revision: 2, retracted: true }), arrived(603), arrived(604)))
    await driver.tick(t('14:00'))
  })
  assert.deepEqual(short(models), ['A 8 1'])
})

test('a restart changes not a word', async () => {
  const words = async (restarts: boolean) =>
    lane(async driver => {
      for (const delivery of said(trip('A'), ...several(600, 30), trip('B'), ...several(640, 20))) {
        await driver.feed(delivery)
        if (restarts) await driver.restart()
      }
      await driver.tick(t('14:00'))
      if (restarts) await driver.restart()
      await driver.feed(...said(trip('C')))
    })
  assert.deepEqual(await words(true), await words(false))
})

test('the same trips until the same hour are the same model, in whatever order and however often they came', async () => {
  const trips = [trip('A'), ...several(600, 12)]
  const modelOf = (some: readonly LaneTrip[]) =>
    lane(async driver => {
      await driver.feed(...said(...some))
      await driver.tick(t('15:00'))
    })
  const same = await modelOf(trips)
  assert.equal(same.length, 1)
  const disordered = fc
    .subarray(trips)
    .chain(again => fc.shuffledSubarray([...trips, ...again], { minLength: trips.length + again.length }))
  await fc.assert(
    fc.asyncProperty(disordered, async some => assert.deepEqual(await modelOf(some), same)),
    { numRuns: 50 },
  )
})

test('once much is known a shipment hears of a new version at its next stop', async () => {
  const fourDays = [0, 1, 2, 3].flatMap(day => several(day * 1_440, 300))
  const models = await lane(async driver => {
    await driver.feedTogether(...said(trip('A'), ...fourDays.reverse()))
    await driver.tick(t('Fri 12:00'))
    await driver.feed(...said(trip('B'), trip('B', { revision: 2, occurredAt: t('Fri 12:00') })))
    await driver.feed(...said(trip('A', { revision: 2, occurredAt: t('Fri 12:00') })))
  })
  assert.deepEqual(short(models), ['B 1000 1', 'A 1000 1'])
})

test('of a busy day a sample counts, the same one whenever it was drawn', async () => {
  const busy = several(0, 1_000)
  const modelOf = (looks: readonly string[], parts: readonly (readonly LaneTrip[])[]) =>
    lane(async driver => {
      for (const [i, part] of parts.entries()) {
        await driver.feedTogether(...said(...part))
        await driver.tick(t(looks[i] ?? ''))
      }
      await driver.feed(...said(trip('A')))
    })
  const [at, before] = ['Tue 18:00', 'Tue 12:00']
  const atOnce = await modelOf([at], [busy])
  const inParts = await modelOf([before, at], [busy.slice(0, 600), busy.slice(600)])
  assert.deepEqual(short(atOnce), ['A 300 1'])
  assert.deepEqual(atOnce[0]?.cells, inParts[0]?.cells)
})

test('a busy lane makes a version every six hours, as soon as it knows enough', async () => {
  const models = await lane(async driver => {
    await driver.feedTogether(...said(trip('A'), ...several(0, 320)))
    await driver.tick(t('13:00'))
    assert.equal(driver.written(laneModels).length, 1)
    await driver.feedTogether(...said(...several(800, 300).map(sooner)))
    await driver.tick(t('17:59'))
    assert.equal(driver.written(laneModels).length, 1)
    await driver.tick(t('18:00'))
  })
  assert.deepEqual(short(models), ['A 300 1', 'A 300 2'])
})

test('a trip that says it is of the future holds up nothing', async () => {
  const models = await lane(async driver => {
    await driver.tick(t('09:00'))
    const future = trip('A', { occurredAt: t('12-31 00:00') })
    await driver.feed(...said(...several(600, 7)), emit(laneTrips, future, { receivedAt: t('10:07') }))
    await driver.feed(emit(laneTrips, { ...arrived(607), occurredAt: t('12-31 00:00') }, { receivedAt: t('10:08') }))
    await driver.tick(t('13:00'))
  })
  assert.deepEqual(short(models), ['A 8 1'])
})

test('half a year later nothing is left but what was counted', async () => {
  const driver = await drive([learnLanes], options)
  await driver.feed(...said(trip('A'), ...several(600, 12)))
  await driver.tick(t('14:00'))
  await driver.tick(t('12-31 00:00'))
  const [task] = [...driver.disk.tasks.values()]
  const rows = [...(task?.plain.values() ?? [])].flatMap(each => [...each.values()].map(({ list }) => list))
  assert.deepEqual(rows, [''])
  const last = driver.written(laneModels).length
  await driver.feed(...said(trip('Z', { occurredAt: t('12-31 00:00') })))
  assert.equal(driver.written(laneModels).length, last)
})

test('before the outcomes would be known, however they came out, nothing is learnt', async () => {
  const soon = several(600, 9).map(each => ({
    ...each,
    calls: each.calls.map(call => ({
      ...call,
      predictions: call.predictions.map(one => ({ ...one, leftMs: hours(9) })),
    })),
  }))
  const models = await lane(async driver => {
    await driver.feed(...said(trip('A'), ...soon))
    await driver.tick(t('19:00'))
    assert.deepEqual(driver.written(laneModels), [])
    await driver.feed(...said(trip('B')))
    await driver.tick(t('21:00'))
  })
  assert.deepEqual(short(models), ['A 9 1', 'B 9 1'])
})
