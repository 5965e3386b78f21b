/** When a shipment will reach the stops ahead: what plan and way foretell, and what arrivals of late say of such foretelling. */
import type { LaneModel, ShipmentEta, ShipmentPlan } from '../schemas/generated/events.ts'
import { type Instant, later, type Millis, seconds } from '../streams/time.ts'
import { calibrated } from './calibration.ts'
import type { Draft } from './corrections.ts'
import { type Fix, type Shift, Wheel } from './driving.ts'
import type { Journey } from './journey.ts'
import { EVERYWHERE, laneOf } from './lanes.ts'
import { cellOf, type Outlook, outlooks } from './outlook.ts'

/** What it rests on without anything learnt; the versions of what was learnt follow, after a plus. */
const MODEL_ID = 'plan-and-way/2'

/** To the second. `track`: at least the last `DAY_TOLD_BY_MS` before the newest fix, in the order of time. */
export function etas(
  plan: ShipmentPlan,
  way: Journey,
  track: readonly Fix[],
  models: readonly LaneModel[] = [],
): Draft<ShipmentEta>[] {
  const fix = track.at(-1)
  const shift = shiftAfter(track)
  if (!fix || !shift || plan.status === 'cancelled') return []
  const { shipmentId, customerId, carrierId, companyId } = plan
  const byLane = new Map(models.filter(({ retracted }) => !retracted).map(model => [model.lane, model]))
  return outlooks(plan, way, fix, shift).map(outlook => {
    const { stop, remainingM, speedMps } = outlook
    const [everywhere, lane] = [EVERYWHERE, laneOf(plan.stops[0], stop)].map(name => byLane.get(name ?? ''))
    const learnt = [everywhere, lane].filter(model => model !== undefined)
    const [p10, p50, p90] = calibrated(outlook, cellOf(outlook), everywhere, lane).map(left =>
      after(fix.occurredAt, left),
    )
    return {
      occurredAt: fix.occurredAt,
      shipmentId,
      stopId: stop.stopId,
      p10: p10 as Instant,
      p50: p50 as Instant,
      p90: p90 as Instant,
      basis: basisOf(fix, shift, outlook, everywhere, lane),
      modelId: learnt.length === 0 ? MODEL_ID : `${MODEL_ID}+${learnt.map(({ version }) => version).join('.')}`,
      remainingM: Math.round(remainingM),
      speedMps: Math.round(speedMps * 100) / 100,
      customerId,
      carrierId,
      companyId,
    }
  })
}

function shiftAfter(track: readonly Fix[]): Shift | undefined {
  const wheel = new Wheel()
  for (const fix of track) wheel.add(fix)
  return wheel.shift
}
const after = (at: Instant, left: Millis): Instant => later(at, seconds(Math.round(left / 1_000)))

const basisOf = (
  { vehicleId }: Fix,
  { speedMps }: Shift,
  { planMs, leftMs }: Outlook,
  everywhere: LaneModel | undefined,
  lane: LaneModel | undefined,
): string =>
  [
    `${vehicleId}, ${speedMps === undefined ? 'speed assumed' : 'speed of its last 2 h'}`,
    planMs >= leftMs ? 'the plan' : 'the way',
    everywhere
      ? `${everywhere.arrivals} arrivals${lane ? `, ${lane.arrivals} on its lane` : ''}`
      : 'nothing learnt yet',
  ].join('; ')
