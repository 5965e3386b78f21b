/** The way of a shipment as it is kept: the first position of each bucket of time, in blocks that are cheap to write. */
import type { ShipmentSighting } from '../schemas/generated/events.ts'
import { PROGRESS_BUCKET_MS, progressBucket } from '../schemas/topics.ts'
import type { DenseList, Evidence, Place, Row } from '../streams/evidence.ts'
import { hours, type Instant, later, type Millis } from '../streams/time.ts'
import type { Codec } from '../streams/topic.ts'
import { Reader, readNumbers, readTexts, Writer, writeNumbers, writeTexts } from './columns.ts'
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

const VERSION = 1
const out = new Writer()

/** A block: version · count · one column for each field. */
const blocks: Codec<readonly Place<Progress>[]> = {
  encode(rows) {
    out.begin()
    out.room(16)
    out.byte(VERSION)
    out.varint(rows.length)
    writeNumbers(out, rows, ({ at }) => at / PROGRESS_BUCKET_MS)
    writeTexts(out, rows, ({ id }) => id)
    writeNumbers(out, rows, ({ at, value }) => value.occurredAt - at)
    writeNumbers(out, rows, ({ value }) => value.latitude)
    writeNumbers(out, rows, ({ value }) => value.longitude)
    writeNumbers(out, rows, ({ value }) => value.revision)
    writeNumbers(out, rows, ({ value }) => Number(value.retracted))
    return out.written()
  },
  decode(bytes) {
    const block = new Reader(bytes)
    const version = block.byte()
    if (version !== VERSION)
      throw new Error(`a block of progress of version ${version}: was this written by a newer release?`)
    const count = block.varint()
    const buckets = readNumbers(block, count) ?? []
    const vehicles = readTexts(block, count)
    const intoMs = readNumbers(block, count)
    const latitude = readNumbers(block, count)
    const longitude = readNumbers(block, count)
    const revision = readNumbers(block, count)
    const retracted = readNumbers(block, count)
    return buckets.map((bucket, i): Place<Progress> => {
      const at = startOfBucket(bucket ?? 0)
      const vehicleId = vehicles[i] ?? ''
      const value: Progress = {
        vehicleId,
        occurredAt: (at + (intoMs?.[i] ?? 0)) as Instant,
        latitude: latitude?.[i] ?? 0,
        longitude: longitude?.[i] ?? 0,
        revision: revision?.[i] ?? 1,
        retracted: retracted?.[i] === 1,
      }
      return { at, id: vehicleId, value }
    })
  },
}

export const progressList: DenseList<Progress> = { name: 'progress', blockMs: hours(6), blocks }

/** What holds of the way, in the order of time: all of it, or so much of it before the newest. */
export function trackOf(kept: Evidence, lastMs: Millis = Infinity): Progress[] {
  const track: Progress[] = []
  let from: Instant | undefined
  for (const { at, value } of kept.backward(progressList)) {
    if (value.retracted) continue
    from ??= later(at, -lastMs)
    if (at < from) break
    track.push(value)
  }
  return track.sort((a, b) => a.occurredAt - b.occurredAt || (a.vehicleId < b.vehicleId ? -1 : 1))
}
