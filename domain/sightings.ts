/**
 * What has to be said of a ride when the track or the assignment has changed, so that what was told is again what
 * they say. Of arrivals and departures what was told is kept. Progress is told of for days, so of that only is kept
 * what the track as it was does not say: which buckets were told of more than once, or taken back.
 */
import type { Period, ShipmentSighting } from '../schemas/generated/events.ts'
import { progressBucket, shipmentSightings } from '../schemas/topics.ts'
import type { Evidence } from '../streams/evidence.ts'
import type { Instant } from '../streams/time.ts'
import type { Change } from './cleaning.ts'
import { corrections, type Draft } from './corrections.ts'
import { type Fence, isInside } from './geo.ts'
import { startOfBucket } from './progress.ts'
import { calls, endOf, isSameFence, progress, type Ride } from './rides.ts'
import {
  EVER,
  type FixRow,
  isSound,
  isWithin,
  nearest,
  seen,
  soundAfter,
  soundBefore,
  soundBetween,
  THE_BEGINNING,
  THE_END,
} from './track.ts'
import { recalled, revisited, type Seen, type Visit, visitsOf, type Zone } from './visits.ts'

/** What is remembered of a ride. */
export interface Memory {
  /** By fence. */
  readonly visits: Visits
  readonly told: Told
}
export type Visits = readonly (readonly Visit[])[]
export interface Told {
  /** Arrivals and departures, as last told. */
  readonly calls: readonly ShipmentSighting[]
  /** By bucket, where it is not the first: the revision last told of its progress; negative: it was taken back. */
  readonly progress: Readonly<Record<string, number>>
}
export const NOTHING_TOLD: Told = { calls: [], progress: {} }

/** What to say, and what to remember from now on; absent: as it was. */
export interface Saying {
  readonly said: readonly ShipmentSighting[]
  readonly visits?: Visits
  readonly told?: Told
}

/** The track before a change, what changed in order (all of it counts), the track after, and the sound fixes around. */
export interface TrackChange {
  readonly vehicleId: string
  readonly before: Evidence
  readonly changes: readonly Change[]
  after(): Evidence
  readonly left: FixRow | undefined
  readonly right: FixRow | undefined
}

/** What a change of the track means for a ride; undefined: nothing. `remembered` is asked only where it may matter. */
export function afterFix(ride: Ride, track: TrackChange, remembered: () => Memory): Saying | undefined {
  const { vehicleId, before } = track
  const { periods, fences } = ride
  const aboard = track.changes.filter(({ after }) => isWithin(periods, after.at))
  const [first, last] = [aboard[0]?.after, aboard.at(-1)?.after]
  if (!first || !last) return undefined
  const left =
    track.left && !isWithin(periods, track.left.at) ? nearest(soundBefore(before, first, periods)) : track.left
  const right =
    track.right && !isWithin(periods, track.right.at) ? nearest(soundAfter(before, last, periods)) : track.right

  // Most fixes are near no stop and not the first of their bucket: they end here.
  const isCovered = left !== undefined && progressBucket(left.at) === progressBucket(last.at)
  const isNear = fences.some(fence => touches(fence, left, aboard, right))
  if (isCovered && !isNear) return undefined

  const { visits, told } = remembered()
  const visitsNow = isNear ? visitsAfter(ride, visits, track, aboard, left, right) : visits
  const isSame = visitsNow === visits
  const called = isSame ? [] : corrections(shipmentSightings, told.calls, calls(vehicleId, ride, visitsNow))
  const [end, endNow] = [endOf(ride, visits), isSame ? undefined : endOf(ride, visitsNow)]
  const moved = endNow === undefined || endNow === end ? [] : [end, endNow]
  let progressed: readonly ShipmentSighting[] = []
  if (!isCovered || moved.length > 0) {
    const from = startOfBucket(progressBucket(Math.min(first.at, ...moved) as Instant))
    const until = startOfBucket(progressBucket(Math.max(last.at, ...moved) as Instant) + 1)
    progressed = progressCorrections(
      ride,
      told,
      progress(vehicleId, ride, soundBetween(before, periods, from, until).map(seen), end),
      progress(vehicleId, ride, soundBetween(track.after(), periods, from, until).map(seen), endNow ?? end),
    )
  }
  return saying(ride, called, progressed, told, isSame ? undefined : visitsNow)
}

function touches(
  fence: Fence,
  left: FixRow | undefined,
  aboard: readonly Change[],
  right: FixRow | undefined,
): boolean {
  if (left && isInside(fence, left.value)) return true
  if (right && isInside(fence, right.value)) return true
  for (const { after } of aboard) if (isInside(fence, after.value)) return true
  return false
}

