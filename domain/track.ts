/** The track of a vehicle: its fixes of the last 72 hours, in order, and how to find one's way along it. */
import type { Period, TelematicsPosition, VehiclePosition } from '../schemas/generated/events.ts'
import type { Event } from '../streams/event.ts'
import { type At, blockOf, type DenseList, type Evidence, type Row } from '../streams/evidence.ts'
import { hours, type Instant, later, minutes } from '../streams/time.ts'
import { flagNames, ownFlags } from './flags.ts'
import { fixBlocks } from './track-codec.ts'
import { APART_MS, type Seen } from './visits.ts'

/** A position as it was reported, with what is held against it. Its place in a track says when it was, and its id. */
export interface Fix extends Omit<TelematicsPosition, 'vehicleId' | 'occurredAt'> {
  readonly source: string
  readonly emittedAt: Instant | null
  readonly receivedAt: Instant
  /** Bits of flags.ts; 0: sound. */
  readonly flags: number
  /** How often it was told of. */
  readonly revision: number
}
export type FixRow = Row<Fix>

/** A fix this much older than the newest sound one comes too late. */
export const TRACK_MS = hours(72)

const BLOCK_MS = minutes(15)
export const track: DenseList<Fix> = { name: 'track', blockMs: BLOCK_MS, blocks: fixBlocks }
/** Fixes from the future, until they are heard again when their time has come. They are no part of the track. */
export const ahead: DenseList<Fix> = { name: 'ahead', blockMs: BLOCK_MS, blocks: fixBlocks }

export const fixOf = ({ value, source, emittedAt, receivedAt, occurredAt }: Event<TelematicsPosition>): Fix => ({
  latitude: value.latitude,
  longitude: value.longitude,
  speedMps: value.speedMps,
  courseDeg: value.courseDeg,
  altitudeM: value.altitudeM,
  accuracyM: value.accuracyM,
  ignition: value.ignition,
  odometerM: value.odometerM,
  attributes: value.attributes,
  source,
  emittedAt,
  receivedAt,
  flags: ownFlags(value, occurredAt, receivedAt),
  revision: 1,
})

/** What is told of a fix. */
export const positionOf = (vehicleId: string, { at, id, value }: FixRow): VehiclePosition => ({
  occurredAt: at,
  positionId: id,
  vehicleId,
  latitude: value.latitude,
  longitude: value.longitude,
  speedMps: value.speedMps,
  courseDeg: value.courseDeg,
  altitudeM: value.altitudeM,
  accuracyM: value.accuracyM,
  ignition: value.ignition,
  odometerM: value.odometerM,
  attributes: value.attributes,
  flags: flagNames(value.flags),
  revision: value.revision,
  retracted: false,
})

export const isSound = ({ value }: FixRow): boolean => value.flags === 0
export const seen = ({ at, id, value: { latitude, longitude } }: FixRow): Seen => ({ at, id, latitude, longitude })

/** Before everything at this time. */
const start = (at: Instant): At => ({ at, id: '' })
export const isWithin = (periods: readonly Period[], at: Instant): boolean =>
  periods.some(({ from, until }) => from <= at && at < until)
/** Before and after everything. */
export const THE_BEGINNING: At = { at: Number.NEGATIVE_INFINITY as Instant, id: '' }
export const THE_END: At = { at: Number.POSITIVE_INFINITY as Instant, id: '' }
/** All of time. */
export const EVER: readonly Period[] = [
  { from: Number.NEGATIVE_INFINITY as Instant, until: Number.POSITIVE_INFINITY as Instant },
]

/** The sound fixes within the periods before a place, the nearest first. */
export function* soundBefore(kept: Evidence, place: At, periods: readonly Period[] = EVER): Generator<FixRow> {
  for (let i = periods.length - 1; i >= 0; i--) {
    const { from, until } = periods[i] ?? NO_TIME
    if (from > place.at) continue
    for (const row of kept.backward(track, place.at < until ? place : start(until))) {
      if (row.at < from) break
      if (isSound(row)) yield row
    }
  }
}

/** The sound fixes within the periods after a place, in order. */
export function* soundAfter(kept: Evidence, place: At, periods: readonly Period[] = EVER): Generator<FixRow> {
  for (const { from, until } of periods) {
    if (until <= place.at) continue
    const within = from <= place.at
    for (const row of kept.forward(track, within ? place : start(from), !within)) {
      if (row.at >= until) break
      if (isSound(row)) yield row
    }
  }
}
const NO_TIME: Period = { from: Number.POSITIVE_INFINITY as Instant, until: Number.NEGATIVE_INFINITY as Instant }

export const nearest = (rows: Iterable<FixRow>): FixRow | undefined => {
  for (const row of rows) return row
  return undefined
}

/** The sound fixes within the periods with from ≤ at < until, in order. */
export function soundBetween(kept: Evidence, periods: readonly Period[], from: Instant, until: Instant): FixRow[] {
  const rows: FixRow[] = []
  for (const period of periods) {
    const begin = Math.max(from, period.from) as Instant
    const end = Math.min(until, period.until)
    if (begin >= end) continue
    for (const row of kept.forward(track, start(begin), true)) {
      if (row.at >= end) break
      if (isSound(row)) rows.push(row)
    }
  }
  return rows
}

/** Rows that go at a time: after a long silence the whole track would, and nothing depends on their being gone. */
const AT_A_TIME = 500

/**
 * What may go now that the newest fix lies in another block. The newest sound fix from before the horizon stays, and
 * ten minutes before it: whatever is still heard has its neighbours in the track, and the rest of a visit. `newest`
 * says where the newest sound fix lies, and the newest that may be a neighbour.
 */
export function expired(
  kept: Evidence,
  newest: { readonly sound: At | null; readonly clean: At | null },
  last: At,
): FixRow[] {
  const rows: FixRow[] = []
  const take = (from: At, until: Instant) => {
    for (const row of kept.forward(track, from)) {
      if (row.at >= until || rows.length >= AT_A_TIME) return
      if (row.at !== newest.clean?.at || row.id !== newest.clean.id) rows.push(row)
    }
  }
  if (newest.sound)
    for (const { at } of soundBefore(kept, start(later(newest.sound.at, -TRACK_MS)))) {
      take(THE_BEGINNING, blockOf(track, later(at, -APART_MS)) as Instant)
      break
    }
  // Of a receiver that is broken nothing is sound, and no horizon moves.
  take(newest.sound ?? THE_BEGINNING, later(last.at, -TRACK_MS))
  return rows
}

/** Fixes from the future that nobody has sent again. */
export function expiredAhead(kept: Evidence, receivedAt: Instant): FixRow[] {
  const rows: FixRow[] = []
  for (const row of kept.forward(ahead, THE_BEGINNING)) {
    if (row.value.receivedAt >= later(receivedAt, -TRACK_MS) || rows.length >= AT_A_TIME) break
    rows.push(row)
  }
  return rows
}
