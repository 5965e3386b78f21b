import type { Case, ShipmentEta } from '../../schemas/generated/events.ts'
import { cases, lates, shipmentEtas } from '../../schemas/topics.ts'
import { emit, type Emission } from '../../streams/topic.ts'
import { SHIPMENT, stopAt, t } from '../support/scene.ts'
import { type Story, story } from '../support/story.ts'

const due = { hamburg: '09:00', copenhagen: '18:00' }
const viaKiel = { hamburg: '09:00', kiel: '12:00', copenhagen: '18:00' }
const delivery = { copenhagen: '18:00' }

const whateverTheEta = ({ kind }: Case) => kind !== 'late_risk'

/** On the road every twenty minutes. */
function overTheDay(from: string, until: string): (readonly [clock: string, at: 'a7'])[] {
  const clocks: (readonly [string, 'a7'])[] = []
  for (let at: number = t(from); at <= t(until); at += 20 * 60_000)
    clocks.push([new Date(at).toISOString().slice(11, 16), 'a7'])
  return clocks
}

story('a stop that is not reached by its deadline needs a person', s =>
  s
    .planned(delivery)
    .until('17:59')
    .tells(cases, [])
    .until('18:00')
    .tells(cases, [
      {
        kind: 'late',
        stopId: 'copenhagen',
        shipmentId: 'SHP-1',
        state: 'open',
        severity: 'high',
        openedAt: t('18:00'),
        customerId: 'CUST-1',
      },
    ]),
)

story('without an agreed latest arrival a quarter of an hour is nobody’s business', s =>
  s
    .planned({}, { stops: [{ ...stopAt('copenhagen', '18:00'), dueBy: null }] })
    .until('17:44')
    .tells(cases, [])
    .until('17:45')
    .tells(cases, [{ kind: 'late', openedAt: t('17:45') }]),
)

story('it is reported once, and resolved when the truck arrives', s =>
  s
    .planned(delivery)
    .until('18:30')
    .until('18:40')
    .seen(['19:00', 'copenhagen'], ['19:03', 'copenhagen'])
    .tells(cases, [
      { state: 'open' },
      {
        state: 'resolved',
        closedAt: t('19:00'),
        closedBy: null,
        evidence: JSON.stringify({
          plannedArrival: '2026-03-02T17:30:00.000Z',
          deadline: '2026-03-02T18:00:00.000Z',
          reachedAt: '2026-03-02T19:00:00.000Z',
          minutesLate: 60,
        }),
      },
    ]),
)

story('a shipment on time is nobody’s business', s =>
  s.planned(delivery).seen(['17:50', 'copenhagen'], ['17:53', 'copenhagen']).until('19:45').tells(cases, []),
)

story('a plan that comes after its own deadline is late at once', s =>
  s
    .until('19:00')
    .planned(delivery)
    .tells(cases, [{ state: 'open', openedAt: t('18:00') }]),
)

story(
  'a plan that comes after its vehicle has long been there makes no case: its sightings take longer to be found',
  s =>
    s
      .until('18:00')
      .seen(['08:30', 'hamburg'], ['08:40', 'hamburg'], ['09:05', 'a7'])
      .seen(...overTheDay('09:20', '17:20'))
      .seen(['17:40', 'copenhagen'], ['17:50', 'copenhagen'], ['18:10', 'fyn'])
      .until('19:00')
      .planned(due)
      .until('19:10')
      .tells(cases, []),
)

story('a late case is withdrawn when it turns out that the truck had been there in time', s =>
  s
    .planned(delivery)
    .until('18:20')
    .seen(['17:50', 'copenhagen'], ['17:53', 'copenhagen'])
    .tells(cases, [{ state: 'open' }, { state: 'withdrawn', retracted: true }]),
)

story('and when the plan changes, or is cancelled', s =>
  s
    .planned(delivery)
    .until('18:20')
    .planned({ copenhagen: '19:00' }, { occurredAt: t('18:10') })
    .until('19:00')
    .planned({ copenhagen: '19:00' }, { occurredAt: t('19:10'), status: 'cancelled' })
    .tells(cases, [{ state: 'open' }, { state: 'withdrawn' }, { state: 'open', revision: 3 }, { state: 'withdrawn' }]),
)

