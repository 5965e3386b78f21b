/** A small fleet on one afternoon, as the read model would have it, for tests and for looking at the page. */
import { minutes, hours, later, type Instant } from '../../../streams/time.ts'
import * as topics from '../../../schemas/topics.ts'
import type * as Events from '../../../schemas/generated/events.ts'
import {
  aCase,
  assignment,
  eta,
  milestone,
  NOBODY,
  plan,
  position,
  sighting,
  stop,
  tell,
  type Told,
} from '../../sinks/control-tower/telling.ts'

const LANES = [
  ['Antwerp Terminal 4', 'Lyon Saint-Priest'],
  ['Rotterdam Maasvlakte', 'Milano Segrate'],
  ['Hamburg Altenwerder', 'Wien Inzersdorf'],
  ['Gdańsk DCT', 'Brno Slatina'],
  ['Zaragoza PLAZA', 'Porto Leixões'],
] as const
const CUSTOMERS = ['Brouwer Foods', 'Nordlicht Handel', 'Atelier Vauban']
const CARRIERS = ['dhl-freight', 'own-fleet', 'transalp']

/** What the fleet's `n`th shipment has behind it at `now`. */
function journey(n: number, now: Instant): Told[] {
  const shipmentId = `odoo-acme-picking-${1041 + n}`
  const vehicleId = `1-ABC-${100 + n}`
  const [from, to] = LANES[n % LANES.length] ?? LANES[0]
  const parties = { customerId: CUSTOMERS[n % 3] ?? null, carrierId: CARRIERS[n % 3] ?? null, companyId: 'acme' }
  const left = later(now, -hours(1 + (n % 6)))
  const due = later(left, hours(8))
  const planned: Events.ShipmentPlan = plan(shipmentId, {
    ...parties,
    occurredAt: later(left, -hours(20)),
    status: n % 13 === 12 ? 'cancelled' : 'active',
    vehicleId,
    references: [
      { scheme: 'odoo.picking', value: `WH/OUT/${String(1041 + n).padStart(5, '0')}` },
      { scheme: 'bol', value: `BOL${77_120 + n * 13}` },
    ],
    stops: [
      stop('pickup', 'pickup', from, later(left, -minutes(45)), { plannedDeparture: left }),
      ...(n % 3 === 0 ? [stop('hub', 'via' as const, 'Metz hub', later(left, hours(4)))] : []),
      stop('drop', 'delivery', to, later(due, -minutes(30)), { dueBy: due }),
    ],
  })
  const stage = n % 13 === 12 ? 'cancelled' : n % 5 === 4 ? 'planned' : n % 7 === 6 ? 'delivered' : 'under way'
  const told: Told[] = [tell(topics.shipmentPlans, planned)]
  if (stage === 'cancelled' || stage === 'planned') return told

  const at = (code: string, stopId: string, when: Instant, more: Partial<Events.ShipmentMilestone> = {}) =>
    milestone(shipmentId, stopId, code, when, {
      ...parties,
      claimedBy: `positions:${vehicleId}`,
      claims: [{ by: `positions:${vehicleId}`, at: when, rawCode: null, identity: 'x' }],
      ...more,
    })
  const arrived = at('arrived_at_pickup', 'pickup', later(left, -minutes(50)))
  const departed = at('departed_pickup', 'pickup', later(left, minutes(4)))
  told.push(tell(topics.shipmentMilestones, arrived, departed))
  if (n % 4 === 0) {
    const better = later(left, -minutes(3))
    const carrier = { by: 'carrier:transalp', at: later(left, minutes(20)), rawCode: 'AF', identity: 'transalp/e-1' }
    const won = { by: `positions:${vehicleId}`, at: better, rawCode: null, identity: 'x' }
    told.push(
      tell(topics.shipmentMilestones, at('departed_pickup', 'pickup', better, { revision: 2, claims: [won, carrier] })),
    )
    told.push(
      tell(topics.shipmentEvents, {
        ...{
          occurredAt: carrier.at,
          shipmentId,
          reference: `bol|BOL${77_120 + n * 13}`,
          partner: 'transalp',
          partnerEventId: 'e-1',
        },
        ...{ code: 'departed_pickup', rawCode: 'AF', classifier: 'actual', stopId: 'pickup', updatedAt: null },
        ...{ ...parties, revision: 1, retracted: false },
      }),
    )
  }
  const { occurredAt, stops } = planned
  told.push(tell(topics.vehicleAssignments, assignment(vehicleId, shipmentId, { occurredAt, stops })))
  told.push(
    tell(
      topics.shipmentSightings,
      sighting(shipmentId, 'departed', later(left, minutes(4)), { vehicleId, stopId: 'pickup' }),
    ),
  )
  if (stage === 'delivered') {
    const there = later(now, -minutes(30))
    told.push(
      tell(
        topics.shipmentMilestones,
        at('arrived_at_delivery', 'drop', there),
        at('delivered', 'drop', later(there, minutes(20))),
      ),
    )
    return told
  }
  const here = { latitude: 44 + n / 3, longitude: 2 + ((n * 7) % 15), courseDeg: (n * 40) % 360 }
  told.push(tell(topics.vehiclePositions, position(vehicleId, later(now, -minutes(n % 4)), here)))
  for (let back = 6; back >= 0; back--) {
    const seen = later(now, -minutes(back * 5 + (n % 4)))
    const revision = 7 - back
    told.push(
      tell(
        topics.shipmentSightings,
        sighting(shipmentId, 'progress', seen, { vehicleId, latitude: 48 + n / 20, longitude: 4 + back / 30 }),
      ),
    )
    const p50 = later(due, minutes(-40 + (n % 6) * 25 - back))
    told.push(tell(topics.shipmentEtas, eta(shipmentId, 'drop', seen, p50, { ...parties, revision })))
  }
  if (n % 6 === 5) told.push(tell(topics.cases, lateCase(shipmentId, later(now, -minutes(12)), due, parties)))
  if (n % 8 === 3) told.push(tell(topics.cases, silentCase(shipmentId, later(now, -minutes(41)), parties)))
  return told
}