/** The visits by fence after a change near some of them; the same array if no visit that matters is another now. */
function visitsAfter(
  { periods, fences }: Ride,
  visits: Visits,
  { before }: TrackChange,
  aboard: readonly Change[],
  left: FixRow | undefined,
  right: FixRow | undefined,
): Visits {
  const was = aboard.flatMap(({ before: row }) => (row && isSound(row) ? seen(row) : []))
  const now = aboard.flatMap(({ after: row }) => (isSound(row) ? seen(row) : []))
  const zone: Zone = {
    left: left && seen(left),
    right: right && seen(right),
    was,
    now,
    back: () => along(left, periods, soundBefore, before),
    on: () => along(right, periods, soundAfter, before),
    end: () => {
      const last = nearest(soundBefore(before, THE_END, periods))
      return last && seen(last)
    },
  }
  const visitsNow = fences.map((fence, i) => {
    const there = visits[i] ?? NONE
    return touches(fence, left, aboard, right) ? revisited(there, zone, fix => isInside(fence, fix)) : there
  })
  return visitsNow.every((next, i) => next === (visits[i] ?? NONE)) ? visits : visitsNow
}
const NONE: readonly Visit[] = []

/**
 * What another version of an assignment means, from the whole track. What was told of times before the horizon at a
 * stop that is now elsewhere stays told: the track can no longer say whether the vehicle had been there.
 */
export function afterAssignment(
  vehicleId: string,
  before: Ride | undefined,
  ride: Ride,
  kept: Evidence,
  { visits, told }: Memory,
  horizon: Instant,
): Saying {
  const periods = [...(before?.periods ?? []), ...ride.periods]
  const from = Math.min(...periods.map(period => period.from)) as Instant
  const until = Math.max(...periods.map(period => period.until)) as Instant
  const rows = soundBetween(kept, EVER, from, until).map(seen)
  const series = rows.filter(({ at }) => isWithin(ride.periods, at))
  const trackStart = nearest(soundAfter(kept, THE_BEGINNING))
  const fenceBefore = ride.fences.map(fence => before?.fences.findIndex(other => isSameFence(fence, other)) ?? -1)
  const visitsNow = ride.fences.map((fence, i) => {
    const known = (visits[fenceBefore[i] ?? -1] ?? []).filter(({ first }) => isWithin(ride.periods, first.at))
    const scanned = visitsOf(series, fix => isInside(fence, fix))
    return recalled(known, trackStart, series, scanned)
  })
  const frozen = told.calls.filter(
    ({ retracted, occurredAt, stopId }) =>
      !retracted &&
      occurredAt < horizon &&
      isWithin(ride.periods, occurredAt) &&
      ride.stops.some(stop => stop.stopId === stopId && fenceBefore[stop.fence] === -1),
  )
  const called = corrections(shipmentSightings, told.calls, [...frozen, ...calls(vehicleId, ride, visitsNow)])
  const seriesBefore = before ? rows.filter(({ at }) => isWithin(before.periods, at)) : []
  const progressed = progressCorrections(
    ride,
    told,
    before ? progress(vehicleId, before, seriesBefore, endOf(before, visits)) : [],
    progress(vehicleId, ride, series, endOf(ride, visitsNow)),
  )
  return saying(ride, called, progressed, told, visitsNow)
}

function progressCorrections(
  { firstRevision }: Ride,
  told: Told,
  before: readonly Draft<ShipmentSighting>[],
  now: readonly Draft<ShipmentSighting>[],
): ShipmentSighting[] {
  const revisionOf = ({ occurredAt }: Draft<ShipmentSighting>) =>
    told.progress[progressBucket(occurredAt)] ?? firstRevision
  const heard = before.map(draft => ({ ...draft, revision: Math.abs(revisionOf(draft)), retracted: false }))
  const takenBack = now
    .filter(draft => revisionOf(draft) < 0)
    .map(draft => ({ ...draft, revision: -revisionOf(draft), retracted: true }))
  return corrections(shipmentSightings, [...takenBack, ...heard], now)
}

function saying(
  { firstRevision }: Ride,
  called: readonly ShipmentSighting[],
  progressed: readonly ShipmentSighting[],
  told: Told,
  visits: Visits | undefined,
): Saying {
  const said = [...called, ...progressed].map(sighting =>
    sighting.revision === 1 ? { ...sighting, revision: firstRevision } : sighting,
  )
  const remember = said.filter(({ kind, revision }) => kind !== 'progress' || revision !== firstRevision)
  const remembered = visits ? { visits } : {}
  if (remember.length === 0) return { said, ...remembered }
  const callsTold = new Map(told.calls.map(sighting => [shipmentSightings.identityOf(sighting), sighting]))
  const progressTold: Record<string, number> = { ...told.progress }
  for (const sighting of remember) {
    const { kind, occurredAt, revision, retracted } = sighting
    if (kind === 'progress') progressTold[progressBucket(occurredAt)] = retracted ? -revision : revision
    else callsTold.set(shipmentSightings.identityOf(sighting), sighting)
  }
  return { said, ...remembered, told: { calls: [...callsTold.values()], progress: progressTold } }
}

function* along(
  row: FixRow | undefined,
  periods: readonly Period[],
  others: typeof soundAfter,
  kept: Evidence,
): Generator<Seen> {
  if (!row) return
  yield seen(row)
  for (const other of others(kept, row, periods)) yield seen(other)
}
