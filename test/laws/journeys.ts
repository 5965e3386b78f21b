/**
 * Journeys, made up: two shipments, a picking of Odoo, three trucks and a carrier on one road, on one day; planned and planned anew, swapped,
 * cancelled, seen, reported, corrected, taken back, and looked after by people. In the order in which it was said.
 */
import fc from 'fast-check'
import type {
  CaseAction,
  CarrierEvent,
  OdooChange,
  Reference,
  RequestedStop,
  ShipmentRequest,
  StopKind,
} from '../../schemas/generated/events.ts'
import {
  referenceKey,
  carrierEvents,
  caseActions,
  odooChanges,
  shipmentRequests,
  telematicsPositions,
} from '../../schemas/topics.ts'
import { digest } from '../../streams/event.ts'
import { type Instant, later, minutes, seconds } from '../../streams/time.ts'
import { deadlineOf } from '../../domain/plans.ts'
import type { Delivery } from '../../streams/drive.ts'
import { emit } from '../../streams/topic.ts'
import { CASE_MODEL } from '../../odoo/names.ts'
import { fix, report, request, t } from '../support/scene.ts'

/** Six kilometres apart on one meridian: five minutes from one to the next are no jump, and enough to have a speed. */
const PLACES: Record<string, { readonly kind: StopKind; readonly latitude: number }> = {
  depot: { kind: 'pickup', latitude: 53.5 },
  hub: { kind: 'via', latitude: 53.56 },
  shop: { kind: 'delivery', latitude: 53.62 },
}
const ROAD = [53.53, 53.59, 53.65]
const LONGITUDE = 10

/** Half hours from eight to two. */
const clock = fc.integer({ min: 0, max: 12 }).map(n => later(t('08:00'), minutes(30 * n)))
const sooner = fc.integer({ min: 0, max: 4 }).map(n => later(t('08:00'), minutes(30 * n)))
const oftener = <V>(often: V, ...seldom: V[]) => fc.constantFrom(often, often, often, ...seldom)

export const BOL: Reference = { scheme: 'bol', value: 'BOL-1' }
const BOX: Reference = { scheme: 'container', value: 'BOX-1' }
/** A picking of Odoo, as others name it. */
const LAB_7: Reference = { scheme: 'odoo.picking', value: 'lab/7' }
const SHIPMENTS = ['SHP-1', 'SHP-2'] as const
const TRUCKS = ['TRUCK-7', 'TRUCK-8', 'TRUCK9'] as const

const stopAt = (stopId: string, dueBy: Instant): RequestedStop => {
  const { kind = 'via', latitude = 0 } = PLACES[stopId] ?? {}
  return {
    stopId,
    kind,
    place: { name: stopId, latitude, longitude: LONGITUDE, radiusM: 300 },
    plannedArrival: later(dueBy, -minutes(15)),
    dueBy: dueBy % minutes(60) === 0 ? dueBy : null,
    // A stay of no length at all: who stays three quarters of an hour stays too long.
    plannedDeparture: dueBy % minutes(60) === 0 ? later(dueBy, -minutes(15)) : null,
  }
}
const stops = fc
  .tuple(fc.constantFrom(['depot', 'shop'], ['depot', 'shop'], ['depot', 'hub', 'shop'], ['shop']), sooner, clock)
  .map(([ids, first, last]) =>
    ids.map((id, i) => stopAt(id, i === 0 ? first : later(last, minutes(30) * (i - ids.length + 1)))),
  )

const plans = (shipmentId: string, most: number): fc.Arbitrary<Delivery[]> =>
  fc
    .array(
      fc.record<Partial<ShipmentRequest>>({
        occurredAt: fc.oneof({ weight: 4, arbitrary: clock }, { weight: 1, arbitrary: fc.constant(t('01:00')) }),
        stops,
        status: fc.constantFrom('active', 'active', 'active', 'active', 'active', 'cancelled'),
        vehicleId: oftener<string | null>('TRUCK-7', 'TRUCK-8', null),
        references:
          shipmentId === 'SHP-1'
            ? oftener([BOL], [BOL], [BOL, BOX], [], [BOL, LAB_7])
            : fc.constantFrom([BOL], [BOL], [BOX], [BOX, LAB_7]),
        customerId: oftener('CUST-1', 'CUST-2'),
      }),
      { minLength: most > 1 ? 1 : 0, maxLength: most, size: 'max' },
    )
    .map(versions =>
      versions.map((version, i) => {
        // The first version is there before its window; two of one moment are refused at the door.
        const occurredAt = i === 0 ? t('00:30') : later(version.occurredAt ?? t('08:00'), i)
        return emit(shipmentRequests, request({}, { ...version, shipmentId, occurredAt }), { receivedAt: occurredAt })
      }),
    )

