import { lates, referenceLinks, shipmentPlans, vehicleAssignments } from '../../schemas/topics.ts'
import { t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const due = { hamburg: '09:00', copenhagen: '18:00' }
/** From 6 h before the first planned arrival to 48 h after the last due. */
const [opens, closes] = [t('02:30'), t('Wed 18:00')]

story('a shipment is planned, assigned to its vehicle and linked to its references', s =>
  s
    .planned(due)
    .tells(shipmentPlans, [{ shipmentId: 'SHP-1', status: 'active', revision: 1 }])
    .tells(vehicleAssignments, [{ vehicleId: 'TRUCK-7', periods: [{ from: opens, until: closes }], revision: 1 }])
    .tells(referenceLinks, [{ scheme: 'bol', value: 'BOL-1', shipmentId: 'SHP-1', until: closes }]),
)

story('an older version changes nothing about what holds, but says who rode before', s =>
  s
    .planned(due, { occurredAt: t('12:00'), vehicleId: 'B' })
    .planned(due, { occurredAt: t('08:00'), vehicleId: 'A', customerId: 'OLD' })
    .tells(shipmentPlans, [{ vehicleId: 'B', customerId: 'CUST-1' }])
    .tells(vehicleAssignments, [
      { vehicleId: 'B', periods: [{ from: opens, until: closes }] },
      { vehicleId: 'A', periods: [{ from: opens, until: t('12:00') }] },
      { vehicleId: 'B', periods: [{ from: t('12:00'), until: closes }], revision: 2 },
    ]),
)

story('a shipment that goes back to its first vehicle rides on it twice', s =>
  s
    .planned(due, { occurredAt: t('08:00'), vehicleId: 'A' })
    .planned(due, { occurredAt: t('15:00'), vehicleId: 'A' })
    .planned(due, { occurredAt: t('12:00'), vehicleId: 'B' })
    .tells(vehicleAssignments, [
      { vehicleId: 'A', periods: [{ from: opens, until: closes }] },
      { vehicleId: 'A', occurredAt: t('15:00'), revision: 2 },
      {
        vehicleId: 'A',
        periods: [
          { from: opens, until: t('12:00') },
          { from: t('15:00'), until: closes },
        ],
        revision: 3,
      },
      { vehicleId: 'B', periods: [{ from: t('12:00'), until: t('15:00') }] },
    ]),
)

story('a vehicle that never rides is taken off', s =>
  s
    .planned(due, { occurredAt: t('01:00'), vehicleId: 'A' })
    .planned(due, { occurredAt: t('02:00'), vehicleId: 'B' })
    .tells(vehicleAssignments, [
      { vehicleId: 'A', retracted: false },
      { vehicleId: 'B', periods: [{ from: opens, until: closes }] },
      { vehicleId: 'A', retracted: true, revision: 2 },
    ]),
)

story('a cancelled shipment keeps what its vehicle did before, and has no references', s =>
  s
    .planned(due)
    .planned(due, { occurredAt: t('10:00'), status: 'cancelled' })
    .tells(vehicleAssignments, [{}, { vehicleId: 'TRUCK-7', periods: [{ from: opens, until: t('10:00') }] }])
    .tells(referenceLinks, [{ retracted: false }, { retracted: true, revision: 2 }]),
)

story('a request sent twice says nothing new', s =>
  s
    .planned(due)
    .planned(due)
    .restarted()
    .planned(due)
    .tells(shipmentPlans, [{ revision: 1 }]),
)

story('what comes a month after the shipment is late', s =>
  s
    .planned(due)
    .until('Sun 00:00')
    .planned(due, { occurredAt: t('Sun 00:00') })
    .tells(shipmentPlans, [{}, {}])
    .until('05-04 00:00')
    .planned(due, { occurredAt: t('Sun 01:00') })
    .planned(due, { occurredAt: t('Sun 00:00') })
    .tells(shipmentPlans, [{}, {}])
    .tells(vehicleAssignments, [{}, {}])
    .tells(lates, [{ processor: 'plan-shipments', topic: 'shipment.request.v1', key: 'SHP-1' }]),
)
