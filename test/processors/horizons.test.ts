/** How long what was heard may still be corrected, or waited for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import {
  carrierClaims,
  carrierEvents,
  lates,
  shipmentEvents,
  shipmentMilestones,
  shipmentRequests,
} from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { report, request, t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const due = { hamburg: '09:00', copenhagen: '18:00' }

story('29 days after delivery a correction counts', s =>
  s
    .planned(due)
    .sighted('17:30', 'departed', 'copenhagen')
    .until('03-31 12:00')
    .sighted('17:10', 'departed', 'copenhagen', { revision: 2 })
    .tells(shipmentMilestones, [{ occurredAt: t('17:30') }, { occurredAt: t('17:10'), revision: 2 }])
    .tells(lates, []),
)

story('32 days after delivery a correction is late', s =>
  s
    .planned(due)
    .sighted('17:30', 'departed', 'copenhagen')
    .until('04-03 12:00')
    .sighted('17:10', 'departed', 'copenhagen', { revision: 2 })
    .tells(shipmentMilestones, [{ occurredAt: t('17:30') }])
    .tells(lates, [{ processor: 'detect-milestones' }]),
)

story('89 days after a partner reported an event it may still correct it', s =>
  s
    .reported('10:00', 'loaded')
    .until('05-30 12:00')
    .reported('10:30', 'loaded', { updatedAt: t('11:00') })
    .tells(carrierClaims, [{ occurredAt: t('10:00') }, { occurredAt: t('10:30'), revision: 2 }])
    .tells(lates, []),
)

story('92 days after a partner reported an event its correction is late', s =>
  s
    .reported('10:00', 'loaded')
    .until('06-02 12:00')
    .reported('10:30', 'loaded', { updatedAt: t('11:00') })
    .tells(carrierClaims, [{ occurredAt: t('10:00') }])
    .tells(lates, [{ processor: 'claim-references' }]),
)

const summer = { hamburg: '07-03 09:00', copenhagen: '07-03 18:00' }

story('119 days an event waits for the shipment that its reference belongs to', s =>
  s
    .reported('10:00', 'loaded')
    .until('06-29 12:00')
    .planned(summer, { occurredAt: t('06-29 12:00') })
    .tells(shipmentEvents, [{ shipmentId: 'SHP-1', occurredAt: t('10:00') }]),
)

story('122 days after an event came nothing is left of it for a shipment to find', s =>
  s
    .reported('10:00', 'loaded')
    .until('07-02 12:00')
    .planned(summer, { occurredAt: t('07-02 12:00') })
    .tells(shipmentEvents, []),
)

test('history that is brought in months later can still be corrected the next day', async () => {
  const driver = await drive(processors, options)
  await driver.tick(t('12-01 08:00'))
  await driver.feed(
    emit(shipmentRequests, request(due, { vehicleId: null })),
    emit(carrierEvents, report('17:30', 'delivered')),
  )
  await driver.tick(t('12-02 08:00'))
  await driver.feed(emit(carrierEvents, report('17:10', 'delivered', { updatedAt: t('19:00') })))
  assert.deepEqual(
    driver.written(shipmentMilestones).map(({ value }) => [value.code, value.occurredAt, value.revision]),
    [
      ['delivered', t('17:30'), 1],
      ['delivered', t('17:10'), 2],
    ],
  )
  assert.deepEqual(driver.written(lates), [])
})
