/** What is true of a trip and of its orders: when a truck was where, what was wrong, and why. */
import { iso, MINUTE, type Stop } from '../feeder/delivery.ts'
import type { Span } from '../feeder/route.ts'
import { deadlineOf } from '../feeder/truth.ts'
import type { Incident } from './driver.ts'
import type { CaseCause, CaseKind, Happening } from './happenings.ts'
import type { Order } from './orders.ts'
import { openAt } from './sites.ts'
import type { Halt, Trip } from './trip.ts'

/** Below this nobody calls it a cause. */
const WORTH_NAMING = 10 * MINUTE
/** Beyond what was planned, at a stop. */
const DWELL = 45 * MINUTE

const caseAt = (
  kind: CaseKind,
  subject: string,
  stopId: string | null,
  cause: CaseCause,
  from: number,
  until: number | null,
): Happening => ({
  at: from,
  truth: { type: 'case', kind, subject, stopId, cause, from: iso(from), until: until === null ? null : iso(until) },
})

/** What held the truck up before it was at a halt, the longest first. */
function delaysBefore(halts: readonly Halt[], n: number): { cause: CaseCause; ms: number; from: number }[] {
  const sums = new Map<CaseCause, { ms: number; from: number }>()
  const add = (cause: CaseCause, { from, to }: Span): void => {
    const sum = sums.get(cause)
    sums.set(cause, { ms: (sum?.ms ?? 0) + to - from, from: sum?.from ?? from })
  }
  for (const [i, halt] of halts.slice(0, n + 1).entries()) {
    for (const incident of halt.incidents) if (i < n || incident.cause !== 'slow_loading') add(incident.cause, incident)
    const waited = i < n && closedFor(halt)
    if (waited) add('closed_warehouse', waited)
  }
  return [...sums]
    .map(([cause, sum]) => ({ cause, ...sum }))
    .filter(({ ms }) => ms >= WORTH_NAMING)
    .sort((a, b) => b.ms - a.ms)
}

/** How long a truck stood before a closed gate, beyond what was expected. */
function closedFor({ site, there, expected }: Halt): Span | undefined {
  if (!there) return undefined
  const waits = openAt(site, there.from) - there.from
  const planned = openAt(site, expected.from) - expected.from
  return waits - planned > WORTH_NAMING ? { from: there.from + planned, to: there.from + waits } : undefined
}

/** Everything true of an order. */
export function truthOfOrder(order: Order): Happening[] {
  const { shipmentId, trip, halts, plan, vehicles, mistaken, wrongTimeAt } = order
  const carried = trip.relief ? [vehicles.first, vehicles.relief] : [vehicles.first]
  const told: Happening[] = [
    { at: trip.startsAt, truth: { type: 'shipment', shipmentId, vehicles: carried, cancelled: trip.cancelled } },
  ]
  if (trip.cancelled) return told
  const way = plan.stops.map((stop, i) => ({
    stop,
    n: halts[i] as number,
    halt: trip.halts[halts[i] as number] as Halt,
  }))
  const last = trip.halts.length - 1
  way.forEach(({ stop, n, halt }, i) => {
    const { stopId, kind } = stop
    const deadline = deadlineOf(stop)
    const further = way.slice(i + 1).find(({ halt: { there } }) => there)?.halt.there
    if (halt.there) {
      const vehicleId = trip.relief && n === last ? vehicles.relief : vehicles.first
      const times = { deadline: iso(deadline), arrivedAt: iso(halt.there.from), departedAt: iso(halt.there.to) }
      told.push({ at: halt.there.to, truth: { type: 'visit', shipmentId, stopId, kind, vehicleId, ...times } })
      told.push(...dwells(shipmentId, stop, halt))
      if (halt.there.from > deadline) told.push(...lateness(shipmentId, stop, trip, n, halt.there.from))
    } else {
      told.push(caseAt('late', shipmentId, stopId, 'stop_left_out', deadline, null))
      if (further) told.push(caseAt('missed_milestone', shipmentId, stopId, 'stop_left_out', further.from, null))
    }
    const before = way[i - 1]
    const { gap } = trip
    if (before && gap && before.n < gap.leg && gap.leg <= n && !trip.relief)
      told.push(caseAt('no_signal', shipmentId, before.stop.stopId, 'device_silent', gap.from, gap.to))
  })
  if (mistaken) {
    const { reference, toldAt, mendedAt } = mistaken
    const key = `${reference.scheme}|${reference.value}`
    told.push(caseAt('ambiguous_reference', key, null, 'wrong_reference', toldAt, mendedAt))
  }
  if (wrongTimeAt !== undefined) {
    const at = way.at(-1)?.halt.there?.to ?? wrongTimeAt
    told.push(caseAt('out_of_sequence', shipmentId, plan.stops.at(-1)?.stopId ?? null, 'wrong_time_told', at, null))
  }
  return told
}

function lateness(shipmentId: string, stop: Stop, { halts }: Trip, n: number, arrivedAt: number): Happening[] {
  const deadline = deadlineOf(stop)
  const [worst] = delaysBefore(halts, n)
  const late = caseAt('late', shipmentId, stop.stopId, worst?.cause ?? 'tight_plan', deadline, arrivedAt)
  if (!worst || deadline - worst.from < WORTH_NAMING) return [late]
  return [late, caseAt('late_risk', shipmentId, stop.stopId, worst.cause, worst.from, deadline)]
}

function dwells(shipmentId: string, { stopId }: Stop, halt: Halt): Happening[] {
  const { there, expected, incidents } = halt
  if (!there || there.to - there.from < expected.to - expected.from + DWELL) return []
  const slow = incidents.some(({ cause }) => cause === 'slow_loading')
  const from = there.from + expected.to - expected.from
  return [caseAt('dwell', shipmentId, stopId, slow ? 'slow_loading' : 'closed_warehouse', from, there.to)]
}

/** What is true of the truck itself. */
export function truthOfTruck(vehicleId: string, { halts }: Trip, wild: Span | undefined): Happening[] {
  const stood = ({ cause, from, to }: Incident) =>
    (cause === 'breakdown' || cause === 'missed_ferry') && to - from >= 20 * MINUTE
  return [
    ...halts
      .flatMap(({ incidents }) => incidents.filter(stood))
      .map(({ cause, from, to }) => caseAt('unplanned_stop', vehicleId, null, cause, from, to)),
    ...(wild ? [caseAt('impossible_movement', vehicleId, null, 'wild_receiver', wild.from, wild.to)] : []),
  ]
}
