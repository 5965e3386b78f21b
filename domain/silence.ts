/**
 * Silence on the way: no position between the departure from a stop and whatever is next known of the shipment.
 *
 *     departed ──fix──fix──────────────fix──── reached
 *                        └ ≥ 35 min ──┘                 a silence, ended by the fix
 */
import type { Case, ShipmentPlan } from '../schemas/generated/events.ts'
import { type Instant, later, minutes } from '../streams/time.ts'
import type { Grounds } from './cases.ts'
import { type Journey, reachedAfter } from './journey.ts'
import { plannedEnd } from './plans.ts'

/** 30 min, and one bucket of progress, as of each only the first fix is known. */
export const SILENCE_MS = minutes(35)

/** From the departure from a stop until something actual is known further on. */
export interface Leg {
  readonly stopId: string
  readonly from: Instant
  /** undefined: nothing is known further on. */
  readonly until: Instant | undefined
  /** Later than this no vehicle is matched to the shipment. */
  readonly watchedUntil: Instant
}

/** The legs on which a vehicle should be heard of: of a shipment that has one and is to be carried out. */
export function legs(plan: ShipmentPlan, way: Journey): Leg[] {
  if (plan.vehicleId === null || plan.status === 'cancelled') return []
  const watchedUntil = plannedEnd(plan)
  return plan.stops.slice(0, -1).flatMap(({ stopId }, n) => {
    const from = way.departedAt.get(stopId)
    if (from === undefined) return []
    const until = reachedAfter(plan, way, n)?.at
    if (until !== undefined && until <= from) return []
    return { stopId, from, until, watchedUntil }
  })
}

export interface Silence {
  readonly from: Instant
  /** undefined: it lasts. */
  readonly until: Instant | undefined
}

/** The last silence of a leg, if any. `fixes`: the times of the progress on it, in order, or nearly. */
export function lastSilence(leg: Leg, fixes: Iterable<Instant>, passed: Instant): Silence | undefined {
  let heard = leg.from
  let silence: Silence | undefined
  const until = (at: Instant): void => {
    if (at - heard >= SILENCE_MS && later(heard, SILENCE_MS) <= leg.watchedUntil) silence = { from: heard, until: at }
    if (at > heard) heard = at
  }
  for (const at of fixes) if (at > leg.from && at < (leg.until ?? Infinity)) until(at)
  const silent = silentAt(leg, heard)
  if (leg.until !== undefined) until(leg.until)
  else if (silent !== undefined && silent <= passed) silence = { from: heard, until: undefined }
  return silence
}

/** The moment at which a leg becomes silent unless something is heard; undefined if it cannot. */
export function silentAt(leg: Leg, lastFix: Instant | undefined): Instant | undefined {
  if (leg.until !== undefined) return undefined
  const at = later(Math.max(leg.from, lastFix ?? leg.from) as Instant, SILENCE_MS)
  return at <= leg.watchedUntil ? at : undefined
}

export const silenceGrounds = ({ stopId }: Leg, { from, until }: Silence): Grounds => ({
  kind: 'no_signal',
  stopId,
  severity: 'medium',
  openedAt: later(from, SILENCE_MS),
  endedAt: until ?? null,
  basis: `silent since ${new Date(from).toISOString()}`,
  evidence: {
    silentSince: new Date(from).toISOString(),
    ...(until === undefined ? {} : { heardAgain: new Date(until).toISOString() }),
  },
})

/**
 * Whether a position at this time can change what was told: one more position breaks silences, and makes none.
 * `told`: the cases of silence that were told and not taken back.
 */
export const breaksSilence = (told: readonly Pick<Case, 'evidence'>[], at: Instant): boolean =>
  told.some(({ evidence }) => {
    const { silentSince, heardAgain } = JSON.parse(evidence) as { silentSince: string; heardAgain?: string }
    return Date.parse(silentSince) < at && (heardAgain === undefined || at < Date.parse(heardAgain))
  })