story('what a person closed stays closed until there is something new to see', s =>
  s
    .planned(delivery)
    .until('18:20')
    .acts('acknowledge', 'ann', '18:21')
    .acts('resolve', 'ann', '18:25', 'called the driver')
    .until('19:00')
    .restarted()
    .tells(cases, [
      { state: 'open', owner: null },
      { state: 'acknowledged', owner: 'ann' },
      {
        state: 'resolved',
        closedBy: 'ann',
        closedAt: t('18:25'),
        notes: [{ by: 'ann', at: t('18:25'), text: 'called the driver' }],
      },
    ])
    .planned({ copenhagen: '19:30' }, { occurredAt: t('18:55') })
    .until('19:30')
    .tells(cases, [{}, {}, {}, { state: 'withdrawn' }, { state: 'open', owner: 'ann', closedBy: null, revision: 5 }]),
)

story('a comment changes nothing but the notes', s =>
  s
    .planned(delivery)
    .until('18:20')
    .acts('comment', 'bob', '18:21', 'ferry is late')
    .tells(cases, [
      { state: 'open' },
      { state: 'open', notes: [{ by: 'bob', at: t('18:21'), text: 'ferry is late' }] },
    ]),
)

story('a stop that was passed over is missed until something is known of it', s =>
  s
    .planned(viaKiel, { vehicleId: null })
    .sighted('08:30', 'arrived', 'hamburg')
    .sighted('17:30', 'arrived', 'copenhagen')
    .tells(cases, [
      { kind: 'late', stopId: 'kiel', state: 'open' },
      { kind: 'missed_milestone', stopId: 'kiel', state: 'open', severity: 'low', openedAt: t('17:30') },
    ])
    .reported('11:30', 'gate_in')
    .tells(cases, [
      {},
      {},
      { kind: 'late', retracted: true },
      { kind: 'missed_milestone', state: 'withdrawn', retracted: true },
    ]),
)

story('who stands at a stop for more than two hours of which no plan speaks needs a person, until he is off', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .underWay('08:40', '10:35', 'hamburg')
    .until('10:39')
    .tells(cases, [])
    .until('10:41')
    .tells(cases, [{ kind: 'dwell', stopId: 'hamburg', severity: 'medium', state: 'open', openedAt: t('10:40') }])
    .sighted('11:40', 'departed', 'hamburg')
    .tells(cases, [
      {},
      {
        kind: 'dwell',
        state: 'resolved',
        closedAt: t('11:40'),
        evidence: JSON.stringify({
          arrivedAt: '2026-03-02T08:40:00.000Z',
          expectedToLeaveBy: '2026-03-02T10:40:00.000Z',
          leftAt: '2026-03-02T11:40:00.000Z',
          minutesThere: 180,
        }),
      },
    ]),
)

story('where the plan says how long the stay is, three quarters of an hour more are too long', s =>
  s
    .planned({}, { stops: [{ ...stopAt('hamburg', '09:00'), plannedDeparture: t('09:00') }, stopAt('kiel', '18:00')] })
    .sighted('08:40', 'arrived', 'hamburg')
    .underWay('08:40', '08:55', 'hamburg')
    .until('09:54')
    .tells(cases, [])
    .until('09:56')
    .tells(cases, [{ kind: 'dwell', state: 'open', openedAt: t('09:55') }])
    .sighted('09:50', 'departed', 'hamburg')
    .tells(cases, [{}, { kind: 'dwell', state: 'withdrawn', retracted: true }]),
)

story('a long stay that a person closed stays closed, until there is another', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .underWay('08:40', '09:40', 'hamburg')
    .until('10:41')
    .acts('resolve', 'ann', '10:45', 'the ramp is full')
    .until('11:30')
    .tells(cases, [{ state: 'open' }, { state: 'resolved', closedBy: 'ann' }])
    .sighted('08:20', 'arrived', 'hamburg', { revision: 2 })
    .tells(cases, [{}, {}, { state: 'open', openedAt: t('10:20') }]),
)