const odooTime = (at: Instant) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')
/** What Odoo says of its picking 7, reading by reading: planned anew, moved, found, loaded on another, cancelled, gone. */
const readings: fc.Arbitrary<Delivery[]> = fc
  .array(
    fc.record({
      at: clock,
      due: clock,
      state: oftener('assigned', 'done', 'cancel', 'draft', 'gone'),
      shop: oftener(53.62, 0),
      plate: oftener<string | null>('truck-9', '00-other', null),
      tracking: oftener<string | false>(false, 'BOX-1'),
    }),
    { maxLength: 5, size: 'max' },
  )
  .map(versions =>
    versions.map(({ at, due, state, shop, plate, tracking }, i) => {
      const deleted = state === 'gone'
      const address = (id: number, name: string, partner_latitude: number) => ({
        ...{ id, name, ref: false, partner_latitude, partner_longitude: partner_latitude === 0 ? 0 : LONGITUDE },
      })
      const row = {
        ...{ id: 7, name: 'WH/OUT/00007', state, picking_type_code: 'outgoing', carrier_tracking_ref: tracking },
        ...{ scheduled_date: odooTime(due), date_deadline: i % 2 === 0 ? odooTime(due) : false, sale_id: false },
        ...{
          partner_id: address(42, 'shop', shop),
          warehouse_address_id: address(1, 'depot', 53.5),
          carrier_id: false,
        },
        batch_id: plate === null ? false : { id: 3, vehicle_id: { id: 1, license_plate: plate } },
      }
      const change: OdooChange = {
        ...{ occurredAt: at, database: 'lab', model: 'stock.picking', id: 7, revision: 1_000 + i, deleted },
        ...{ writeDate: deleted ? null : at, companyId: '1', active: !deleted },
        row: deleted ? 'null' : JSON.stringify(row),
      }
      return emit(odooChanges, change, { source: 'odoo:lab', receivedAt: at })
    }),
  )

/** A call of one to four fixes, then a way that is seen, or not. */
const call = fc.record({
  at: fc.constantFrom('depot', 'depot', 'hub', 'shop', 'shop'),
  gapsMin: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  wayMin: oftener(7, 20, 50),
})
const positions = (vehicleId: string, most: number): fc.Arbitrary<Delivery[]> =>
  fc
    .tuple(sooner, fc.array(call, { minLength: most > 2 ? 2 : 0, maxLength: most, size: 'max' }))
    .map(([start, route]) => {
      let at = start
      return route.flatMap(({ at: place, gapsMin, wayMin }, i) => {
        const calls = gapsMin.map(gap => [(at = later(at, minutes(gap))), PLACES[place]?.latitude ?? 0] as const)
        const way = [[(at = later(at, minutes(wayMin))), ROAD[i % ROAD.length] ?? 0] as const]
        at = later(at, minutes(5))
        return [...calls, ...way].map(([occurredAt, latitude]) =>
          emit(
            telematicsPositions,
            { ...fix('08:00', 'a7'), vehicleId, occurredAt, latitude, longitude: LONGITUDE },
            {
              source: 'tracker',
              emittedAt: occurredAt,
              receivedAt: later(occurredAt, seconds(2)),
            },
          ),
        )
      })
    })

const reports = fc
  .array(
    fc.record<Partial<CarrierEvent>>({
      occurredAt: clock,
      partnerEventId: fc.constantFrom('1', '2', '3'),
      code: fc.constantFrom(
        'arrived_at_pickup',
        'departed_pickup',
        'gate_in',
        'arrived_at_delivery',
        'delivered',
        'in_transit',
      ),
      classifier: oftener<CarrierEvent['classifier']>('actual', 'estimated'),
      references: fc.constantFrom([BOL], [BOL], [BOX], [BOL, BOX]),
      stopId: oftener<string | null>(null, 'shop', 'hub'),
      updatedAt: oftener<Instant | null>(null, t('12:00'), t('13:00')),
      retracted: fc.constantFrom(false, false, false, false, true),
    }),
    { maxLength: 5, size: 'max' },
  )
  .map(versions =>
    versions.map((version, i) => {
      const { occurredAt = t('08:00'), ...more } = version
      const receivedAt = later(occurredAt, minutes(1))
      return emit(
        carrierEvents,
        { ...report('08:00', ''), ...more, occurredAt, rawCode: `R${i}` },
        { source: 'nordic', receivedAt },
      )
    }),
  )

