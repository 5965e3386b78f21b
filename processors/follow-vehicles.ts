/**
 * follow-vehicles: turns where a vehicle was into which stops it reached, for every shipment on board.
 *
 *   reads   telematics.position.v1, vehicle.assignment.v1     by vehicleId
 *   keeps   the track of 72 h, the assignments, the visits at their stops, what was told of each
 *   writes  vehicle.position.v1, shipment.sighting.v1, vehicle.jump.v1, late.v1
 *
 * In order or late, before its assignment or after, a fix is put where it belongs in the track. It can change its own
 * flags and those of the fixes next to it, and the visits around these. What is said is the difference to what was
 * said before. The rules are in domain/{flags,cleaning,visits,rides,sightings}.ts.
 */
import {
  type Change,
  counts,
  horizonOf,
  isJump,
  judge,
  jumpsAmong,
  type Newest,
  newestAfter,
} from '../domain/cleaning.ts'
import { FUTURE } from '../domain/flags.ts'
import { lateRecord } from '../domain/horizon.ts'
import { type Ride, rideOf } from '../domain/rides.ts'
import {
  afterAssignment,
  afterFix,
  type Memory,
  NOTHING_TOLD,
  type Saying,
  type Told,
  type TrackChange,
  type Visits,
} from '../domain/sightings.ts'
import {
  ahead,
  expired,
  expiredAhead,
  fixOf,
  type FixRow,
  isSound,
  nearest,
  positionOf,
  soundAfter,
  soundBefore,
  track,
} from '../domain/track.ts'
import { json } from '../schemas/codec.ts'
import type { ShipmentSighting } from '../schemas/generated/events.ts'
import {
  lates,
  shipmentSightings,
  telematicsPositions,
  vehicleAssignments,
  vehicleJumps,
  vehiclePositions,
} from '../schemas/topics.ts'
import type { Event } from '../streams/event.ts'
import { type At, blockOf, type Evidence, inOrder, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { type Instant, NEVER_YET } from '../streams/time.ts'
import { emit, type Emission, type Origin, type Topic } from '../streams/topic.ts'

const rides: PlainList<Ride> = { name: 'rides', codec: json() }
const visits: PlainList<Visits> = { name: 'visits', codec: json() }
const told: PlainList<Told> = { name: 'told', codec: json() }

/** Kept up to date only while it is needed, which is seldom: a healthy device never has a head. */
interface Head {
  /** Needed while the last fix of the track is not sound; else that is the newest, whatever is written here. */
  readonly newest: Newest
  /** No fix from the future that is kept is later than this. */
  readonly aheadUntil: Instant
}
const NO_HEAD: Head = { newest: { clean: null, sound: null }, aheadUntil: NEVER_YET }

type Out = 'vehicle.position.v1' | 'shipment.sighting.v1' | 'vehicle.jump.v1' | 'late.v1'

export const followVehicles = processor<Head, Out>({
  name: 'follow-vehicles',
  head: json(),
  keeps: [track, ahead, rides, visits, told],
  emits: [vehiclePositions, shipmentSightings, vehicleJumps, lates],
})
  .on(telematicsPositions, (head = NO_HEAD, kept, event) => {
    const { occurredAt, eventId, receivedAt } = event
    const { vehicleId } = event.value
    const last = kept.last(track)
    const place = { at: occurredAt, id: eventId }
    if (last && inOrder(last, place) >= 0 && kept.get(track, eventId, occurredAt)) return drop('heard before')
    const newest = newestOf(head, last)
    const foretold = occurredAt <= head.aheadUntil ? kept.get(ahead, eventId, occurredAt) : undefined
    const value = fixOf(event)
    const isAhead = (value.flags & FUTURE) !== 0
    if (foretold && isAhead) return drop('heard before')
    if (occurredAt < horizonOf(newest)) return { emit: [late(telematicsPositions, event)] }
    if (isAhead) {
      const aheadUntil = Math.max(head.aheadUntil, occurredAt) as Instant
      const fix = { list: ahead, ...place, value }
      const remove = expiredAhead(kept, receivedAt)
      return { head: { ...head, aheadUntil }, put: [fix], remove, emit: [sayPosition(vehicleId, fix)] }
    }
    // Heard again when its time has come, it is no longer from the future: it is told of again, and counts from now on.
    const fix = { list: track, ...place, value: foretold ? { ...value, revision: foretold.value.revision + 1 } : value }
    const changes = judge(kept, fix, newest)
    const put: Row[] = changes.map(({ after }) => after)
    const remove: Row[] = foretold ? [foretold] : []
    const said: Emission<Out>[] = changes.map(({ after }) => sayPosition(vehicleId, after))

    // Nothing jumps where one sound fix follows on another, which is nearly always.
    if (changes.length > 1 || !last || !isSound(last) || inOrder(last, fix) > 0)
      said.push(...jumpsAmong(kept, fix, newest, changes).map(jump => sayJump(vehicleId, jump)))

    const moved = soundChange(vehicleId, kept, changes, last, newest)
    if (moved)
      for (const { value: ride } of kept.forward(rides, START, true)) {
        const news = afterFix(ride, moved, () => memoryOf(kept, ride.shipmentId))
        if (!news) continue
        put.push(...remembering(ride.shipmentId, news))
        // What a fix shows is as old as the fix, and as late.
        const origin = { source: event.source, emittedAt: event.emittedAt, receivedAt }
        said.push(...news.said.map(sighting => saySighting(sighting, origin)))
      }

    const lastNow = changes.findLast(({ after }) => !last || inOrder(after, last) >= 0)?.after ?? last
    const opensBlock = last !== undefined && blockOf(track, occurredAt) > blockOf(track, last.at)
    if (!opensBlock && lastNow && isSound(lastNow)) return { put, remove, emit: said }
    const newestNow = newestAfter(kept, newest, changes)
    if (opensBlock) remove.push(...expired(kept, newestNow, fix), ...ridesOver(kept, horizonOf(newestNow)))
    const step = { put, remove, emit: said }
    return lastNow && isSound(lastNow) ? step : { ...step, head: { ...head, newest: newestNow } }
  })
  .on(vehicleAssignments, (head = NO_HEAD, kept, event) => {
    const { vehicleId, shipmentId, revision } = event.value
    const before = kept.get(rides, shipmentId)?.value
    if (before && before.revision >= revision) return drop('heard before')
    const ride = rideOf(before, event.value)
    const horizon = horizonOf(newestOf(head, kept.last(track)))
    if (!before && ride.overAt < horizon) return { emit: [late(vehicleAssignments, event)] }
    const news = afterAssignment(vehicleId, before, ride, kept, memoryOf(kept, shipmentId), horizon)
    return {
      put: [known(rides, shipmentId, ride), ...remembering(shipmentId, news)],
      emit: news.said.map(sighting => saySighting(sighting)),
    }
  })

const START: At = { at: NEVER_YET, id: '' }

const newestOf = (head: Head, last: FixRow | undefined): Newest =>
  last && isSound(last) ? { clean: last, sound: last } : head.newest

/** What changed among the sound fixes, if anything did. */
function soundChange(
  vehicleId: string,
  kept: Evidence,
  changes: readonly Change[],
  last: FixRow | undefined,
  { sound }: Newest,
): TrackChange | undefined {
  const counting = changes.filter(counts)
  const [first, final] = [counting[0]?.after, counting.at(-1)?.after]
  if (!first || !final) return undefined
  let now: Evidence | undefined
  return {
    vehicleId,
    before: kept,
    changes: counting,
    after: () => (now ??= kept.with(changes.map(({ after }) => after))),
    left: last && isSound(last) && inOrder(last, first) < 0 ? last : nearest(soundBefore(kept, first)),
    right: sound && inOrder(sound, final) > 0 ? nearest(soundAfter(kept, final)) : undefined,
  }
}

function ridesOver(kept: Evidence, horizon: Instant): Row[] {
  const over = [...kept.forward(rides, START, true)].filter(({ value }) => value.overAt < horizon)
  return over.flatMap(ride =>
    [ride, kept.get(visits, ride.id), kept.get(told, ride.id)].filter(row => row !== undefined),
  )
}

const memoryOf = (kept: Evidence, shipmentId: string): Memory => ({
  visits: kept.get(visits, shipmentId)?.value ?? [],
  told: kept.get(told, shipmentId)?.value ?? NOTHING_TOLD,
})
const remembering = (shipmentId: string, news: Saying): Row[] => [
  ...(news.visits ? [known(visits, shipmentId, news.visits)] : []),
  ...(news.told ? [known(told, shipmentId, news.told)] : []),
]

const saySighting = (sighting: ShipmentSighting, origin: Origin = {}) => emit(shipmentSightings, sighting, origin)
/** The envelope of a position is that of the fix, whatever caused it to be told of again. */
const sayPosition = (vehicleId: string, fix: FixRow) => {
  const { source, receivedAt, emittedAt } = fix.value
  return emit(vehiclePositions, positionOf(vehicleId, fix), { source, receivedAt, emittedAt })
}
const sayJump = (vehicleId: string, jump: FixRow) => {
  const { at, id, value } = jump
  const { latitude, longitude, revision, source, receivedAt, emittedAt } = value
  const said = { occurredAt: at, vehicleId, positionId: id, latitude, longitude, revision, retracted: !isJump(jump) }
  return emit(vehicleJumps, said, { source, receivedAt, emittedAt })
}
const late = <V>(topic: Topic<string, V>, event: Event<V>) => emit(lates, lateRecord('follow-vehicles', topic, event))
