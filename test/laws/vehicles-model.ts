/**
 * docs/rules.md written down again, from the whole set of what was heard and without any regard for speed: what
 * follow-vehicles must end with, in whatever order it heard it.
 */
import { FUTURE, INACCURATE, JUMP, NULL_ISLAND } from '../../domain/flags.ts'
import { distanceM, type Point } from '../../domain/geo.ts'
import type { ShipmentSighting, TelematicsPosition, VehicleAssignment } from '../../schemas/generated/events.ts'
import { telematicsPositions, vehicleAssignments } from '../../schemas/topics.ts'
import type { Delivery } from '../../streams/drive.ts'
import { eventIdOf } from '../../streams/event.ts'
import { type Instant, minutes } from '../../streams/time.ts'

interface Known extends TelematicsPosition {
  readonly id: string
  readonly flags: number
}

export function model(deliveries: readonly Delivery[]): { sightings: string[]; flags: string[] } {
  const track = cleaned(deliveries)
  const holding = new Map<string, VehicleAssignment>()
  for (const { topic, value } of deliveries) {
    if (topic.name !== vehicleAssignments.name) continue
    const assignment = value as VehicleAssignment
    const other = holding.get(assignment.shipmentId)
    if (!other || assignment.revision > other.revision) holding.set(assignment.shipmentId, assignment)
  }
  const sightings = [...holding.values()].flatMap(assignment =>
    assignment.retracted ? [] : sightingsOf(assignment, track),
  )
  return {
    sightings: sightings.map(sighting => JSON.stringify(sighting)).sort(),
    flags: track
      .map(({ occurredAt, id, flags }) => {
        const names = ['future', 'null_island', 'inaccurate', 'jump'].filter((_, i) => flags & (1 << i))
        return `${occurredAt} ${id} ${names.join(' ')}`
      })
      .sort(),
  }
}

function cleaned(deliveries: readonly Delivery[]): Known[] {
  const byId = new Map<string, { fix: TelematicsPosition; receivedAt: number }>()
  for (const { topic, value, origin } of deliveries) {
    if (topic.name !== telematicsPositions.name) continue
    const fix = value as TelematicsPosition
    const content = telematicsPositions.codec.encode(fix).subarray(4)
    const id = eventIdOf('test', topic.name, { content })
    byId.set(id, { fix, receivedAt: Math.max(byId.get(id)?.receivedAt ?? 0, origin.receivedAt ?? 0) })
  }
  const all = [...byId]
    .map(([id, { fix, receivedAt }]): Known => {
      const future = fix.occurredAt - receivedAt > minutes(5) ? FUTURE : 0
      const nowhere = Math.abs(fix.latitude) <= 0.01 && Math.abs(fix.longitude) <= 0.01 ? NULL_ISLAND : 0
      const inaccurate = fix.accuracyM !== null && fix.accuracyM > 500 ? INACCURATE : 0
      return { ...fix, id, flags: future | nowhere | inaccurate }
    })
    .sort((a, b) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1))
  const clean = all.filter(({ flags }) => flags === 0)
  const tooFast = (a: Known, b: Known) => distanceM(a, b) > (70 * (b.occurredAt - a.occurredAt)) / 1_000
  return all.map(fix => {
    const i = clean.indexOf(fix)
    const [before, after] = [clean[i - 1], clean[i + 1]]
    const jumps = i > 0 && before && tooFast(before, fix) && (!after || tooFast(fix, after))
    return jumps ? { ...fix, flags: JUMP } : fix
  })
}

function sightingsOf({ shipmentId, vehicleId, periods, stops }: VehicleAssignment, track: readonly Known[]) {
  const series = track.filter(
    ({ flags, occurredAt }) =>
      flags === 0 && periods.some(({ from, until }) => from <= occurredAt && occurredAt < until),
  )
  const sighting = (kind: ShipmentSighting['kind'], stopId: string | null, fix: Known): ShipmentSighting => ({
    occurredAt: fix.occurredAt,
    shipmentId,
    vehicleId,
    kind,
    stopId,
    latitude: fix.latitude,
    longitude: fix.longitude,
    revision: 0,
    retracted: false,
  })
  const called: ShipmentSighting[] = []
  let end = Number.POSITIVE_INFINITY as Instant
  stops.forEach(({ stopId, place }, i) => {
    const nth = stops.slice(0, i).filter(other => distanceM(other.place as Point, place as Point) <= 1).length
    const stay = staysAt(place, series)[nth]
    const [first, last] = [stay?.[0], stay?.at(-1)]
    if (!first || !last) return
    called.push(sighting('arrived', stopId, first))
    const next = series[series.indexOf(last) + 1]
    if (!next) return
    called.push(sighting('departed', stopId, next))
    if (i === stops.length - 1) end = next.occurredAt
  })
  const underWay = series.filter(({ occurredAt }) => occurredAt < end)
  const buckets = Map.groupBy(underWay, ({ occurredAt }) => Math.floor(occurredAt / minutes(5)))
  const progress = [...buckets.values()].flatMap(([first]) => (first ? [sighting('progress', null, first)] : []))
  return [...called, ...progress]
}

function staysAt(place: VehicleAssignment['stops'][number]['place'], series: readonly Known[]): Known[][] {
  const runs: Known[][] = []
  series.forEach((fix, i) => {
    if (distanceM(place as Point, fix) > place.radiusM) return
    const run = runs.at(-1)
    const before = series[i - 1]
    if (run && before && run.at(-1) === before) run.push(fix)
    else runs.push([fix])
  })
  const visits: Known[][] = []
  for (const run of runs) {
    const visit = visits.at(-1)
    if (visit && (run[0]?.occurredAt ?? 0) - (visit.at(-1)?.occurredAt ?? 0) < minutes(10)) visit.push(...run)
    else visits.push([...run])
  }
  return visits.filter(visit => (visit.at(-1)?.occurredAt ?? 0) - (visit[0]?.occurredAt ?? 0) >= minutes(2))
}
