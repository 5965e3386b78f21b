/**
 * positions: what telematics devices or their platform report.
 *
 *   accepts  POST /v1/positions          an array, or NDJSON (application/x-ndjson), of up to thousands
 *   writes   telematics.position.v1      by vehicleId
 *
 * The flood comes in here, so its records are checked by hand; test/ingest/positions.test.ts holds the result against
 * the schema that is published. A time far in the future is not refused: a processor flags it.
 */
import { z } from 'zod'
import type { TelematicsPosition } from '../schemas/generated/events.ts'
import { telematicsPositions } from '../schemas/topics.ts'
import type { Instant } from '../streams/time.ts'
import {
  type Accepted,
  type Adapter,
  asBytes,
  type Fault,
  inside,
  MAX_RECORDS,
  type Refusal,
  refuseAll,
} from './adapter.ts'
import { INSTANT_EXPECTED, parseInstant } from './instant.ts'
import { lines, readJson } from './read-json.ts'
import { id, instant } from './shapes.ts'
import { ID_EXPECTED, isId } from './text.ts'

export const NDJSON = 'application/x-ndjson'
export const MAX_ATTRIBUTES_BYTES = 4_096

/** Lowest and highest sane value of each number. */
const RANGES = {
  latitude: [-90, 90],
  longitude: [-180, 180],
  speedMps: [0, 1_000],
  courseDeg: [0, 360],
  altitudeM: [-1_000, 100_000],
  accuracyM: [0, 50_000_000],
  odometerM: [0, 10_000_000_000],
} as const satisfies Record<string, readonly [number, number]>

const within = (field: keyof typeof RANGES) => z.number().min(RANGES[field][0]).max(RANGES[field][1])

/** A position as documented. */
export const positionShape = z.strictObject({
  vehicleId: id.describe('Identity of the vehicle'),
  occurredAt: instant.describe('When the fix was taken, by the device’s clock'),
  latitude: within('latitude').describe('Degrees north, WGS 84'),
  longitude: within('longitude').describe('Degrees east, WGS 84'),
  speedMps: within('speedMps').nullish().describe('Speed over ground, metres per second'),
  courseDeg: within('courseDeg').nullish().describe('Course over ground, degrees from north'),
  altitudeM: within('altitudeM').nullish().describe('Altitude, metres'),
  accuracyM: within('accuracyM').nullish().describe('Radius of uncertainty, metres'),
  ignition: z.boolean().nullish().describe('Whether the ignition was on'),
  odometerM: within('odometerM').nullish().describe('Odometer, metres'),
  attributes: z
    .looseObject({})
    .nullish()
    .describe(`What else the device said; at most ${MAX_ATTRIBUTES_BYTES} bytes of JSON`),
})
const KNOWN: ReadonlySet<string> = new Set(Object.keys(positionShape.shape))

export const positions: Adapter<TelematicsPosition> = {
  name: 'positions',
  writes: telematicsPositions,
  isFeed: true,

  translate({ body, contentType, mayTellReceivedAt }) {
    const accepted: Accepted<TelematicsPosition>[] = []
    const refused: Refusal[] = []
    const answer = (record: unknown, index: number, raw: Buffer | undefined) => {
      const result = read(record, mayTellReceivedAt)
      if ('value' in result) accepted.push(result)
      else refused.push({ index, reason: result.reason, at: `$[${index}]${result.at}`, raw: raw ?? asBytes(record) })
    }

    if (contentType === NDJSON) {
      let index = 0
      for (const line of lines(body)) {
        if (index === MAX_RECORDS) return tooMany(body)
        const result = readJson(line)
        if ('json' in result) answer(result.json, index, line)
        else refused.push({ index, reason: result.reason, at: `$[${index}]`, raw: line })
        index++
      }
    } else {
      const result = readJson(body)
      if ('reason' in result) return refuseAll(body, { reason: result.reason, at: '$' }, 'unreadable')
      if (!Array.isArray(result.json)) return refuseAll(body, { reason: 'expected an array of positions', at: '$' })
      if (result.json.length > MAX_RECORDS) return tooMany(body)
      for (const [index, record] of (result.json as unknown[]).entries()) answer(record, index, undefined)
    }
    return { accepted, refused }
  },
}

