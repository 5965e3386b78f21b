/**
 * shipments: plans of whoever owns the shipment: a TMS, an ERP, a person with curl.
 *
 *   accepts  PUT /v1/shipments/{shipmentId}    one version of the whole shipment
 *   writes   shipment.request.v1               by shipmentId
 *
 * A version is known by its `plannedAt`. Stops need not be in the order of their planned arrivals: the order given is the
 * order of calls.
 */
import { z } from 'zod'
import { PICKING_SCHEME } from '../domain/odoo.ts'
import type { ShipmentRequest } from '../schemas/generated/events.ts'
import { referenceKey, shipmentRequests } from '../schemas/topics.ts'
import { type Adapter, refuseAll } from './adapter.ts'
import { readJson } from './read-json.ts'
import { faultsOf, id, instant, orNull, receivedAtToo, reference, withoutReceivedAt } from './shapes.ts'
import { ID_EXPECTED, isId } from './text.ts'

export const DEFAULT_RADIUS_M = 300

const place = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .refine(text => text.isWellFormed(), 'expected well-formed text')
    .describe('Name of the place'),
  latitude: z.number().min(-90).max(90).describe('Degrees north, WGS 84'),
  longitude: z.number().min(-180).max(180).describe('Degrees east, WGS 84'),
  radiusM: z
    .number()
    .min(1)
    .max(50_000)
    .nullish()
    .transform(radiusM => radiusM ?? DEFAULT_RADIUS_M)
    .describe(`How near counts as there, metres; ${DEFAULT_RADIUS_M} unless told`),
})

const stop = z.strictObject({
  stopId: id.describe('Identity of the stop within its shipment'),
  kind: z.enum(['pickup', 'delivery', 'via']),
  place,
  plannedArrival: instant.describe('When the vehicle is to arrive'),
  dueBy: orNull(instant).describe('The latest arrival that was agreed'),
  plannedDeparture: orNull(instant).describe('When the vehicle is to leave'),
})

/** A shipment as documented. */
export const shipmentShape = z.strictObject({
  status: z
    .enum(['active', 'cancelled'])
    .nullish()
    .transform(status => status ?? 'active')
    .describe('Whether it is to be carried out; active unless told'),
  references: z.array(reference).max(100).describe('What others call it'),
  carrierId: orNull(id),
  customerId: orNull(id),
  companyId: orNull(id),
  vehicleId: orNull(id).describe('The vehicle that carries it'),
  loadId: orNull(id).describe('The vehicle run that it is part of'),
  plannedAt: instant.describe('When this version was planned: the latest one holds'),
  stops: z.array(stop).min(1).max(500).describe('Where the vehicle calls, in order'),
})

const stopsDiffer = ({ stops }: { stops: readonly { stopId: string }[] }, context: z.RefinementCtx) => {
  const seen = new Set<string>()
  for (const [i, { stopId }] of stops.entries()) {
    if (seen.has(stopId))
      context.addIssue({ code: 'custom', message: 'another stop has this stopId', path: ['stops', i, 'stopId'] })
    seen.add(stopId)
  }
}
const live = shipmentShape.superRefine(stopsDiffer).transform(withoutReceivedAt)
const timed = shipmentShape.extend(receivedAtToo).superRefine(stopsDiffer)

export const shipments: Adapter<ShipmentRequest> = {
  name: 'shipments',
  writes: shipmentRequests,
  speaker: 'tms',

  translate({ body, about: shipmentId, mayTellReceivedAt }) {
    if (!isId(shipmentId)) return refuseAll(body, { reason: `the shipmentId in the address: ${ID_EXPECTED}`, at: '$' })
    const result = readJson(body)
    if ('reason' in result) return refuseAll(body, { reason: result.reason, at: '$' }, 'unreadable')

    const read = mayTellReceivedAt ? timed.safeParse(result.json) : live.safeParse(result.json)
    if (!read.success) {
      const [first, ...also] = faultsOf(read.error, '$')
      return { accepted: [], refused: [{ ...first, also, index: null, raw: body }] as const }
    }
    const { plannedAt, references, ...said } = read.data
    const value: ShipmentRequest = {
      occurredAt: plannedAt,
      shipmentId,
      status: said.status,
      references: [...new Map(references.map(one => [referenceKey(one), one])).values()],
      customerId: said.customerId,
      carrierId: said.carrierId,
      companyId: said.companyId,
      vehicleId: said.vehicleId,
      loadId: said.loadId,
      stops: said.stops,
    }
    return { accepted: [{ value, receivedAt: said.receivedAt, hasHappened: true }], refused: [] }
  },
}

/** A picking's number, without a name of whose. */
const NUMBER = /^[1-9]\d{0,14}$/

/** The same beside an Odoo: `odoo.picking` with a mere number is a picking of this database. */
export const shipmentsBeside = (database: string): Adapter<ShipmentRequest> => ({
  ...shipments,
  translate(delivery) {
    const translation = shipments.translate(delivery)
    const qualified = (value: ShipmentRequest): ShipmentRequest => ({
      ...value,
      references: value.references.map(one =>
        one.scheme === PICKING_SCHEME && NUMBER.test(one.value) ? { ...one, value: `${database}/${one.value}` } : one,
      ),
    })
    return {
      ...translation,
      accepted: translation.accepted.map(one => ({ ...one, value: qualified(one.value) })),
    }
  },
})