/** What a person may be looking at: mostly a case that may well be there. */
type Seen = Pick<CaseAction, 'caseId' | 'subjectId' | 'subjectKind' | 'basis'>
const ofShipment = (kind: string, stopId: string, basis: string): Seen => ({
  caseId: digest(kind, 'shipment', 'SHP-1', stopId),
  subjectId: 'SHP-1',
  subjectKind: 'shipment',
  basis,
})
const ambiguous: Seen = {
  caseId: digest('ambiguous_reference', 'reference', referenceKey(BOL), ''),
  subjectId: referenceKey(BOL),
  subjectKind: 'reference',
  basis: `belongs to ${SHIPMENTS.join(', ')}`,
}
const seenOf = (said: readonly Delivery[]): Seen[] => [
  ...said.flatMap(({ value }) =>
    (value as ShipmentRequest).stops.map(stop =>
      ofShipment('late', stop.stopId, `due ${new Date(deadlineOf(stop)).toISOString()}, not there`),
    ),
  ),
  ofShipment('missed_milestone', 'depot', 'nothing known of depot, though of shop'),
  ambiguous,
]
const actions = (planned: readonly Delivery[]): fc.Arbitrary<Delivery[]> =>
  fc
    .array(
      fc.record({
        seen: fc.constantFrom(...seenOf(planned)),
        action: fc.constantFrom<CaseAction['action'][]>('acknowledge', 'resolve', 'resolve', 'comment'),
        by: fc.constantFrom('ann', 'bob'),
        occurredAt: fc.integer({ min: 0, max: 300 }).map(min => later(t('12:00'), minutes(min))),
        inOdoo: fc.constantFrom(false, false, true),
      }),
      { maxLength: 4, size: 'max' },
    )
    .map(acts =>
      acts.map(({ seen, action, by, occurredAt, inOdoo }, i) => {
        const done = { ...seen, occurredAt, action, by, text: action === 'comment' ? `seen by ${by}` : null }
        return inOdoo ? saidInOdoo(done, i) : emit(caseActions, done, { receivedAt: occurredAt })
      }),
    )

/** The same, on the record of the case in Odoo; `n`-th to be said. */
function saidInOdoo({ caseId, subjectId, subjectKind, basis, occurredAt, action, by, text }: CaseAction, n: number) {
  const [at, person] = [odooTime(occurredAt), { id: 6, name: by }]
  const said = {
    acknowledge: { x_user_id: person, x_assigned_at: at, x_assigned_basis: basis },
    resolve: { x_resolved_by_id: person, x_resolved_at: at, x_resolved_basis: basis, x_resolution: false },
    comment: {
      message_ids: [{ id: n, message_type: 'comment', date: at, author_id: person, body: `<p>${text ?? ''}</p>` }],
    },
  }[action]
  const change: OdooChange = {
    ...{ occurredAt, database: 'lab', model: CASE_MODEL, id: n, revision: 2_000 + n, deleted: false },
    ...{ writeDate: occurredAt, companyId: null, active: true },
    row: JSON.stringify({ id: n, x_case_id: caseId, x_subject_kind: subjectKind, x_subject_id: subjectId, ...said }),
  }
  return emit(odooChanges, change, { source: 'odoo:lab', receivedAt: occurredAt })
}

/** A delivery that a failing law can print. */
const shown = (delivery: Delivery): Delivery =>
  Object.assign(delivery, { [fc.toStringMethod]: () => `${delivery.topic.name} ${JSON.stringify(delivery.value)}` })

export const journeys: fc.Arbitrary<Delivery[]> = plans('SHP-1', 4).chain(first =>
  fc
    .tuple(
      ...[plans('SHP-2', 1), positions(TRUCKS[0], 5), positions(TRUCKS[1], 2), positions(TRUCKS[2], 2), readings],
      ...[reports, actions(first)],
    )
    .map(others => [...first, ...others.flat()].map(shown)),
)

/** The same deliveries in any other order, some of them more than once. */
export const disordered = (said: readonly Delivery[]): fc.Arbitrary<Delivery[]> =>
  fc
    .subarray([...said], { maxLength: Math.min(8, said.length) })
    .map(again => [...said, ...again])
    .chain(all => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }))

/** At which deliveries the clock goes on, and by how many minutes; how late it is in the end. */
export interface Time {
  readonly ticks: ReadonlyMap<number, number>
}
export const times: fc.Arbitrary<Time> = fc
  .array(fc.tuple(fc.nat(50), fc.constantFrom(5, 15, 45, 90)), { maxLength: 12, size: 'max' })
  .map(ticks => ({ ticks: new Map(ticks) }))
export const ends: fc.Arbitrary<Instant> = fc.constantFrom(
  t('11:00'),
  t('13:00'),
  t('16:00'),
  t('16:00'),
  t('Thu 20:00'),
)