const tooMany = (body: Buffer) =>
  refuseAll<TelematicsPosition>(
    body,
    { reason: `more than ${MAX_RECORDS} records: send fewer at once`, at: '$' },
    'too many',
  )

/** The fault's path is relative to the record. */
function read(record: unknown, mayTellReceivedAt: boolean): Accepted<TelematicsPosition> | Fault {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { reason: 'expected an object', at: '' }
  const said = record as Readonly<Record<string, unknown>>
  for (const field in said) {
    if (!KNOWN.has(field) && !(mayTellReceivedAt && field === 'receivedAt'))
      return { reason: 'unknown field', at: inside('', field) }
  }

  const { vehicleId, occurredAt, latitude, longitude } = said
  if (typeof vehicleId !== 'string' || !isId(vehicleId)) return { reason: ID_EXPECTED, at: '.vehicleId' }
  const at = typeof occurredAt === 'string' ? parseInstant(occurredAt) : undefined
  if (at === undefined) return { reason: INSTANT_EXPECTED, at: '.occurredAt' }
  if (!isWithin(latitude, RANGES.latitude)) return outOf('latitude')
  if (!isWithin(longitude, RANGES.longitude)) return outOf('longitude')

  const speedMps = said['speedMps'] ?? null
  if (speedMps !== null && !isWithin(speedMps, RANGES.speedMps)) return outOf('speedMps')
  const courseDeg = said['courseDeg'] ?? null
  if (courseDeg !== null && !isWithin(courseDeg, RANGES.courseDeg)) return outOf('courseDeg')
  const altitudeM = said['altitudeM'] ?? null
  if (altitudeM !== null && !isWithin(altitudeM, RANGES.altitudeM)) return outOf('altitudeM')
  const accuracyM = said['accuracyM'] ?? null
  if (accuracyM !== null && !isWithin(accuracyM, RANGES.accuracyM)) return outOf('accuracyM')
  const odometerM = said['odometerM'] ?? null
  if (odometerM !== null && !isWithin(odometerM, RANGES.odometerM)) return outOf('odometerM')
  const ignition = said['ignition'] ?? null
  if (ignition !== null && typeof ignition !== 'boolean') return { reason: 'expected true or false', at: '.ignition' }
  const attributes = said['attributes'] === undefined ? null : asText(said['attributes'])
  if (attributes === undefined) {
    return { reason: `expected an object of at most ${MAX_ATTRIBUTES_BYTES} bytes as JSON`, at: '.attributes' }
  }

  let receivedAt: Instant | null = null
  if (mayTellReceivedAt && said['receivedAt'] != null) {
    const told = typeof said['receivedAt'] === 'string' ? parseInstant(said['receivedAt']) : undefined
    if (told === undefined) return { reason: INSTANT_EXPECTED, at: '.receivedAt' }
    receivedAt = told
  }
  return {
    value: {
      occurredAt: at,
      vehicleId,
      latitude,
      longitude,
      speedMps,
      courseDeg,
      altitudeM,
      accuracyM,
      ignition,
      odometerM,
      attributes,
    },
    receivedAt,
    hasHappened: true,
  }
}

/** JSON has no NaN; 1e999 is read as Infinity, which is in no range. */
const isWithin = (value: unknown, [min, max]: readonly [number, number]): value is number =>
  typeof value === 'number' && value >= min && value <= max

const outOf = (field: keyof typeof RANGES): Fault => ({
  reason: `expected a number from ${RANGES[field][0]} to ${RANGES[field][1]}`,
  at: `.${field}`,
})

function asText(attributes: unknown): string | null | undefined {
  if (attributes === null) return null
  if (typeof attributes !== 'object' || Array.isArray(attributes)) return undefined
  const text = JSON.stringify(attributes)
  return Buffer.byteLength(text) <= MAX_ATTRIBUTES_BYTES ? text : undefined
}
