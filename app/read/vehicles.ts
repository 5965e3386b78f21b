/** `GET /v1/vehicles`: where each vehicle was last. */
import { z } from 'zod'
import { type Box, type Vehicle, vehiclesAfter } from '../../sinks/control-tower/read-vehicles.ts'
import type { ViewsReader } from '../../sinks/control-tower/reader.ts'
import * as answers from './answers.ts'
import { type AnyRoute, cursorOf, paging, placeAt, route } from './route.ts'

const { iso } = answers

const within = (most: number) => z.number().min(-most).max(most)
const sides = z.tuple([within(180), within(90), within(180), within(90)])

const box = z.string().transform((text, context): Box => {
  const read = sides.safeParse(text.split(',').map(side => (side.trim() === '' ? NaN : Number(side))))
  const [west, south, east, north] = read.data ?? [0, 0, 0, 0]
  if (read.success && south <= north) return { west, south, east, north }
  context.addIssue({ code: 'custom', message: 'expected west,south,east,north in degrees' })
  return z.NEVER
})

const query = z.strictObject({
  ...paging,
  bbox: box
    .optional()
    .describe('west,south,east,north in degrees (as in RFC 7946); west > east: across the antimeridian'),
})

export const vehicleRoutes = ({ views }: { readonly views: ViewsReader }): readonly AnyRoute[] => [
  route({
    method: 'GET',
    path: '/v1/vehicles',
    summary: 'Vehicles where they were last, by id',
    role: 'read',
    query,
    answers: { 200: { description: 'A page of vehicles', shape: answers.vehiclePage } },
    handle({ query: { limit, cursor, bbox } }) {
      const after = placeAt(z.string(), cursor) ?? ''
      const found = views.snapshot(at => vehiclesAfter(at, bbox, after, limit + 1))
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      const body: z.input<typeof answers.vehiclePage> = {
        vehicles: page.map(vehicleAnswer),
        nextCursor: last ? cursorOf(last.vehicleId) : null,
      }
      return { status: 200, body }
    },
  }),
]

const vehicleAnswer = (vehicle: Vehicle): z.input<typeof answers.vehicle> => {
  const { vehicleId, occurredAt, receivedAt, latitude, longitude, speedMps, courseDeg, source } = vehicle
  const { shipmentIds, worstCase, next } = vehicle
  return {
    ...{ vehicleId, latitude, longitude, speedMps, courseDeg, source, worstCase, shipmentIds: [...shipmentIds] },
    occurredAt: iso(occurredAt),
    receivedAt: iso(receivedAt),
    next: next && {
      ...{ shipmentId: next.shipmentId, place: next.place, p50: iso(next.p50) },
      lateByS: Math.round(next.lateByMs / 1_000),
    },
  }
}
