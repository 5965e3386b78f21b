/** The way of a shipment as it is kept: the first position of each bucket of time, in blocks that are cheap to write. */
import type { ShipmentSighting } from '../schemas/generated/events.ts'
import { PROGRESS_BUCKET_MS, progressBucket } from '../schemas/topics.ts'
import type { DenseList, Place, Row } from '../streams/evidence.ts'
import { hours, type Instant } from '../streams/time.ts'
import type { Codec } from '../streams/topic.ts'
import type { Revised } from './corrections.ts'

/** The last word on one bucket of one vehicle; its row lies at the start of the bucket, under the vehicle's id. */
export interface Progress extends Revised {
  readonly vehicleId: string
  readonly occurredAt: Instant
  readonly latitude: number
  readonly longitude: number
}

export const progressRow = (
  list: DenseList<Progress>,
  { vehicleId, occurredAt, latitude, longitude, revision, retracted }: ShipmentSighting,
): Row<Progress> => ({
  list,
  at: startOfBucket(progressBucket(occurredAt)),
  id: vehicleId,
  value: { vehicleId, occurredAt, latitude, longitude, revision, retracted },
})
export const startOfBucket = (bucket: number): Instant => (bucket * PROGRESS_BUCKET_MS) as Instant

/**
 * A block: the vehicles as JSON, led by its length (4 bytes), then 36 bytes a row: start of the bucket (f64), latitude (f64), longitude
 * (f64), milliseconds into the bucket (u32), revision (u32), which vehicle (u16), retracted (u16); big endian.
 */
const ROW_BYTES = 36
const blocks: Codec<readonly Place<Progress>[]> = {
  encode(rows) {
    const vehicles = [...new Set(rows.map(({ id }) => id))]
    const names = new TextEncoder().encode(JSON.stringify(vehicles))
    const bytes = new Uint8Array(4 + names.length + rows.length * ROW_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, names.length)
    bytes.set(names, 4)
    rows.forEach(({ at, id, value }, n) => {
      const row = 4 + names.length + n * ROW_BYTES
      view.setFloat64(row, at)
      view.setFloat64(row + 8, value.latitude)
      view.setFloat64(row + 16, value.longitude)
      view.setUint32(row + 24, value.occurredAt - at)
      view.setUint32(row + 28, value.revision)
      view.setUint16(row + 32, vehicles.indexOf(id))
      view.setUint16(row + 34, value.retracted ? 1 : 0)
    })
    return bytes
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const length = view.getUint32(0)
    const vehicles = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as string[]
    const rows: Place<Progress>[] = []
    for (let row = 4 + length; row < bytes.byteLength; row += ROW_BYTES) {
      const at = view.getFloat64(row) as Instant
      const vehicleId = vehicles[view.getUint16(row + 32)] ?? ''
      const value: Progress = {
        vehicleId,
        occurredAt: (at + view.getUint32(row + 24)) as Instant,
        latitude: view.getFloat64(row + 8),
        longitude: view.getFloat64(row + 16),
        revision: view.getUint32(row + 28),
        retracted: view.getUint16(row + 34) === 1,
      }
      rows.push({ at, id: vehicleId, value })
    }
    return rows
  },
}

export const progressList: DenseList<Progress> = { name: 'progress', blockMs: hours(6), blocks }
