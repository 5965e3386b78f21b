/**
 * learn-lanes: learns of each lane how arrivals differ from what plan and way foretell, and tells the shipments on it.
 *
 *   reads   lane.trip.v1     by lane
 *   keeps   the trips of late and those under way, what was last learnt, what each shipment was last told
 *   writes  lane.model.v1
 *
 * A version is made on the full hour, once a good deal more is known than the one before rests on; when that is by the
 * clock, not by what a trip says of itself, or one from the future would end all learning. While little is known all
 * shipments under way are told of it; later a shipment is told as it comes on its way, and at each stop, so that ETAs
 * move because a shipment does. A version is a function of the trips heard until then. The rules are in
 * domain/calibration.ts.
 *
 * Of a busy day it rests on a sample, so that it knows every hour of several days: the last trips alone would be those
 * of a few hours, and say nothing of what takes longer.
 */
import { learnt } from '../domain/calibration.ts'
import { isNews } from '../domain/corrections.ts'
import { everyRow } from '../domain/horizon.ts'
import { json } from '../schemas/codec.ts'
import type { LaneModel, LaneTrip } from '../schemas/generated/events.ts'
import { laneModels, laneTrips } from '../schemas/topics.ts'
import { digest } from '../streams/event.ts'
import { type Evidence, known, type PlainList, type Row } from '../streams/evidence.ts'
import { drop, processor } from '../streams/processor.ts'
import { days, hours, type Instant, later, NEVER_YET } from '../streams/time.ts'
import { emit } from '../streams/topic.ts'

/** Trips that a version rests on, and how many of them arrived on one day (UTC). */
const [MOST_TRIPS, MOST_A_DAY] = [1_000, 300]
/** A version is made of so many arrivals more than the one before, and of so large a part more. */
const [FEWEST_MORE, PART_MORE] = [8, 0.25]
/** A trip teaches, or is under way, for so long. */
const KEPT_MS = days(180)
/** Versions are this far apart: while few arrivals are known, and later. */
const [FEW_ARRIVALS, APART_MS, LATER_APART_MS] = [300, hours(1), hours(6)]

/** What a lane remembers. */
interface Learning {
  /** Arrivals heard since the last version, and how many that one rests on. */
  readonly more: number
  readonly rests: number
  /** When the next version is made, once it is worth one. */
  readonly dueAt?: Instant
}
type Version = Pick<LaneModel, 'occurredAt' | 'lane' | 'version' | 'arrivals' | 'cells'>
interface Told {
  readonly version: string
  readonly revision: number
}

const trips = { name: 'trips', codec: laneTrips.codec }
const model: PlainList<Version> = { name: 'model', codec: json<Version>() }
const told: PlainList<Told> = { name: 'told', codec: json<Told>() }
const NOTHING: Learning = { more: 0, rests: 0 }

const NAME = 'learn-lanes'
export const learnLanes = processor({
  name: NAME,
  head: json<Learning>(),
  keeps: [trips, model, told],
  emits: [laneModels],
})
  .on(laneTrips, (head = NOTHING, kept, { value }, tick) => {
    const news = known(trips, laneTrips.identityOf(value), value)
    const before = kept.get(trips, news.id)?.value
    if (!isNews(value, before)) return drop('heard before')
    const more = head.more + Math.max(0, value.calls.length - (before?.calls.length ?? 0))
    const worth = more >= Math.max(FEWEST_MORE, head.rests * PART_MORE)
    const dueAt = head.dueAt ?? (worth ? nextVersionAt(tick, head.rests) : undefined)
    const answer = answers(kept, [news])
    return {
      head: { more, rests: head.rests, ...(dueAt !== undefined && { dueAt }) },
      put: [news, ...answer.put],
      emit: answer.emit,
      ...(head.dueAt === undefined && {
        wakeAt: dueAt ?? later(Math.max(tick, value.occurredAt) as Instant, KEPT_MS),
      }),
    }
  })
  .onWake((before = NOTHING, kept, dueAt, tick) => {
    // Who was down for hours catches up at once, and says the same whenever within the hour the clock is heard.
    const at = Math.max(dueAt, Math.floor(tick / APART_MS) * APART_MS) as Instant
    const [counting, gone] = ofLate(kept, at)
    const stays = kept.with([], gone)
    const [newest] = rowsOf(stays).sort(byTime)
    if (!newest) return { head: NOTHING, remove: [...gone, ...everyRow(stays, [model, told])] }
    const wakeAt = later(newest.value.occurredAt, KEPT_MS + 1)
    const version = versionOf(counting, at)
    if (!version) return { head: { more: before.more, rests: before.rests }, remove: gone, wakeAt }
    const head = { more: 0, rests: version.arrivals }
    if (version.version === stays.get(model, '')?.value.version) return { head, remove: gone, wakeAt }
    const news = known(model, '', version)
    const young = counting.length < MOST_TRIPS
    const { put, emit } = answers(stays.with([news]), young ? rowsOf(stays) : [])
    return { head, put: [news, ...put], remove: gone, emit, wakeAt }
  })

