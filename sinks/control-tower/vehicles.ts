/** Where each vehicle was last. */
import type { VehiclePosition } from '../../schemas/generated/events.ts'
import { vehiclePositions } from '../../schemas/topics.ts'
import type { Event } from '../../streams/event.ts'
import type { Sink } from '../../streams/sink.ts'
import { keepHighest } from './sink-into.ts'
import type { Views } from './views.ts'

const VEHICLE = keepHighest(
  'vehicles',
  ['vehicle_id'],
  // prettier-ignore
  ['vehicle_id', 'occurred_at', 'revision', 'event_id', 'received_at', 'latitude', 'longitude', 'speed_mps', 'course_deg', 'source'],
  ['occurred_at', 'revision', 'event_id'],
)

type Fix = Event<VehiclePosition>

/**
 * Positions are the flood: of a batch only the newest of each vehicle is written. A fix that is doubted, or was taken
 * back, moves nothing; one that was told as sound and doubted afterwards holds until the next.
 */
export const vehiclesSink = (views: Views): Sink<VehiclePosition> => ({
  name: 'control-tower/vehicles',
  reads: vehiclePositions,
  // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
  async write({ events }) {
    const newest = new Map<string, Fix>()
    for (const event of events) {
      const { vehicleId, flags, retracted } = event.value
      if (flags.length > 0 || retracted) continue
      const other = newest.get(vehicleId)
      if (!other || isNewer(event, other)) newest.set(vehicleId, event)
    }
    if (newest.size === 0) return
    views.write(note => {
      const put = views.sql(VEHICLE)
      for (const [vehicleId, { occurredAt, eventId, receivedAt, source, value }] of newest) {
        const { revision, latitude, longitude, speedMps, courseDeg } = value
        const at = [receivedAt, latitude, longitude, speedMps, courseDeg, source]
        if (put.run(vehicleId, occurredAt, revision, eventId, ...at).changes > 0) note('vehicle', vehicleId)
      }
    })
  },
})

/** The order of `VEHICLE`. */
function isNewer(a: Fix, b: Fix): boolean {
  if (a.occurredAt !== b.occurredAt) return a.occurredAt > b.occurredAt
  const revisions = a.value.revision - b.value.revision
  return revisions === 0 ? a.eventId > b.eventId : revisions > 0
}
