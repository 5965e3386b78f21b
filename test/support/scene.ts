/** One week in March, three places, one truck: what stories and laws are made of. */
import type {
  CarrierEvent,
  ShipmentMilestone,
  ShipmentPlan,
  ShipmentRequest,
  ShipmentSighting,
  RequestedStop,
  StopKind,
  TelematicsPosition,
} from '../../schemas/generated/events.ts'
import { days, type Instant, later } from '../../streams/time.ts'

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const MONDAY = Date.UTC(2026, 2, 2) as Instant

/** `t('10:02')` is two minutes past ten on Monday, UTC; `t('Tue 10:02')` a day later; `t('04-27 10:02')` on 27 April. Seconds may follow. */
export function t(clock: string): Instant {
  const [, weekday = 'Mon', month, day, hour, minute, second = '00'] =
    /^(?:([A-Z]\w\w) |(\d\d)-(\d\d) )?(\d\d):(\d\d)(?::(\d\d))?$/.exec(clock) ?? []
  if (hour === undefined || minute === undefined) throw new Error(`not a time of day: ${clock}`)
  const midnight = month
    ? (Date.UTC(2026, Number(month) - 1, Number(day)) as Instant)
    : later(MONDAY, days(WEEKDAYS.indexOf(weekday)))
  return later(midnight, ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000)
}

interface Spot {
  readonly kind: StopKind
  readonly latitude: number
  readonly longitude: number
}
/** From south to north; the roads between them are about 110 and 270 km long. */
export const places = {
  hamburg: { kind: 'pickup', latitude: 53.5461, longitude: 9.9661 },
  kiel: { kind: 'via', latitude: 54.3233, longitude: 10.1228 },
  copenhagen: { kind: 'delivery', latitude: 55.6761, longitude: 12.5683 },
} as const satisfies Record<string, Spot>
/** Where no stop ever is. */
export const elsewhere = { a7: { latitude: 53.9, longitude: 9.9 }, fyn: { latitude: 55.3, longitude: 10.6 } } as const
export type Place = keyof typeof places
export type Somewhere = Place | keyof typeof elsewhere
export const where = (somewhere: Somewhere): { latitude: number; longitude: number } => {
  const { latitude, longitude } = { ...places, ...elsewhere }[somewhere]
  return { latitude, longitude }
}

/** When each place has to be reached: `dueBy`, planned half an hour before. */
export type Due = Partial<Record<Place, string>>
export const stopAt = (place: Place, due: string): RequestedStop => ({
  stopId: place,
  kind: places[place].kind,
  place: { name: place, latitude: places[place].latitude, longitude: places[place].longitude, radiusM: 300 },
  plannedArrival: later(t(due), -30 * 60_000),
  dueBy: t(due),
  plannedDeparture: null,
})

export const SHIPMENT = 'SHP-1'
export const TRUCK = 'TRUCK-7'
export const BOL = { scheme: 'bol', value: 'BOL-1' }
export const PARTNER = 'nordic'

export const request = (due: Due, more: Partial<ShipmentRequest> = {}): ShipmentRequest => ({
  occurredAt: t('00:00'),
  shipmentId: SHIPMENT,
  status: 'active',
  references: [BOL],
  customerId: 'CUST-1',
  carrierId: 'CARR-1',
  companyId: null,
  vehicleId: TRUCK,
  loadId: null,
  stops: Object.entries(due).map(([place, by]) => stopAt(place as Place, by)),
  ...more,
})

/** The plan that holds, as its version was requested. */
export const planned = (due: Due, more: Partial<ShipmentRequest> = {}): ShipmentPlan => once(request(due, more))

/** A derived fact, said for the first time. */
export const once = <D extends object>(draft: D) => ({ ...draft, revision: 1, retracted: false })

export const milestone = (clock: string, code: string, stopId: string, more: Partial<ShipmentMilestone> = {}) =>
  ({
    ...{ occurredAt: t(clock), code, stopId, classifier: 'actual', claimedBy: `carrier:${PARTNER}`, retracted: false },
    ...more,
  }) as ShipmentMilestone

export const fix = (clock: string, at: Somewhere, more: Partial<TelematicsPosition> = {}): TelematicsPosition => ({
  occurredAt: t(clock),
  vehicleId: TRUCK,
  ...where(at),
  speedMps: null,
  courseDeg: null,
  altitudeM: null,
  accuracyM: null,
  ignition: null,
  odometerM: null,
  attributes: null,
  ...more,
})

export const sighting = (
  clock: string,
  kind: ShipmentSighting['kind'],
  at: Somewhere,
  more: Partial<ShipmentSighting> = {},
): ShipmentSighting => ({
  occurredAt: t(clock),
  shipmentId: SHIPMENT,
  vehicleId: TRUCK,
  kind,
  stopId: kind === 'progress' ? null : at,
  ...where(at),
  revision: 1,
  retracted: false,
  ...more,
})

export const report = (clock: string, code: string, more: Partial<CarrierEvent> = {}): CarrierEvent => ({
  occurredAt: t(clock),
  partner: PARTNER,
  partnerEventId: code,
  references: [BOL],
  code,
  rawCode: null,
  classifier: 'actual',
  stopId: null,
  updatedAt: null,
  retracted: false,
  ...more,
})
