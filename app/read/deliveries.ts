/** `GET /v1/shipments/{shipmentId}/deliveries`: the bytes in which what is known of a shipment came. */
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { Adapter } from '../../ingest/adapter.ts'
import { Problem } from '../../ingest/http/problem.ts'
import { unpack } from '../../ingest/packing.ts'
import { partnerEvents } from '../../ingest/partner-events.ts'
import { NDJSON, positions } from '../../ingest/positions.ts'
import { lines } from '../../ingest/read-json.ts'
import { shipments } from '../../ingest/shipments.ts'
import type { CarrierEvent, Delivery, TelematicsPosition } from '../../schemas/generated/events.ts'
import { type OdooReading, type Origin, originsOf } from '../../sinks/control-tower/read-origins.ts'
import { shipmentWhole } from '../../sinks/control-tower/read-shipments.ts'
import type { ViewsReader } from '../../sinks/control-tower/reader.ts'
import type { Event } from '../../streams/event.ts'
import type { Occurred } from '../../streams/topic.ts'
import type { FindDeliveries, FindFixes } from '../find-deliveries.ts'
import { iso, isoOrNull } from './answers.ts'
import { type AnyRoute, route } from './route.ts'

export interface DeliveryNeeds {
  readonly views: ViewsReader
  readonly findDeliveries: FindDeliveries
  readonly findFixes: FindFixes
}

/** How many of what is known are looked up, and how much of a delivery is shown. */
const MOST_ORIGINS = 40
const MOST_TEXT_BYTES = 16_384

const instant = z.iso.datetime()
const toldBy = z.strictObject({
  deliveryId: z.string(),
  adapter: z.string(),
  source: z.string().describe('The token’s or the partner’s name, or `odoo:` and the database'),
  receivedAt: instant,
  emittedAt: instant.nullable().describe('By the source’s own clock, where it says so'),
  contentType: z.string().nullable(),
  sizeBytes: z.int(),
  index: z.int().describe('Which record of the delivery it is, from 0'),
  record: z.unknown().describe('That record, as it was sent'),
  text: z
    .string()
    .nullable()
    .describe(`The whole delivery as it came; null: over ${MOST_TEXT_BYTES} bytes, or no text`),
})
const heard = z.strictObject({
  what: z.enum(['request', 'odoo', 'carrier_event', 'sighting']),
  code: z.string().nullable().describe('Of an event its code, of a sighting what was seen'),
  stopId: z.string().nullable(),
  occurredAt: instant,
  delivery: toldBy.nullable().describe('null: no longer kept'),
})
export const deliveriesShape = z
  .strictObject({
    heard: z.array(heard).describe('The request that holds, the picking as Odoo had it last, then the latest first'),
  })
  .meta({ id: 'ShipmentDeliveries' })

export const deliveryRoutes = ({ views, ...find }: DeliveryNeeds): readonly AnyRoute[] => [
  route({
    method: 'GET',
    path: '/v1/shipments/{shipmentId}/deliveries',
    summary: 'What was sent of a shipment, as it was sent; kept for a day, what Odoo had as long as the shipment',
    role: 'read',
    params: z.strictObject({ shipmentId: z.string() }),
    answers: { 200: { description: 'What is known, each with its delivery', shape: deliveriesShape } },
    problems: { 404: 'There is no such shipment (yet)' },
    async handle({ params: { shipmentId } }) {
      const origins = views.snapshot(at => shipmentWhole(at, shipmentId) && originsOf(at, shipmentId))
      if (!origins) throw new Problem(404, 'there is no such shipment (yet)')
      const body: z.input<typeof deliveriesShape> = { heard: [] }
      for (const origin of origins.slice(0, MOST_ORIGINS)) {
        const delivery = origin.what === 'odoo' ? asRead(origin) : await asSent(origin, find)
        body.heard.push({ ...named(origin), occurredAt: iso(origin.occurredAt), delivery })
      }
      return { status: 200, body }
    },
  }),
]

type Sent = Exclude<Origin, { readonly what: 'odoo' }>

