/**
 * docs/rules.md read as simply as it can be, over everything that was delivered: no visits, no scenarios, only fixes,
 * plans and events. Slow, and independent of how the feeder made its truth.
 */
import type { CarrierEvent, Delivery, Fix, Plan, Stop } from '../../../tools/feeder/delivery.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const time = (text: string) => Date.parse(text)
type Point = { latitude: number; longitude: number }
type Track = { at: number; fix: Fix }[]

/** By the chord through the earth, not by the haversine. */
function metres(a: Point, b: Point): number {
  const vector = ({ latitude, longitude }: Point) => {
    const [lat, lon] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180]
    return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)] as const
  }
  const [p, q] = [vector(a), vector(b)]
  return 2 * 6_371_000 * Math.asin(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) / 2)
}

function soundTracks(deliveries: readonly Delivery[]): Map<string, Track> {
  const heard = new Map<string, { fix: Fix; at: number; receivedAt: number }>()
  for (const each of deliveries) {
    if (each.kind !== 'positions') continue
    for (const fix of each.positions) {
      const said = JSON.stringify(fix)
      if (!heard.has(said)) heard.set(said, { fix, at: time(fix.occurredAt), receivedAt: each.at })
    }
  }
  const tracks = new Map<string, Track>()
  for (const [vehicle, all] of Map.groupBy(heard.values(), ({ fix }) => fix.vehicleId)) {
    const unflagged = all
      .filter(({ at, receivedAt }) => at <= receivedAt + 5 * MINUTE)
      .filter(({ fix }) => Math.abs(fix.latitude) > 0.01 || Math.abs(fix.longitude) > 0.01)
      .filter(({ fix }) => (fix.accuracyM ?? 0) <= 500)
      .sort((a, b) => a.at - b.at)
    type One = (typeof unflagged)[0]
    const tooFast = (a: One, b: One) => metres(a.fix, b.fix) / ((b.at - a.at) / 1_000) > 70
    const sound = unflagged.filter((one, i) => {
      const [before, after] = [unflagged[i - 1], unflagged[i + 1]]
      return !(before && tooFast(before, one) && (!after || tooFast(one, after)))
    })
    tracks.set(vehicle, sound)
  }
  return tracks
}

/** Runs of inside fixes less than 10 min apart are one stay if they span 2 min. */
function stays(track: Track, { place }: Stop) {
  const found: { arrival: number; departure: number | undefined }[] = []
  let open: { first: number; last: number; out: number | undefined } | undefined
  const close = () => {
    if (open && open.last - open.first >= 2 * MINUTE) found.push({ arrival: open.first, departure: open.out })
    open = undefined
  }
  for (const { at, fix } of track) {
    if (metres(fix, place) <= place.radiusM) {
      if (open && at - open.last >= 10 * MINUTE) close()
      open = { first: open?.first ?? at, last: at, out: undefined }
    } else if (open) open.out ??= at
  }
  close()
  return found
}

const deadline = ({ dueBy, plannedArrival }: Stop) => (dueBy ? time(dueBy) : time(plannedArrival) + 15 * MINUTE)
const fits = (code: string, { kind }: Stop) =>
  kind === 'via'
    ? code.endsWith('_terminal')
    : code.endsWith(`_${kind}`) || code === { pickup: 'loaded', delivery: 'delivered' }[kind]