type Parties = Pick<Events.Case, 'customerId' | 'carrierId' | 'companyId'>

const lateCase = (shipmentId: string, openedAt: Instant, dueBy: Instant, parties: Parties) =>
  aCase(`late-${shipmentId}`, openedAt, {
    ...parties,
    shipmentId,
    subjectId: shipmentId,
    stopId: 'drop',
    evidence: JSON.stringify({ deadline: new Date(dueBy).toISOString() }),
  })

const silentCase = (shipmentId: string, openedAt: Instant, parties: Parties) =>
  aCase(`silent-${shipmentId}`, openedAt, {
    ...parties,
    kind: 'no_signal',
    severity: 'medium',
    shipmentId,
    subjectId: shipmentId,
    stopId: 'pickup',
    state: 'acknowledged',
    owner: 'Mira',
    evidence: JSON.stringify({ silentSince: new Date(openedAt - 35 * 60_000).toISOString() }),
    notes: [
      { by: 'Mira', at: later(openedAt, minutes(9)), text: 'Driver called: dead battery, new device at the hub.' },
    ],
  })

/** Everything that was told of a fleet of so many shipments. */
export const fleet = (now: Instant, size: number): Told[] => [
  ...Array.from({ length: size }, (_, n) => journey(n, now)).flat(),
  tell(
    topics.cases,
    aCase('ambiguous', later(now, -hours(2)), {
      ...{
        kind: 'ambiguous_reference',
        subjectKind: 'reference',
        subjectId: 'bol|BOL77133',
        shipmentId: null,
        stopId: null,
      },
      ...{
        severity: 'medium',
        evidence: JSON.stringify({ shipments: ['odoo-acme-picking-1042', 'tms-9'], eventsHeld: 1 }),
      },
    }),
  ),
  tell(topics.refusals, {
    ...{ occurredAt: later(now, -minutes(7)), adapter: 'positions', reason: 'expected a number from -90 to 90' },
    ...{ at: '$[3].latitude', contentType: 'application/json', raw: new Uint8Array([1, 2]) },
  }),
  tell(topics.lates, {
    ...{
      occurredAt: later(now, -hours(90)),
      processor: 'follow-vehicles',
      topic: 'telematics.position.v1',
      key: '1-ABC-103',
    },
    ...{ ofEventId: 'a'.repeat(32), reason: 'older than 72 h' },
  }),
  tell(topics.shipmentRequests, { ...plan('odoo-acme-picking-1041'), ...NOBODY }),
]