const rowsOf = (kept: Evidence): Row<LaneTrip>[] => [...kept.between(trips, NEVER_YET, Infinity as Instant)]
/** The last first. */
const byTime = (a: Row<LaneTrip>, b: Row<LaneTrip>): number =>
  b.value.occurredAt - a.value.occurredAt || (a.id < b.id ? -1 : 1)
function nextVersionAt(now: Instant, rests: number): Instant {
  const apartMs = rests < FEW_ARRIVALS ? APART_MS : LATER_APART_MS
  return ((Math.floor(now / apartMs) + 1) * apartMs) as Instant
}

/** undefined: too little is known yet. */
function versionOf(counting: readonly Row<LaneTrip>[], at: Instant): Version | undefined {
  const lane = counting[0]?.value.lane
  const { arrivals, cells } = learnt(
    counting.map(({ value }) => value),
    at,
  )
  if (lane === undefined || cells.length === 0) return undefined
  return { occurredAt: at, lane, version: digest(JSON.stringify(cells)).slice(0, 6), arrivals, cells }
}

/** The trips to learn from, those of late; and what is of no use any more. */
function ofLate(kept: Evidence, at: Instant): [counting: Row<LaneTrip>[], gone: Row[]] {
  const all = rowsOf(kept)
  const isGone = ({ value }: Row<LaneTrip>) =>
    value.occurredAt < later(at, -KEPT_MS) || (isOver(value) && !teaches(value))
  const teaching = all.filter(row => !isGone(row) && teaches(row.value))
  const byDay = Map.groupBy(teaching, ({ value }) => Math.floor(value.occurredAt / days(1)))
  const counting = [...byDay.values()].flatMap(sampled).sort(byTime).slice(0, MOST_TRIPS)
  const counts = new Set(counting)
  const surplus = teaching.filter(row => isOver(row.value) && !counts.has(row))
  const gone = [...all.filter(isGone), ...surplus]
  return [counting, [...gone, ...gone.flatMap(({ value }) => kept.get(told, value.shipmentId) ?? [])]]
}
/** The same ones again whatever came and went between: those first by a digest of their names. */
function sampled(ofOneDay: readonly Row<LaneTrip>[]): readonly Row<LaneTrip>[] {
  if (ofOneDay.length <= MOST_A_DAY) return ofOneDay
  const drawn = ofOneDay.map(row => ({ row, by: digest(row.value.shipmentId) }))
  return drawn
    .sort((a, b) => (a.by < b.by ? -1 : 1))
    .slice(0, MOST_A_DAY)
    .map(({ row }) => row)
}
const teaches = ({ calls, retracted }: LaneTrip): boolean => !retracted && calls.length > 0
const isOver = ({ over, retracted }: LaneTrip): boolean => over || retracted

/** What is known now, for those of these trips that are under way and have not heard of it. */
function answers(kept: Evidence, asking: readonly Row<LaneTrip>[]) {
  const [version] = kept.all(model)
  const answered = version
    ? asking.flatMap(({ value: { shipmentId, ...trip } }) => {
        const before = kept.get(told, shipmentId)?.value
        if (isOver({ shipmentId, ...trip }) || before?.version === version.version) return []
        return { ...version, shipmentId, revision: (before?.revision ?? 0) + 1, retracted: false }
      })
    : []
  return {
    put: answered.map(({ shipmentId, revision, version: of }) =>
      known(told, shipmentId, { version: of, revision }),
    ) as Row[],
    emit: answered.map(answer => emit(laneModels, answer)),
  }
}