story('who is not heard of any more after the arrival may have left: nobody says that he is there', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .underWay('08:40', '09:25', 'hamburg')
    .until('13:00')
    .tells(cases, [])
    // From a buffer, shortly after what was heard last.
    .underWay('09:45', '09:45', 'hamburg')
    .tells(cases, [{ kind: 'dwell', stopId: 'hamburg', state: 'open', openedAt: t('10:40') }]),
)

story('nobody knows how long a stay was of which only carriers tell, or whose end nobody saw', s =>
  s
    .planned(due, { vehicleId: null })
    .reported('08:40', 'arrived_at_pickup')
    .reported('16:00', 'arrived_at_delivery', { partnerEventId: '2' })
    .until('17:00')
    .tells(cases, [])
    .sighted('08:40', 'arrived', 'hamburg')
    .tells(cases, []),
)

story('a carrier’s delivery before the departure that positions saw is doubted, and delivers nothing', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .sighted('09:02', 'departed', 'hamburg')
    .underWay('09:05', '19:00')
    .until('18:01')
    .tells(cases, [{ kind: 'late', stopId: 'copenhagen', state: 'open' }], whateverTheEta)
    .reported('07:00', 'delivered', {}, { receivedAt: t('18:30') })
    .tells(
      cases,
      [
        { kind: 'late', state: 'open' },
        {
          kind: 'out_of_sequence',
          stopId: 'copenhagen',
          severity: 'medium',
          state: 'open',
          openedAt: t('08:40'),
          evidence: JSON.stringify({
            doubted: { stopId: 'copenhagen', code: 'delivered', at: '2026-03-02T07:00:00.000Z', by: 'carrier:nordic' },
            contradicts: {
              ...{ stopId: 'hamburg', code: 'arrived_at_pickup' },
              ...{ at: '2026-03-02T08:40:00.000Z', by: 'positions:TRUCK-7' },
            },
          }),
        },
      ],
      whateverTheEta,
    )
    .reported('18:20', 'delivered', { updatedAt: t('18:40') }, { receivedAt: t('18:40') })
    .tells(
      cases,
      [
        {},
        {},
        { kind: 'late', state: 'resolved', closedAt: t('18:20') },
        { kind: 'out_of_sequence', state: 'withdrawn', retracted: true },
      ],
      whateverTheEta,
    ),
)

story('and it is believed once the departure turns out to have been before it', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .sighted('09:02', 'departed', 'hamburg')
    .reported('08:50', 'delivered', {}, { receivedAt: t('09:10') })
    .tells(cases, [{ kind: 'out_of_sequence', state: 'open' }])
    .sighted('08:45', 'departed', 'hamburg', { revision: 2 })
    .tells(cases, [{}, { kind: 'out_of_sequence', state: 'withdrawn' }])
    .until('19:00')
    .tells(cases, [{}, {}]),
)

story('a pickup that a carrier reports after positions saw the delivery is doubted, and was a pickup all the same', s =>
  s
    .planned(due)
    .sighted('17:00', 'arrived', 'copenhagen')
    .sighted('17:30', 'departed', 'copenhagen')
    .reported('17:20', 'loaded')
    .tells(cases, [
      { kind: 'late', stopId: 'hamburg', state: 'open' },
      { kind: 'missed_milestone', stopId: 'hamburg', state: 'open' },
      { kind: 'late', stopId: 'hamburg', state: 'resolved' },
      { kind: 'out_of_sequence', stopId: 'hamburg', state: 'open' },
      { kind: 'missed_milestone', stopId: 'hamburg', state: 'withdrawn' },
    ]),
)

story('clocks that differ by five minutes contradict nobody', s =>
  s
    .planned(due, { vehicleId: null })
    .reported('09:00', 'departed_pickup')
    .reported('08:55', 'arrived_at_delivery', { partnerEventId: '2' })
    .tells(cases, [])
    .reported('08:54', 'delivered', { partnerEventId: '3' })
    .tells(cases, [{ kind: 'out_of_sequence', stopId: 'copenhagen', state: 'open' }]),
)

