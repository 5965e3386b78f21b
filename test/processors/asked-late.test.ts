/** What a lane answers may reach an ETA's task before the plan does that it was asked about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { predictEtas } from '../../processors/predict-etas.ts'
import { laneModels, lates, shipmentEtas, shipmentPlans, shipmentSightings } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { planned, SHIPMENT, sighting, t } from '../support/scene.ts'

test('an answer that comes before the plan is kept for it: nothing is let go meanwhile, and nothing is late', async () => {
  const driver = await drive([predictEtas], options)
  const model = {
    ...{ occurredAt: t('06:00'), lane: 'everywhere', shipmentId: SHIPMENT, version: 'v1', arrivals: 8, cells: [] },
    ...{ revision: 1, retracted: false },
  }
  await driver.feed(emit(laneModels, model, { receivedAt: t('06:00') }))
  await driver.tick(t('06:30'))
  await driver.feed(
    emit(shipmentPlans, planned({ hamburg: '09:00', kiel: '12:00' }), { receivedAt: t('06:31') }),
    emit(shipmentSightings, sighting('07:00', 'progress', 'hamburg'), { receivedAt: t('07:00') }),
  )
  assert.deepEqual(driver.written(lates), [])
  const etas = driver.written(shipmentEtas)
  assert.ok(etas.length > 0)
  assert.ok(etas.every(({ value }) => value.modelId.includes('v1')))
})
