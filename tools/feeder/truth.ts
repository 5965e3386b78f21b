/**
 * What Milepost must conclude of a world in the end (docs/rules.md), from what the world was made of: visits that are
 * known, plans and events without their disorder. It shares no code with the pipeline, and where two readings of the
 * rules could differ it throws rather than choose.
 */
import type { Told } from './carriers.ts'
import { type Classifier, HOUR, iso, MINUTE, type Plan, type PlanDelivery, type Stop } from './delivery.ts'
import { doubt, type Visit } from './visits.ts'

export interface TrueMilestone {
  readonly shipmentId: string
  /** null: about the shipment as a whole. */
  readonly stopId: string | null
  readonly code: string
  readonly classifier: Classifier
  readonly occurredAt: string
  readonly by: 'positions' | 'carrier'
}
export interface TrueCase {
  readonly kind: 'late' | 'missed_milestone' | 'no_signal' | 'ambiguous_reference'
  /** null of an ambiguous reference. */
  readonly shipmentId: string | null
  /** Of `no_signal` the stop that was left. */
  readonly stopId: string | null
  /** Of an ambiguous reference: `scheme|value`. */
  readonly reference?: string
  /** Of `no_signal`: the stop that is waited for. */
  readonly awaitedStopId?: string
}
export interface Outcome {
  readonly milestones: readonly TrueMilestone[]
  /** Open at the final tick and at any later one. */
  readonly openCases: readonly TrueCase[]
  /** Stops that were reached after their deadline. */
  readonly resolvedLate: readonly TrueCase[]
  readonly cancelled: readonly string[]
}

const STOP_OF_CODE: Record<string, Stop['kind']> = {
  arrived_at_pickup: 'pickup',
  loaded: 'pickup',
  departed_pickup: 'pickup',
  arrived_at_terminal: 'via',
  arrived_at_delivery: 'delivery',
  delivered: 'delivery',
}
const codesOf = (kind: Stop['kind']) => {
  const place = kind === 'via' ? 'terminal' : kind
  return { arrival: `arrived_at_${place}`, departure: `departed_${place}` }
}
export const deadlineOf = ({ dueBy, plannedArrival }: Stop): number =>
  dueBy === undefined ? Date.parse(plannedArrival) + 15 * MINUTE : Date.parse(dueBy)

/** The versions of each shipment's plan, oldest first; the last one holds. */
function versionsOf(deliveries: readonly PlanDelivery[]): Map<string, Plan[]> {
  const byShipment = Map.groupBy(deliveries, ({ shipmentId }) => shipmentId)
  return new Map(
    [...byShipment].map(([shipmentId, plans]) => {
      const versions = new Map(plans.map(({ plan }) => [plan.plannedAt, plan]))
      return [shipmentId, [...versions.values()].sort((a, b) => (a.plannedAt < b.plannedAt ? -1 : 1))]
    }),
  )
}

/** The visits that count for a shipment: its vehicle of the time, in its window, at places of the plan that holds. */
function visitsFor(
  shipmentId: string,
  versions: readonly Plan[],
  visits: ReadonlyMap<string, readonly Visit[]>,
): Visit[] {
  const { stops } = versions.at(-1) as Plan
  const [first, last] = [stops[0] as Stop, stops.at(-1) as Stop]
  const opens = Date.parse(first.plannedArrival) - 6 * HOUR
  const closes = Date.parse(last.dueBy ?? last.plannedArrival) + 48 * HOUR
  const changes = versions.slice(1).map(({ plannedAt }) => Date.parse(plannedAt))
  const vehicles = new Set(versions.flatMap(({ vehicleId }) => vehicleId ?? []))
  const places = new Set(versions.flatMap(version => version.stops.map(stop => stop.place)))
  return [...vehicles]
    .flatMap(vehicleId => visits.get(vehicleId) ?? [])
    .filter(({ place }) => places.has(place))
    .filter(({ vehicleId, arrival, departure }) => {
      const left = departure ?? arrival
      const gone = departure ?? arrival + 48 * HOUR
      if (changes.some(at => arrival - 5 * MINUTE < at && at < gone + 5 * MINUTE))
        doubt(`${shipmentId} changes at a stop`)
      if (arrival - 30 * MINUTE < opens || left + 30 * MINUTE > closes)
        doubt(`${shipmentId} is near the end of its window`)
      const version = versions.findLast((plan, index) => index === 0 || Date.parse(plan.plannedAt) <= arrival) as Plan
      return version.status === 'active' && version.vehicleId === vehicleId
    })
    .sort((a, b) => a.arrival - b.arrival)
}

