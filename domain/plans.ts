/** What the versions of a shipment's plan say: which vehicle rides when, and which references are the shipment's. */
import type {
  Period,
  ReferenceLink,
  ShipmentPlan,
  ShipmentRequest,
  Stop,
  VehicleAssignment,
} from '../schemas/generated/events.ts'
import { hours, type Instant, later, minutes } from '../streams/time.ts'
import type { Draft } from './corrections.ts'

const BEFORE_FIRST_STOP_MS = hours(6)
const AFTER_LAST_STOP_MS = hours(48)
/** How late an arrival may be where no latest one was agreed. */
const GRACE_MS = minutes(15)

/** The last moment at which a vehicle reaches the stop in time. */
export const deadlineOf = ({ dueBy, plannedArrival }: Stop): Instant => dueBy ?? later(plannedArrival, GRACE_MS)

/** When a vehicle near a stop may be there for the shipment; none without stops. */
export function windowOf(stops: readonly Stop[]): Period | undefined {
  if (stops.length === 0) return undefined
  const first = Math.min(...stops.map(stop => stop.plannedArrival)) as Instant
  const last = Math.max(...stops.map(stop => stop.dueBy ?? stop.plannedArrival)) as Instant
  return { from: later(first, -BEFORE_FIRST_STOP_MS), until: later(last, AFTER_LAST_STOP_MS) }
}

/** Since `plannedAt` this vehicle, or none: also where the version is cancelled. */
export interface Rider {
  readonly plannedAt: Instant
  readonly vehicleId: string | null
}
export const riderOf = ({ occurredAt, status, vehicleId }: ShipmentRequest): Rider => ({
  plannedAt: occurredAt,
  vehicleId: status === 'cancelled' ? null : vehicleId,
})

/**
 * When each vehicle rides for the shipment, within its window.
 *
 *     versions   A@09:00      B@12:00      A@15:00        A: … to 12:00 and 15:00 to …, B: 12:00 to 15:00
 *
 * `riders` in the order of their versions; of several with one `plannedAt` the last counts.
 */
export function periodsByVehicle(riders: readonly Rider[], window: Period): Map<string, Period[]> {
  const counting = riders.filter(({ plannedAt }, i) => riders[i + 1]?.plannedAt !== plannedAt)
  const byVehicle = new Map<string, Period[]>()
  counting.forEach(({ plannedAt, vehicleId }, i) => {
    const from = i === 0 ? window.from : (Math.max(plannedAt, window.from) as Instant)
    const until = Math.min(counting[i + 1]?.plannedAt ?? window.until, window.until) as Instant
    if (vehicleId === null || from >= until) return
    const periods = byVehicle.get(vehicleId) ?? []
    const last = periods.at(-1)
    if (last?.until === from) periods[periods.length - 1] = { from: last.from, until }
    else periods.push({ from, until })
    byVehicle.set(vehicleId, periods)
  })
  return byVehicle
}

export type PlanDraft = Draft<ShipmentPlan>

export function assignments(plan: PlanDraft, riders: readonly Rider[]): Draft<VehicleAssignment>[] {
  const { occurredAt, shipmentId, stops } = plan
  const window = windowOf(stops)
  if (!window) return []
  return Array.from(periodsByVehicle(riders, window), ([vehicleId, periods]) => ({
    occurredAt,
    vehicleId,
    shipmentId,
    periods,
    stops,
  }))
}

/** The references that find the shipment: none once it is cancelled. */
export function links(plan: PlanDraft): Draft<ReferenceLink>[] {
  if (plan.status === 'cancelled') return []
  const { occurredAt, shipmentId, customerId, carrierId, companyId } = plan
  return plan.references.map(({ scheme, value }) => ({
    occurredAt,
    scheme,
    value,
    shipmentId,
    until: plannedEnd(plan),
    customerId,
    carrierId,
    companyId,
  }))
}

/** When the shipment is over if nobody says so: the end of its window. */
export const plannedEnd = ({ stops, occurredAt }: Pick<PlanDraft, 'stops' | 'occurredAt'>): Instant =>
  windowOf(stops)?.until ?? occurredAt