story('35 minutes without a position on the way are a silence, which the next position ends', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .sighted('09:02', 'departed', 'hamburg')
    .underWay('09:05', '10:00')
    .until('10:34')
    .tells(cases, [])
    .until('10:40')
    .tells(cases, [{ kind: 'no_signal', stopId: 'hamburg', state: 'open', openedAt: t('10:35') }])
    .underWay('10:50', '11:20')
    .until('11:50')
    .tells(cases, [{}, { kind: 'no_signal', state: 'resolved', openedAt: t('10:35'), closedAt: t('10:50') }])
    .until('11:55')
    .restarted()
    .until('12:30')
    .tells(cases, [{}, {}, { state: 'open', openedAt: t('11:55'), closedAt: null, revision: 3 }]),
)

story('positions that a device kept back and sends late do not open and close the case at every one of them', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .sighted('09:02', 'departed', 'hamburg')
    .until('11:00')
    .tells(cases, [{ kind: 'no_signal', state: 'open', openedAt: t('09:37') }])
    .underWay('09:05', '10:30')
    .tells(cases, [...Array.from({ length: 18 }, () => ({ state: 'open' as const })), { state: 'withdrawn' as const }]),
)

story('a silence is withdrawn when a position of that time comes after all', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .sighted('09:02', 'departed', 'hamburg')
    .until('09:40')
    .tells(cases, [{ kind: 'no_signal', state: 'open', openedAt: t('09:37') }])
    .underWay('09:10', '09:35')
    .tells(cases, [{}, { state: 'withdrawn', retracted: true }]),
)

story('an arrival ends the watch for positions', s =>
  s
    .planned(due)
    .sighted('08:40', 'arrived', 'hamburg')
    .sighted('09:02', 'departed', 'hamburg')
    .underWay('09:05', '10:00')
    .sighted('10:05', 'arrived', 'copenhagen')
    .sighted('11:00', 'departed', 'copenhagen')
    .until('14:00')
    .tells(cases, []),
)

story('nobody is waited for after the departure from the last stop', s =>
  s.planned(delivery).sighted('17:00', 'departed', 'copenhagen').until('17:40').tells(cases, []),
)

story('of two vehicles in one bucket the later position counts for the silence, whoever sent it', s =>
  s
    .planned({ ...due, hamburg: '10:00' })
    .sighted('09:30', 'departed', 'hamburg')
    .sighted('10:01', 'progress', 'a7', { vehicleId: 'TRUCK-9' })
    .sighted('10:04', 'progress', 'a7')
    .until('10:38')
    .tells(cases, [])
    .until('10:40')
    .tells(cases, [{ kind: 'no_signal', openedAt: t('10:39') }]),
)

story('a position in the bucket of the departure, but after it, counts for the silence', s =>
  s
    .planned({ ...due, hamburg: '10:00' })
    .sighted('09:31', 'departed', 'hamburg')
    .sighted('09:34', 'progress', 'a7')
    .until('10:08')
    .tells(cases, [])
    .until('10:10')
    .tells(cases, [{ kind: 'no_signal', openedAt: t('10:09') }]),
)

story('a shipment without a vehicle is not waited for on the way', s =>
  s.planned(due, { vehicleId: null }).reported('08:30', 'departed_pickup').until('12:00').tells(cases, []),
)

story('nobody is watched for beyond the window of the shipment', s =>
  s
    .planned(due)
    .sighted('08:30', 'departed', 'hamburg')
    .underWay('08:35', '18:00')
    .underWay('18:05', 'Wed 17:55')
    .until('Thu 12:00')
    .tells(cases, [{ kind: 'late', stopId: 'copenhagen', state: 'open' }], whateverTheEta),
)

story('a month after the shipment what is open may still be closed, and what comes is late', s =>
  s
    .planned(delivery, { vehicleId: null })
    .until('05-04 00:00')
    .acts('resolve', 'ann', '05-04 08:00', 'lost')
    .sighted('18:10', 'arrived', 'copenhagen')
    .tells(cases, [{ state: 'open' }, { state: 'resolved', closedBy: 'ann', revision: 2 }])
    .tells(lates, [{ processor: 'detect-milestones' }]),
)