type Claim = Omit<TrueMilestone, 'occurredAt'> & { readonly at: number }

function claimsOfPositions(shipmentId: string, { stops }: Plan, seen: readonly Visit[]): Claim[] {
  return stops.flatMap((stop, index) => {
    const nth = stops.slice(0, index).filter(({ place }) => place === stop.place).length
    const visit = seen.filter(({ place }) => place === stop.place)[nth]
    if (!visit) return []
    const { arrival, departure } = codesOf(stop.kind)
    const claim = (code: string, at: number): Claim => ({
      shipmentId,
      stopId: stop.stopId,
      code,
      classifier: 'actual',
      at,
      by: 'positions',
    })
    const arrived = claim(arrival, visit.arrival)
    return visit.departure === undefined ? [arrived] : [arrived, claim(departure, visit.departure)]
  })
}

/** The last version of each event, where it was not taken back. */
function standing(told: readonly Told[]) {
  const last = new Map<string, { version: string; content: string; event: Told['event'] }>()
  for (const { partner, event } of told) {
    const id = `${partner} ${event.eventId}`
    const version = event.updatedAt ?? event.occurredAt
    const content = JSON.stringify(event)
    const other = last.get(id)
    if (other?.version === version && other.content !== content) doubt(`two versions of ${id} at ${version}`)
    if (!other || other.version < version) last.set(id, { version, content, event })
  }
  return [...last.values()].map(({ event }) => event).filter(({ retracted }) => retracted !== true)
}

function claimsOfCarriers(told: readonly Told[], plans: ReadonlyMap<string, Plan>) {
  const owners = new Map<string, string[]>()
  for (const [shipmentId, { references }] of plans) {
    for (const { scheme, value } of references) {
      owners.set(`${scheme}|${value}`, [...(owners.get(`${scheme}|${value}`) ?? []), shipmentId])
    }
  }
  const ambiguous = new Set<string>()
  const claims = standing(told).flatMap((event): Claim[] => {
    const reached = new Set<string>()
    for (const { scheme, value } of event.references) {
      const [only, ...more] = owners.get(`${scheme}|${value}`) ?? []
      if (only !== undefined && more.length === 0) reached.add(only)
      if (more.length === 0) continue
      if (event.references.length > 1) doubt(`${event.eventId} is held back and known`)
      ambiguous.add(`${scheme}|${value}`)
    }
    return [...reached].map(shipmentId => {
      const { stops } = plans.get(shipmentId) as Plan
      const fits = stops.filter(({ kind }) => kind === STOP_OF_CODE[event.code])
      if (fits.length === 0) doubt(`${event.code} fits no stop of ${shipmentId}`)
      const stopId = event.stopId ?? (fits.length === 1 ? (fits[0] as Stop).stopId : null)
      const { code, classifier } = event
      return { shipmentId, stopId, code, classifier, at: Date.parse(event.occurredAt), by: 'carrier' }
    })
  })
  return { claims, ambiguous }
}

