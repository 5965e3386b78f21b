/** When a shipment will reach the stops ahead: the way that is left, at the speed of late. Plain, and says so. */
import type { ShipmentEta, ShipmentPlan, Stop } from '../schemas/generated/events.ts'
import { hours, type Instant, later, type Millis, minutes, seconds } from '../streams/time.ts'
import type { Draft } from './corrections.ts'
import { distanceM, isLocated } from './geo.ts'
import type { Journey } from './journey.ts'

const MODEL_ID = 'remaining-way/1'
/** Speed is that of the last two hours. */
export const SPEED_WINDOW_MS = hours(2)
/** Roads are longer than the great circle. */
const DETOUR = 1.25
const ASSUMED_MPS = 60_000 / 3_600
/** Slower than this from one fix to the next is standing. */
const MOVING_MPS = 2
/** Less way than this says nothing of speed. */
const ENOUGH_M = 5_000
const STAY_MS = minutes(30)
const [P10, P90] = [0.85, 1.35]

/** Where a vehicle was on its way. */
export interface Fix {
  readonly vehicleId: string
  readonly occurredAt: Instant
  readonly latitude: number
  readonly longitude: number
}

type Located = { readonly latitude: number; readonly longitude: number }

/** The stops after the last one that something actual is known of. */
export function stopsAhead({ stops }: ShipmentPlan, { reachedAt }: Journey): readonly Stop[] {
  const last = stops.findLastIndex(({ stopId }) => reachedAt.has(stopId))
  return stops.slice(last + 1)
}

/** To the second. `recent`: at least the progress of the last two hours before the newest, in order of time. */
export function etas(plan: ShipmentPlan, ahead: readonly Stop[], recent: readonly Fix[]): Draft<ShipmentEta>[] {
  const fix = recent.at(-1)
  if (!fix || plan.status === 'cancelled') return []
  const { shipmentId, customerId, carrierId, companyId } = plan
  const measured = speedOf(recent, fix)
  const speedMps = measured ?? ASSUMED_MPS
  const basis = `${fix.vehicleId}, ${measured === undefined ? 'speed assumed' : 'speed of its last 2 h'}`
  let remainingM = 0
  let staysMs: Millis = 0
  let from: Located = fix
  // Nobody knows how far it is to a place without coordinates, nor by way of it.
  const unknown = ahead.findIndex(({ place }) => !isLocated(place))
  return ahead.slice(0, unknown === -1 ? ahead.length : unknown).map(stop => {
    const to = stop.place as Located
    remainingM += distanceM(from, to) * DETOUR
    const leftMs = seconds(remainingM / speedMps) + staysMs
    const after = (share: number): Instant => later(fix.occurredAt, seconds(Math.round((leftMs * share) / 1_000)))
    from = to
    staysMs += stayOf(stop)
    return {
      occurredAt: fix.occurredAt,
      shipmentId,
      stopId: stop.stopId,
      p10: after(P10),
      p50: after(1),
      p90: after(P90),
      basis,
      modelId: MODEL_ID,
      remainingM: Math.round(remainingM),
      speedMps: Math.round(speedMps * 100) / 100,
      customerId,
      carrierId,
      companyId,
    }
  })
}

const stayOf = ({ plannedArrival, plannedDeparture }: Stop): Millis =>
  plannedDeparture === null ? STAY_MS : Math.max(0, plannedDeparture - plannedArrival)

/** Of the vehicle of the last fix, while it moved in the two hours before; undefined if it hardly did. */
function speedOf(recent: readonly Fix[], last: Fix): number | undefined {
  let wayM = 0
  let movingMs: Millis = 0
  let before: Fix | undefined
  for (const fix of recent) {
    if (fix.vehicleId !== last.vehicleId || fix.occurredAt < last.occurredAt - SPEED_WINDOW_MS) continue
    const stepM = before ? distanceM(before, fix) : 0
    const stepMs = before ? fix.occurredAt - before.occurredAt : 0
    before = fix
    if (stepM * 1_000 < MOVING_MPS * stepMs) continue
    wayM += stepM
    movingMs += stepMs
  }
  return wayM < ENOUGH_M ? undefined : wayM / (movingMs / 1_000)
}
