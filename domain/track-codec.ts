/**
 * A block of a track as bytes, column by column: what fixes near to one another have in common takes no room, what
 * changes little takes little, and every value comes back exactly.
 *
 *     version · count · unit of time · times · ids · one column for each field
 *
 * A fix every 30 s with place, speed and course takes 26 to 29 bytes, and 16 of them are its id. The id is kept
 * whole: a fix is told of again, by that id, when a late neighbour changes its flags. It could be made again from the
 * content, but only while no field is added to the schema, and not where the device gave an id of its own.
 */
import type { Place } from '../streams/evidence.ts'
import type { Instant } from '../streams/time.ts'
import type { Codec } from '../streams/topic.ts'
import { Reader, readNumbers, readTexts, Writer, writeNumbers, writeTexts } from './columns.ts'
import type { Fix } from './track.ts'

const VERSION = 1
const HEX_IDS = 0
const OTHER_IDS = 1
const ID_BYTES = 16
const ID_HEX = 2 * ID_BYTES

const out = new Writer()

export const fixBlocks: Codec<readonly Place<Fix>[]> = {
  encode(rows) {
    out.begin()
    out.room(16)
    out.byte(VERSION)
    out.varint(rows.length)
    writeTimes(rows)
    writeIds(rows)
    writeNumbers(out, rows, row => row.value.latitude)
    writeNumbers(out, rows, row => row.value.longitude)
    writeNumbers(out, rows, row => row.value.speedMps)
    writeNumbers(out, rows, row => row.value.courseDeg)
    writeNumbers(out, rows, row => row.value.altitudeM)
    writeNumbers(out, rows, row => row.value.accuracyM)
    writeNumbers(out, rows, row => row.value.odometerM)
    writeNumbers(out, rows, row => (row.value.ignition === null ? null : Number(row.value.ignition)))
    writeNumbers(out, rows, row => row.value.receivedAt - row.at)
    writeNumbers(out, rows, row => (row.value.emittedAt === null ? null : row.value.emittedAt - row.at))
    writeNumbers(out, rows, row => row.value.flags)
    writeNumbers(out, rows, row => row.value.revision)
    writeTexts(out, rows, row => row.value.source)
    writeTexts(out, rows, row => row.value.attributes)
    return out.written()
  },

  decode(bytes) {
    const block = new Reader(bytes)
    const version = block.byte()
    if (version !== VERSION)
      throw new Error(`a block of a track of version ${version}: was this written by a newer release?`)
    const count = block.varint()
    const times = readTimes(block, count)
    const ids = readIds(block, count)
    const latitude = readNumbers(block, count)
    const longitude = readNumbers(block, count)
    const speedMps = readNumbers(block, count)
    const courseDeg = readNumbers(block, count)
    const altitudeM = readNumbers(block, count)
    const accuracyM = readNumbers(block, count)
    const odometerM = readNumbers(block, count)
    const ignition = readNumbers(block, count)
    const transferMs = readNumbers(block, count)
    const sendMs = readNumbers(block, count)
    const flags = readNumbers(block, count)
    const revision = readNumbers(block, count)
    const source = readTexts(block, count)
    const attributes = readTexts(block, count)
    return times.map((at, i): Place<Fix> => {
      const lit = ignition?.[i] ?? null
      const sentAfter = sendMs?.[i] ?? null
      return {
        at,
        id: ids[i] ?? '',
        value: {
          latitude: latitude?.[i] ?? 0,
          longitude: longitude?.[i] ?? 0,
          speedMps: speedMps?.[i] ?? null,
          courseDeg: courseDeg?.[i] ?? null,
          altitudeM: altitudeM?.[i] ?? null,
          accuracyM: accuracyM?.[i] ?? null,
          ignition: lit === null ? null : lit === 1,
          odometerM: odometerM?.[i] ?? null,
          attributes: attributes[i] ?? null,
          source: source[i] ?? '',
          emittedAt: sentAfter === null ? null : ((at + sentAfter) as Instant),
          receivedAt: (at + (transferMs?.[i] ?? 0)) as Instant,
          flags: flags?.[i] ?? 0,
          revision: revision?.[i] ?? 1,
        },
      }
    })
  },
}

/** Times rise, and mostly by whole seconds. */
function writeTimes(rows: readonly Place<Fix>[]): void {
  const unit = rows.every(({ at }) => at % 1_000 === 0) ? 1_000 : 1
  out.room(8)
  out.varint(unit)
  writeNumbers(out, rows, ({ at }) => at / unit)
}
function readTimes(block: Reader, count: number): Instant[] {
  const unit = block.varint()
  return (readNumbers(block, count) ?? []).map(time => ((time ?? 0) * unit) as Instant)
}

function writeIds(rows: readonly Place<Fix>[]): void {
  const ids = rows.map(({ id }) => id)
  out.room(1)
  if (ids.every(id => id.length === ID_HEX)) {
    out.byte(HEX_IDS)
    if (out.hex(ids.join(''), rows.length * ID_BYTES)) return
    out.back(1)
  }
  out.byte(OTHER_IDS)
  writeTexts(out, ids, id => id)
}
function readIds(block: Reader, count: number): readonly (string | null)[] {
  if (block.byte() === OTHER_IDS) return readTexts(block, count)
  const all = block.hex(count * ID_BYTES)
  return Array.from({ length: count }, (_, i) => all.slice(i * ID_HEX, (i + 1) * ID_HEX))
}