/** Milestones, open cases and late ones that are resolved, each as one sorted list of lines. */
export function conclude(deliveries: readonly Delivery[], tick: number) {
  const tracks = soundTracks(deliveries)
  const plans = new Map<string, Plan[]>()
  const events = new Map<string, CarrierEvent>()
  for (const each of deliveries) {
    if (each.kind === 'plan') plans.set(each.shipmentId, [...(plans.get(each.shipmentId) ?? []), each.plan])
    if (each.kind !== 'carrier') continue
    for (const event of each.events) {
      const id = `${each.partner}|${event.eventId}`
      const version = ({ updatedAt, occurredAt }: CarrierEvent) => updatedAt ?? occurredAt
      const held = events.get(id)
      if (!held || version(event) > version(held)) events.set(id, event)
    }
  }
  const cases: string[] = []
  const resolved: string[] = []
  const owners = new Map<string, Set<string>>()
  const holding = new Map<string, Plan>()
  for (const [shipment, versions] of plans) {
    versions.sort((a, b) => time(a.plannedAt) - time(b.plannedAt))
    const plan = versions.at(-1) as Plan
    holding.set(shipment, plan)
    if (plan.status === 'cancelled') continue
    for (const { scheme, value } of plan.references) {
      owners.set(`${scheme}|${value}`, (owners.get(`${scheme}|${value}`) ?? new Set()).add(shipment))
    }
  }
  const told = new Map<string, CarrierEvent[]>()
  const ambiguous = new Set<string>()
  for (const event of events.values()) {
    if (event.retracted) continue
    for (const { scheme, value } of event.references) {
      const of = owners.get(`${scheme}|${value}`) ?? new Set()
      if (of.size > 1) ambiguous.add(`${scheme}|${value}`)
      else for (const shipment of of) told.set(shipment, [...(told.get(shipment) ?? []), event])
    }
  }
  for (const reference of ambiguous) cases.push(`ambiguous_reference - - ${reference}`)

  const lines: string[] = []
  for (const [shipment, plan] of holding) {
    const { stops } = plan
    const [first, last] = [stops[0] as Stop, stops.at(-1) as Stop]
    const opens = time(first.plannedArrival) - 6 * HOUR
    const closes = time(last.dueBy ?? last.plannedArrival) + 48 * HOUR
    const versions = plans.get(shipment) as Plan[]
    const ridden: Track = versions.flatMap(({ vehicleId, status, plannedAt }, i) => {
      const from = i === 0 ? -Infinity : time(plannedAt)
      const until = i + 1 < versions.length ? time((versions[i + 1] as Plan).plannedAt) : Infinity
      const track = status === 'active' && vehicleId ? (tracks.get(vehicleId) ?? []) : []
      return track.filter(({ at }) => from <= at && at < until && opens <= at && at <= closes)
    })
    const facts = new Map<
      string,
      { at: number; rank: number; stopId: string | null; code: string; classifier: string }
    >()
    const claim = (rank: number, stopId: string | null, code: string, classifier: string, at: number) => {
      const key = `${shipment} ${stopId} ${code} ${classifier}`
      const other = facts.get(key)
      if (!other || rank < other.rank || (rank === other.rank && at < other.at)) {
        facts.set(key, { at, rank, stopId, code, classifier })
      }
    }
    stops.forEach((stop, i) => {
      const nth = stops.slice(0, i).filter(other => metres(other.place, stop.place) < 1).length
      const stay = stays(ridden, stop)[nth]
      const where = stop.kind === 'via' ? 'terminal' : stop.kind
      if (stay) claim(0, stop.stopId, `arrived_at_${where}`, 'actual', stay.arrival)
      if (stay?.departure) claim(0, stop.stopId, `departed_${where}`, 'actual', stay.departure)
    })
    for (const { stopId, code, classifier, occurredAt } of told.get(shipment) ?? []) {
      const possible = stops.filter(stop => fits(code, stop))
      claim(
        1,
        stopId ?? (possible.length === 1 ? (possible[0] as Stop).stopId : null),
        code,
        classifier,
        time(occurredAt),
      )
    }
    for (const [key, { at }] of facts) lines.push(`${key} ${new Date(at).toISOString()}`)
    if (plan.status === 'cancelled') continue

    const actual = [...facts.values()].filter(({ classifier }) => classifier === 'actual')
    const known = stops.map(({ stopId }) => actual.filter(fact => fact.stopId === stopId))
    const end = known.at(-1)?.find(({ code }) => code.startsWith('departed_'))?.at ?? Infinity
    const lastSeen = ridden.findLast(({ at }) => at <= end)?.at
    stops.forEach((stop, i) => {
      const reached = Math.min(...(known[i] ?? []).map(({ at }) => at))
      if (reached > deadline(stop) && reached < Infinity) resolved.push(`late ${shipment} ${stop.stopId}`)
      if (known[i]?.length) return
      if (deadline(stop) < tick) cases.push(`late ${shipment} ${stop.stopId}`)
      if (known.slice(i + 1).some(facts => facts.length > 0)) cases.push(`missed_milestone ${shipment} ${stop.stopId}`)
      const left = known[i - 1]?.some(({ code }) => code.startsWith('departed_'))
      if (left && lastSeen !== undefined && tick - lastSeen >= 35 * MINUTE)
        cases.push(`no_signal ${shipment} ${stops[i - 1]?.stopId}`)
    })
  }
  return { milestones: lines.sort(), cases: cases.sort(), resolved: resolved.sort() }
}