async function asSent(
  origin: Sent,
  { findDeliveries, findFixes }: Omit<DeliveryNeeds, 'views'>,
): Promise<z.input<typeof toldBy> | null> {
  const { adapter, isIt } = lookedFor(origin)
  const amongThoseOf = async (receivedAt: number) => {
    const found = await findDeliveries(adapter.name, receivedAt)
    return found.map(each => shown(each, adapter, isIt)).find(each => each !== null) ?? null
  }
  const direct = await amongThoseOf(origin.receivedAt)
  if (direct || origin.what !== 'sighting') return direct
  // The fix that began a stay came before the one that showed it to be one, or before the plan.
  const { vehicleId, occurredAt } = origin.sighting
  for (const receivedAt of await findFixes(vehicleId, occurredAt, origin.receivedAt)) {
    const found = await amongThoseOf(receivedAt)
    if (found) return found
  }
  return null
}

/** Of the page of records that Odoo answered with, this one. */
const asRead = ({ receivedAt, reading }: { receivedAt: number; reading: OdooReading }): z.input<typeof toldBy> => ({
  ...{ deliveryId: reading.eventId, adapter: 'odoo', source: reading.source, contentType: 'application/json' },
  ...{ receivedAt: iso(receivedAt), emittedAt: null, sizeBytes: Buffer.byteLength(reading.row), index: 0 },
  ...{ record: JSON.parse(reading.row) as unknown, text: reading.row },
})

const named = (origin: Origin) => {
  const { what } = origin
  if (what === 'request' || what === 'odoo') return { what, code: null, stopId: null }
  return what === 'sighting'
    ? { what, code: origin.sighting.kind, stopId: origin.sighting.stopId }
    : { what, code: origin.event.code, stopId: origin.event.stopId }
}

interface LookedFor {
  readonly adapter: Adapter<Occurred>
  readonly isIt: (value: Occurred) => boolean
}

/** By whom it came in, and which of the records of a delivery it is. */
function lookedFor(origin: Sent): LookedFor {
  if (origin.what === 'request')
    return { adapter: shipments, isIt: ({ occurredAt }) => occurredAt === origin.occurredAt }
  if (origin.what === 'sighting') {
    const { vehicleId, occurredAt } = origin.sighting
    const isIt = (fix: Occurred) => fix.occurredAt === occurredAt && (fix as TelematicsPosition).vehicleId === vehicleId
    return { adapter: positions, isIt }
  }
  const { partner, partnerEventId } = origin.event
  const isIt = (event: Occurred) => {
    const sent = event as CarrierEvent
    return sent.partner === partner && sent.partnerEventId === partnerEventId
  }
  return { adapter: partnerEvents, isIt }
}

/** The delivery, if that record is in it: read once more as it was when it came in. */
function shown(
  { eventId, source, receivedAt, emittedAt, value }: Event<Delivery>,
  adapter: Adapter<Occurred>,
  isIt: LookedFor['isIt'],
): z.input<typeof toldBy> | null {
  const body = unpack(value)
  const contentType = value.contentType ?? ''
  const { accepted, refused } = adapter.translate({
    ...{ body, contentType, about: value.about, emittedAt, mayTellReceivedAt: true },
  })
  const place = accepted.findIndex(one => isIt(one.value))
  if (place < 0) return null
  const left = new Set(refused.map(({ index }) => index))
  const elements = elementsOf(body, contentType)
  const index = [...elements.keys()].filter(n => !left.has(n))[place] ?? 0
  return {
    ...{ deliveryId: eventId, adapter: value.adapter, source, contentType: value.contentType, sizeBytes: body.length },
    ...{ receivedAt: iso(receivedAt), emittedAt: isoOrNull(emittedAt), index, record: elements[index]?.() },
    text: body.length <= MOST_TEXT_BYTES && isUtf8(body) ? body.toString() : null,
  }
}

/** The records of a body that was understood; each is read only when it is asked for: a line beside it may be no JSON. */
function elementsOf(body: Buffer, contentType: string): readonly (() => unknown)[] {
  if (contentType === NDJSON) return [...lines(body)].map(line => () => JSON.parse(line.toString()) as unknown)
  const json = JSON.parse(body.toString()) as { readonly events?: unknown }
  const all = Array.isArray(json)
    ? (json as unknown[])
    : Array.isArray(json.events)
      ? (json.events as unknown[])
      : [json]
  return all.map(element => () => element)
}
