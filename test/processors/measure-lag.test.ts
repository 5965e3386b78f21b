import { eventLags, shipmentEvents, shipmentMilestones } from '../../schemas/topics.ts'
import { seconds } from '../../streams/time.ts'
import { t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const due = { hamburg: '11:00', copenhagen: '18:00' }

story('the lag of a report is that at its source, and that of its way to us', s =>
  s
    .planned(due)
    .reported('10:00', 'loaded', {}, { emittedAt: t('10:20'), receivedAt: t('10:20:05') })
    .reported('10:30', 'departed_pickup', {}, { receivedAt: t('10:31') })
    .tells(eventLags, [
      { ofSource: 'nordic', kind: 'loaded', shipmentId: 'SHP-1', sourceMs: seconds(1_200), transferMs: seconds(5) },
      { ofSource: 'nordic', kind: 'departed_pickup', sourceMs: null, transferMs: seconds(60) },
    ]),
)

story('a report that waited for its shipment has the lag with which it came', s =>
  s
    .reported('10:00', 'loaded', {}, { emittedAt: t('10:20'), receivedAt: t('10:20:05') })
    .until('15:00')
    .planned(due)
    .tells(eventLags, [{ ofSource: 'nordic', sourceMs: seconds(1_200), transferMs: seconds(5) }]),
)

story('each version that held is measured once, whatever else is said of it; estimates and retractions are not', s =>
  s
    .planned(due, {
      references: [
        { scheme: 'bol', value: 'BOL-1' },
        { scheme: 'po', value: '7' },
      ],
    })
    .reported('10:00', 'loaded', {
      references: [
        { scheme: 'bol', value: 'BOL-1' },
        { scheme: 'po', value: '7' },
      ],
    })
    .planned(due, { customerId: 'CUST-2', occurredAt: t('01:00') })
    .tells(eventLags, [{ kind: 'loaded' }])
    .reported('10:05', 'loaded', { updatedAt: t('11:00') })
    .reported('10:05', 'loaded', { updatedAt: t('12:00'), retracted: true })
    .reported('17:00', 'arrived_at_delivery', { classifier: 'estimated' })
    .tells(eventLags, [{ occurredAt: t('10:00') }, { occurredAt: t('10:05') }]),
)

story('an arrival is measured by the position that showed it', s =>
  s
    .planned(due)
    .sighted('10:00', 'arrived', 'hamburg')
    .sighted('10:05', 'progress', 'hamburg')
    .tells(eventLags, [{ ofSource: 'tracker', kind: 'arrived', sourceMs: null, transferMs: 0 }]),
)

story('an arrival that a plan brought to light was not slow on its way', s =>
  s
    .seen(['08:30', 'hamburg'], ['08:40', 'hamburg'])
    .planned(due)
    .tells(shipmentMilestones, [{ code: 'arrived_at_pickup' }])
    .tells(eventLags, []),
)

story('weeks later it is still known what was measured, whatever else was measured meanwhile', s =>
  s
    .until('04-06 00:00')
    .planned({ hamburg: '04-07 09:00', copenhagen: '04-07 18:00' }, { occurredAt: t('04-06 00:00') })
    .reported('10:00', 'loaded')
    .reported('Tue 10:00', 'departed_pickup')
    .planned({ hamburg: '04-07 09:00' }, { customerId: 'CUST-2', occurredAt: t('04-06 01:00') })
    .tells(shipmentEvents, [{}, {}, { customerId: 'CUST-2' }, { customerId: 'CUST-2' }])
    .tells(eventLags, [{ kind: 'loaded' }, { kind: 'departed_pickup' }]),
)