/** The cases of one shipment, from everything claimed of it. */
function casesOf(
  shipmentId: string,
  { stops }: Plan,
  claims: readonly Claim[],
  won: readonly Claim[],
  finalTick: number,
) {
  const open: TrueCase[] = []
  const resolved: TrueCase[] = []
  const actual = (from: readonly Claim[], stop: Stop | undefined) =>
    from.filter(({ stopId, classifier }) => stop && classifier === 'actual' && stopId === stop.stopId)
  const reached = stops.map(stop => Math.min(...actual(won, stop).map(({ at }) => at)))
  stops.forEach((stop, index) => {
    const { stopId } = stop
    const deadline = deadlineOf(stop)
    const at = reached[index] as number
    if (deadline + 5 * MINUTE > finalTick) doubt(`${shipmentId} is due after the final tick`)
    if (Number.isFinite(at)) {
      const [earliest, margin] = [Math.min(...actual(claims, stop).map(claim => claim.at)), Math.abs(at - deadline)]
      if (margin < 5 * MINUTE || earliest > deadline !== at > deadline) doubt(`${shipmentId} is just in time`)
      if (at > deadline) resolved.push({ kind: 'late', shipmentId, stopId })
      return
    }
    open.push({ kind: 'late', shipmentId, stopId })
    const laterKnown = reached.slice(index + 1).some(Number.isFinite)
    if (laterKnown) open.push({ kind: 'missed_milestone', shipmentId, stopId })
    const before = stops[index - 1]
    const departed = actual(won, before).find(({ code }) => code.startsWith('departed_'))
    if (!before || !departed) return
    if (laterKnown) doubt(`${shipmentId} left ${before.stopId}, missed ${stopId} and went on: no_signal or not`)
    if (departed.by === 'carrier') doubt(`${shipmentId} was never seen, but left ${before.stopId}`)
    open.push({ kind: 'no_signal', shipmentId, stopId: before.stopId, awaitedStopId: stopId })
  })
  return { open, resolved }
}

/** The outcome once everything was delivered and the clock has passed `finalTick`. */
export function outcomeOf(
  plansSent: readonly PlanDelivery[],
  visits: ReadonlyMap<string, readonly Visit[]>,
  told: readonly Told[],
  finalTick: number,
): Outcome {
  const versions = versionsOf(plansSent)
  const holding = new Map([...versions].map(([id, plans]) => [id, plans.at(-1) as Plan]))
  const active = new Map([...holding].filter(([, { status }]) => status === 'active'))
  const carriers = claimsOfCarriers(told, active)
  const carriersOf = Map.groupBy(carriers.claims, ({ shipmentId }) => shipmentId)

  const milestones: TrueMilestone[] = []
  const openCases: TrueCase[] = [...carriers.ambiguous].sort().map(reference => ({
    kind: 'ambiguous_reference',
    shipmentId: null,
    stopId: null,
    reference,
  }))
  const resolvedLate: TrueCase[] = []
  for (const [shipmentId, plan] of holding) {
    const seen = visitsFor(shipmentId, versions.get(shipmentId) as Plan[], visits)
    const claims = [...claimsOfPositions(shipmentId, plan, seen), ...(carriersOf.get(shipmentId) ?? [])]
    const facts = [...Map.groupBy(claims, ({ stopId, code, classifier }) => `${stopId} ${code} ${classifier}`).values()]
    if (facts.some(([first, second]) => second && first?.classifier !== 'actual')) {
      doubt(`${shipmentId} has two forecasts of one milestone`)
    }
    // positions before carriers, then the earlier
    const won = facts.map(
      same => same.toSorted((a, b) => (a.by === b.by ? a.at - b.at : a.by === 'positions' ? -1 : 1))[0] as Claim,
    )
    milestones.push(...won.map(({ at, ...claim }) => ({ ...claim, occurredAt: iso(at) })))
    if (!active.has(shipmentId)) continue
    const cases = casesOf(shipmentId, plan, claims, won, finalTick)
    openCases.push(...cases.open)
    resolvedLate.push(...cases.resolved)
  }
  return {
    milestones,
    openCases,
    resolvedLate,
    cancelled: [...holding].filter(([, { status }]) => status === 'cancelled').map(([shipmentId]) => shipmentId),
  }
}
