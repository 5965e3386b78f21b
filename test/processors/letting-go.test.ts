/** What is left of a shipment once it is long over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import { carrierEvents, shipmentRequests, shipmentSightings } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { report, request, sighting, t } from '../support/scene.ts'

test('a year later only heads are left, and the links that are their own tombstones', async () => {
  const driver = await drive(processors, options)
  await driver.tick(t('01:00'))
  const plan = request({ hamburg: '09:00', copenhagen: '18:00' }, { vehicleId: null })
  await driver.feed(
    emit(shipmentRequests, plan),
    emit(shipmentSightings, sighting('09:00', 'departed', 'hamburg')),
    emit(shipmentSightings, sighting('09:05', 'progress', 'a7')),
    emit(carrierEvents, report('17:30', 'delivered')),
  )
  await driver.tick(t('12-31 00:00'))
  const left = [...driver.disk.tasks].flatMap(([task, { plain, dense }]) => [
    ...[...plain.values()].flatMap(rows => [...rows.values()].map(({ list }) => `${task} ${list}`)),
    ...[...dense].flatMap(([list, blocks]) => (blocks.size > 0 ? `${task} ${list}` : [])),
  ])
  const heads = [
    'merge-requests',
    'plan-shipments',
    'claim-references',
    'detect-milestones',
    'predict-etas',
    'recall-trips',
    // Of the lane that all are on, and of two of its own.
    ...['learn-lanes', 'learn-lanes', 'learn-lanes'],
    'raise-cases',
    'measure-lag',
  ]
  assert.deepEqual(left.sort(), [...heads.map(task => `${task}/0 `), 'resolve-references/0 links'].sort())
})
