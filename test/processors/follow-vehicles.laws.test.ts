/** What holds of follow-vehicles whatever it hears, and in whatever order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shipmentSightings, vehiclePositions } from '../../schemas/topics.ts'
import type { Driver } from '../../streams/drive.ts'
import { Coverage } from '../laws/coverage.ts'
import { model } from '../laws/vehicles-model.ts'
import { driver, outcome } from '../laws/trucks.ts'
import { anyOrder } from '../laws/vehicles.ts'

function reached(through: Driver) {
  const sightings = through.written(shipmentSightings).map(({ value }) => value)
  const positions = through.written(vehiclePositions).map(({ value }) => value)
  return {
    arrivals: sightings.some(({ kind }) => kind === 'arrived'),
    departures: sightings.some(({ kind }) => kind === 'departed'),
    'second visits': sightings.some(({ kind, stopId }) => kind === 'arrived' && stopId?.endsWith(' 2') === true),
    progress: sightings.some(({ kind }) => kind === 'progress'),
    corrections: sightings.some(({ revision, retracted, kind }) => revision > 1 && !retracted && kind !== 'progress'),
    'corrected progress': sightings.some(
      ({ revision, retracted, kind }) => revision > 1 && !retracted && kind === 'progress',
    ),
    retractions: sightings.some(({ retracted, kind }) => retracted && kind !== 'progress'),
    'retracted progress': sightings.some(({ retracted, kind }) => retracted && kind === 'progress'),
    'flags gone or come': positions.some(({ revision }) => revision > 1),
    'two shipments': new Set(sightings.map(({ shipmentId }) => shipmentId)).size > 1,
  }
}

test('law: in any order, any number of times: what is believed in the end is what the rules say of the set', async t => {
  const coverage = new Coverage(reached)
  await fc.assert(
    fc.asyncProperty(anyOrder, async deliveries => {
      const through = await driver()
      await through.feed(...deliveries)
      coverage.add(through)
      assert.deepEqual(outcome(through), model(deliveries))
    }),
    { numRuns: 1_000 },
  )
  t.diagnostic(coverage.report)
  coverage.assertAtLeast(0.02)
})

test('law: a restart at any point changes not a word, and hearing everything again adds none', async () => {
  await fc.assert(
    fc.asyncProperty(anyOrder, fc.nat(60), async (deliveries, cut) => {
      const [through, restarted] = [await driver(), await driver()]
      await through.feed(...deliveries)
      await restarted.feed(...deliveries.slice(0, cut))
      await restarted.restart()
      await restarted.feed(...deliveries.slice(cut))
      assert.deepEqual(words(restarted), words(through))
      const before = words(through)
      await through.feed(...deliveries)
      assert.deepEqual(words(through), before)
    }),
    { numRuns: 200 },
  )
})

const words = (through: Driver) => [through.written(shipmentSightings), through.written(vehiclePositions)]