story('a month after the shipment nothing is left of a resolved case that a comment could change', s =>
  s
    .planned(delivery, { vehicleId: null })
    .until('18:30')
    .sighted('19:00', 'arrived', 'copenhagen')
    .sighted('19:40', 'departed', 'copenhagen')
    .until('05-04 00:00')
    .acts('comment', 'bob', '05-04 08:00', 'why?')
    .tells(cases, [{ state: 'open' }, { state: 'resolved' }]),
)

const etaAt = (clock: string, p50: string, revision: number, more: Partial<ShipmentEta> = {}): Emission<string> =>
  emit(
    shipmentEtas,
    {
      ...{ occurredAt: t(clock), shipmentId: SHIPMENT, stopId: 'copenhagen' },
      ...{ p10: t(p50), p50: t(p50), p90: t(p50), basis: 'told', modelId: 'told', remainingM: 1, speedMps: 1 },
      ...{ customerId: null, carrierId: null, companyId: null, revision, retracted: false },
      ...more,
    },
    { receivedAt: t(clock) },
  )
/** As if the ETA had been told, whatever the model. */
const expected = (sentence: string, tell: (s: Story) => Story) => story(`as far as the ETA knows: ${sentence}`, tell)

expected('a stop that will be reached after its deadline is at risk, until it is late', s =>
  s
    .planned(delivery)
    .told(etaAt('14:00', '18:00', 1))
    .tells(cases, [])
    .told(etaAt('14:05', '18:20', 2))
    .told(etaAt('14:10', '18:25', 3))
    .tells(cases, [
      {
        kind: 'late_risk',
        stopId: 'copenhagen',
        severity: 'medium',
        state: 'open',
        openedAt: t('14:05'),
        evidence: JSON.stringify({
          deadline: '2026-03-02T18:00:00.000Z',
          expected: {
            p10: '2026-03-02T18:20:00.000Z',
            p50: '2026-03-02T18:20:00.000Z',
            p90: '2026-03-02T18:20:00.000Z',
          },
          minutesLate: 20,
        }),
      },
    ])
    .until('18:00')
    .tells(cases, [
      {},
      { kind: 'late', state: 'open' },
      { kind: 'late_risk', state: 'resolved', closedAt: t('18:00') },
    ]),
)

expected('it is no more at risk after ten minutes of better prospects, and not before', s =>
  s
    .planned(delivery)
    .told(etaAt('14:05', '18:20', 1))
    .told(etaAt('14:10', '17:50', 2))
    .told(etaAt('14:15', '17:50', 3))
    .tells(cases, [{ kind: 'late_risk', state: 'open' }])
    .told(etaAt('14:20', '17:50', 4))
    .tells(cases, [{}, { kind: 'late_risk', state: 'withdrawn' }])
    .told(etaAt('14:25', '18:10', 5))
    .tells(cases, [{}, {}, { kind: 'late_risk', state: 'open', openedAt: t('14:25') }]),
)

expected('an arrival in time takes the risk back, also after a person has closed it', s =>
  s
    .planned(delivery)
    .told(etaAt('14:05', '18:20', 1))
    .acts('resolve', 'ann', '14:06', 'they know')
    .told(etaAt('14:10', '18:30', 2))
    .tells(cases, [{ state: 'open' }, { kind: 'late_risk', state: 'resolved', closedBy: 'ann' }])
    .sighted('17:50', 'arrived', 'copenhagen')
    .told(etaAt('17:50', '18:30', 3, { retracted: true }))
    .tells(cases, [{}, {}, { kind: 'late_risk', state: 'withdrawn', retracted: true }]),
)

expected('a later deadline takes the risk back, an earlier one makes it', s =>
  s
    .planned(delivery)
    .told(etaAt('14:05', '18:20', 1))
    .planned({ copenhagen: '19:00' }, { occurredAt: t('14:07') })
    .tells(cases, [{ state: 'open' }, { kind: 'late_risk', state: 'withdrawn' }])
    .planned({ copenhagen: '18:10' }, { occurredAt: t('14:09') })
    .tells(cases, [{}, {}, { kind: 'late_risk', state: 'open' }]),
)
