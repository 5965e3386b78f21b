import { cases, lates, shipmentEvents } from '../../schemas/topics.ts'
import { t } from '../support/scene.ts'
import { story } from '../support/story.ts'

const due = { hamburg: '11:00', copenhagen: '18:00' }

story('an event reaches the shipment that its reference belongs to', s =>
  s
    .planned(due)
    .reported('10:00', 'loaded')
    .tells(shipmentEvents, [{ shipmentId: 'SHP-1', reference: 'bol|BOL-1', code: 'loaded', customerId: 'CUST-1' }]),
)

story('an event before its shipment waits for it', s =>
  s
    .reported('10:00', 'loaded')
    .tells(shipmentEvents, [])
    .restarted()
    .planned(due)
    .tells(shipmentEvents, [{ shipmentId: 'SHP-1', occurredAt: t('10:00') }]),
)

story('an event of a reference that a plan no longer lists is taken back', s =>
  s
    .planned(due)
    .reported('10:00', 'loaded')
    .planned(due, { references: [], occurredAt: t('11:00') })
    .tells(shipmentEvents, [{ retracted: false }, { retracted: true, revision: 2 }]),
)

story('a reference of two shipments holds its events, and a person is asked whose they are', s =>
  s
    .planned(due)
    .reported('10:00', 'loaded')
    .planned(due, { shipmentId: 'SHP-2', occurredAt: t('08:00'), customerId: 'CUST-2' })
    .tells(shipmentEvents, [
      { shipmentId: 'SHP-1', retracted: false },
      { shipmentId: 'SHP-1', retracted: true, revision: 2 },
    ])
    .tells(cases, [
      {
        kind: 'ambiguous_reference',
        subjectKind: 'reference',
        subjectId: 'bol|BOL-1',
        shipmentId: null,
        state: 'open',
        openedAt: t('10:00'),
        customerId: null,
        carrierId: 'CARR-1',
      },
    ])
    .planned(due, { status: 'cancelled', occurredAt: t('12:00') })
    .tells(shipmentEvents, [{}, {}, { shipmentId: 'SHP-2', retracted: false }])
    .tells(cases, [{}, { state: 'withdrawn', retracted: true }]),
)

story('a reference of two shipments that nobody reports anything of needs nobody', s =>
  s.planned(due).planned(due, { shipmentId: 'SHP-2' }).tells(cases, []),
)

story('a person’s close of an ambiguous reference holds until other shipments have it', s =>
  s
    .planned(due)
    .planned(due, { shipmentId: 'SHP-2' })
    .reported('10:00', 'loaded')
    .acts('acknowledge', 'ann', '10:05')
    .acts('resolve', 'bob', '10:10', 'asked the carrier')
    .reported('10:30', 'departed_pickup')
    .tells(cases, [
      { state: 'open', owner: null },
      { state: 'acknowledged', owner: 'ann' },
      { state: 'resolved', closedBy: 'bob', closedAt: t('10:10') },
      { state: 'resolved', closedBy: 'bob', notes: [{ by: 'bob', at: t('10:10'), text: 'asked the carrier' }] },
    ])
    .planned(due, { shipmentId: 'SHP-3' })
    .tells(cases, [{}, {}, {}, {}, { state: 'open', owner: 'ann', closedBy: null }]),
)

story('a reference may be used again once the shipment that had it has been let go', s =>
  s
    .planned(due)
    .reported('10:00', 'loaded')
    .until('05-04 00:00')
    .reported('10:30', 'gate_in')
    .reported('10:00', 'loaded', { updatedAt: t('11:00') })
    .tells(shipmentEvents, [{ shipmentId: 'SHP-1' }])
    .tells(lates, [
      { processor: 'resolve-references', topic: 'carrier.claim.v1', key: 'bol|BOL-1' },
      { processor: 'resolve-references' },
    ])
    .planned({ hamburg: '05-05 09:00' }, { shipmentId: 'SHP-9', occurredAt: t('05-04 00:00') })
    .reported('05-05 08:00', 'loaded', { partnerEventId: 'again' })
    .tells(shipmentEvents, [
      { shipmentId: 'SHP-1', retracted: false },
      { shipmentId: 'SHP-9', occurredAt: t('05-05 08:00') },
    ]),
)

story(
  'an event of a shipment that has been let go stays as told, also if it is moved beyond the end of its window',
  s =>
    s
      .planned(due)
      .reported('10:00', 'loaded')
      .until('05-04 00:00')
      .reported('05-03 10:00', 'loaded', { updatedAt: t('05-03 11:00') })
      .tells(shipmentEvents, [{ shipmentId: 'SHP-1', occurredAt: t('10:00') }])
      .tells(lates, [{ processor: 'resolve-references', topic: 'carrier.claim.v1' }]),
)
