import { cases, lates, shipmentEtas, shipmentMilestones } from '../../schemas/topics.ts'
import { t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const due = { hamburg: '09:00', copenhagen: '18:00' }
const arrival = { code: 'arrived_at_delivery', stopId: 'copenhagen', classifier: 'actual' } as const

story('a truck that stays at its stop has arrived, from the moment it drove in, and left when it is seen outside', s =>
  s
    .planned(due)
    .seen(['17:00', 'a7'], ['17:30', 'copenhagen'], ['17:33', 'copenhagen'], ['18:10', 'fyn'])
    .tells(shipmentMilestones, [
      { ...arrival, occurredAt: t('17:30'), claimedBy: 'positions:TRUCK-7', customerId: 'CUST-1', revision: 1 },
      { code: 'departed_delivery', occurredAt: t('18:10') },
    ]),
)

story('plan and vehicle may come after the truck has been there', s =>
  s
    .seen(['08:30', 'hamburg'], ['08:40', 'hamburg'], ['09:30', 'a7'])
    .tells(shipmentMilestones, [])
    .planned(due)
    .tells(shipmentMilestones, [
      { code: 'arrived_at_pickup', occurredAt: t('08:30') },
      { code: 'departed_pickup', occurredAt: t('09:30') },
    ]),
)

story('a sighting that is corrected corrects the milestone, and one taken back takes it back', s =>
  s
    .planned(due)
    .sighted('17:30', 'arrived', 'copenhagen')
    .sighted('17:20', 'arrived', 'copenhagen', { revision: 2 })
    .sighted('17:30', 'arrived', 'copenhagen')
    .sighted('17:20', 'arrived', 'copenhagen', { revision: 3, retracted: true })
    .tells(shipmentMilestones, [
      { occurredAt: t('17:30'), revision: 1 },
      { occurredAt: t('17:20'), revision: 2 },
      { retracted: true, revision: 3 },
    ]),
)

story('a fact that goes from A to B and back to A is said three times', s =>
  s
    .planned(due)
    .sighted('17:30', 'arrived', 'copenhagen')
    .sighted('17:20', 'arrived', 'copenhagen', { revision: 2 })
    .sighted('17:30', 'arrived', 'copenhagen', { revision: 3 })
    .tells(shipmentMilestones, [{}, {}, { occurredAt: t('17:30'), revision: 3, retracted: false }]),
)

story('positions are believed before carriers, the earlier carrier before the later, and all stay visible', s =>
  s
    .planned(due)
    .reported('17:10', 'arrived_at_delivery', { partnerEventId: '2', rawCode: 'X1' })
    .reported('17:05', 'arrived_at_delivery', { partnerEventId: '1', rawCode: 'X1' })
    .sighted('17:30', 'arrived', 'copenhagen')
    .tells(shipmentMilestones, [
      { ...arrival, occurredAt: t('17:10'), claimedBy: 'carrier:nordic' },
      { occurredAt: t('17:05'), revision: 2 },
      {
        occurredAt: t('17:30'),
        claimedBy: 'positions:TRUCK-7',
        claims: [
          { by: 'positions:TRUCK-7', at: t('17:30'), rawCode: null, identity: 'TRUCK-7/arrived' },
          { by: 'carrier:nordic', at: t('17:05'), rawCode: 'X1', identity: 'nordic/1' },
          { by: 'carrier:nordic', at: t('17:10'), rawCode: 'X1', identity: 'nordic/2' },
        ],
        revision: 3,
      },
    ]),
)

story('of estimates the one said last holds, also if it is the later one', s =>
  s
    .planned(due)
    .reported('17:00', 'arrived_at_delivery', { partnerEventId: '1', classifier: 'estimated', updatedAt: t('08:00') })
    .reported('19:00', 'arrived_at_delivery', { partnerEventId: '2', classifier: 'estimated', updatedAt: t('12:00') })
    .tells(shipmentMilestones, [
      { ...arrival, classifier: 'estimated', occurredAt: t('17:00') },
      { classifier: 'estimated', occurredAt: t('19:00'), revision: 2 },
    ]),
)

story('without a stop a report is about the only stop that its code fits', s =>
  s
    .planned(due)
    .reported('09:10', 'loaded')
    .reported('12:00', 'in_transit')
    .reported('12:05', 'gate_in')
    .tells(shipmentMilestones, [
      { code: 'loaded', stopId: 'hamburg' },
      { code: 'in_transit', stopId: null },
      { code: 'gate_in', stopId: null },
    ]),
)

story('one event under two references counts once', s =>
  s
    .planned(due, {
      references: [
        { scheme: 'bol', value: 'BOL-1' },
        { scheme: 'po', value: '7' },
      ],
    })
    .reported('09:10', 'loaded', {
      references: [
        { scheme: 'bol', value: 'BOL-1' },
        { scheme: 'po', value: '7' },
      ],
    })
    .tells(shipmentMilestones, [
      { code: 'loaded', claims: [{ by: 'carrier:nordic', at: t('09:10'), rawCode: null, identity: 'nordic/loaded' }] },
    ]),
)

story('a report of a stop that the plan does not know counts once a plan knows it', s =>
  s
    .planned({ hamburg: '09:00' })
    .reported('17:00', 'delivered', { stopId: 'copenhagen' })
    .tells(shipmentMilestones, [])
    .planned(due, { occurredAt: t('01:00') })
    .tells(shipmentMilestones, [{ code: 'delivered', stopId: 'copenhagen' }])
    .planned({ hamburg: '09:00' }, { occurredAt: t('02:00') })
    .tells(shipmentMilestones, [{}, { retracted: true }]),
)

story('a partner takes its event back, and the milestone goes', s =>
  s
    .planned(due)
    .reported('09:10', 'loaded')
    .reported('09:10', 'loaded', { updatedAt: t('10:00'), retracted: true })
    .tells(shipmentMilestones, [{ retracted: false }, { retracted: true }]),
)

story('a month after delivery what still comes is late, and what was told stays', s =>
  s
    .planned(due)
    .sighted('17:30', 'departed', 'copenhagen')
    .until('Sun 00:00')
    .sighted('17:00', 'arrived', 'copenhagen')
    .until('04-02 00:00')
    .sighted('17:10', 'departed', 'copenhagen', { revision: 2 })
    .tells(shipmentMilestones, [{ code: 'departed_delivery' }, { code: 'arrived_at_delivery', retracted: false }])
    .tells(lates, [{ processor: 'detect-milestones', key: 'SHP-1' }]),
)

story('what waited for weeks may be heard before the plan that it waited for, and is not the end of the shipment', s =>
  s
    .until('04-20 00:00')
    .sighted('08:30', 'departed', 'hamburg')
    .sighted('08:35', 'progress', 'a7')
    .planned({ hamburg: '04-21 09:00', copenhagen: '04-21 18:00' }, { occurredAt: t('04-20 00:00') })
    .until('04-21 18:00')
    .tells(shipmentMilestones, [{ code: 'departed_pickup' }])
    .tells(shipmentEtas, [{}, {}, {}, {}])
    .tells(cases, [{ kind: 'no_signal' }, { kind: 'late' }])
    .tells(lates, []),
)
