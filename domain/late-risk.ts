/**
 * Stops that will be late, as far as the ETA knows: it lies after the deadline. That the odds of being late are 60 %
 * or more is the same once more: of half of the arrivals that are possible p50 says that they are later.
 *
 * What was at risk depends on the order in which ETAs were told, as they do themselves (design: law 3).
 */
import type { ShipmentEta, ShipmentPlan } from '../schemas/generated/events.ts'
import { type Instant, minutes } from '../streams/time.ts'
import type { Grounds } from './cases.ts'
import type { Journey } from './journey.ts'
import { deadlineOf } from './plans.ts'

/** So long the ETA has to lie before the deadline again. */
const BACK_MS = minutes(10)

/** What the ETAs of a stop came to; `deadline`: the one that they were held against. */
export interface Outlook {
  readonly stopId: string
  readonly revision: number
  readonly deadline: Instant | null
  /** Of the last ETA. */
  readonly asOf: Instant
  readonly expected: Expected
  /** The first ETA after the deadline; null: not at risk. */
  readonly risk: { readonly since: Instant; readonly expected: Expected } | null
  /** Since when the ETA lies before the deadline again. */
  readonly backSince: Instant | null
}
type Expected = Pick<ShipmentEta, 'p10' | 'p50' | 'p90'>

/** The outlook after one more ETA. One that was taken back changes nothing: the stop was reached, or there is no telling. */
export function outlookAfter(before: Outlook | undefined, eta: ShipmentEta, plan: ShipmentPlan | undefined): Outlook {
  const { stopId, revision, retracted, occurredAt: asOf, p10, p50, p90 } = eta
  const expected = { p10, p50, p90 }
  const stop = plan?.stops.find(each => each.stopId === stopId)
  const deadline = stop ? deadlineOf(stop) : null
  const known = before && heldAgainst(before, deadline)
  const risk = known?.risk ?? null
  if (retracted) return { stopId, revision, deadline, asOf, expected, risk, backSince: known?.backSince ?? null }
  if (deadline !== null && p50 > deadline)
    return { stopId, revision, deadline, asOf, expected, risk: risk ?? { since: asOf, expected }, backSince: null }
  const backSince = known?.backSince ?? asOf
  return { stopId, revision, deadline, asOf, expected, risk: asOf - backSince >= BACK_MS ? null : risk, backSince }
}

/** Against another deadline what was said before means something else. */
function heldAgainst(outlook: Outlook, deadline: Instant | null): Outlook {
  if (outlook.deadline === deadline) return outlook
  const { asOf, expected } = outlook
  const risk = deadline !== null && expected.p50 > deadline ? { since: asOf, expected } : null
  return { ...outlook, deadline, risk, backSince: null }
}

/** Whether it says something else to a person than the outlook before. */
export const isAnother = (a: Outlook | undefined, b: Outlook): boolean => a?.risk?.since !== b.risk?.since

/** `passed`: how late it is. From the deadline on the stop is late, and its risk is over. */
export const riskGrounds = (
  { stops }: ShipmentPlan,
  { reachedAt }: Journey,
  outlooks: readonly Outlook[],
  passed: Instant,
): Grounds[] =>
  stops.flatMap((stop): Grounds[] => {
    const deadline = deadlineOf(stop)
    const outlook = outlooks.find(({ stopId }) => stopId === stop.stopId)
    const risk = outlook && heldAgainst(outlook, deadline).risk
    if (!risk || risk.since >= deadline) return []
    const reached = reachedAt.get(stop.stopId)
    if (reached !== undefined && reached <= deadline) return []
    const { p10, p50, p90 } = risk.expected
    return [
      {
        kind: 'late_risk',
        stopId: stop.stopId,
        severity: stop.kind === 'delivery' ? 'medium' : 'low',
        openedAt: risk.since,
        endedAt: reached !== undefined || passed >= deadline ? deadline : null,
        basis: `due ${iso(deadline)}, expected later since ${iso(risk.since)}`,
        evidence: {
          deadline: iso(deadline),
          expected: { p10: iso(p10), p50: iso(p50), p90: iso(p90) },
          minutesLate: Math.round((p50 - deadline) / minutes(1)),
        },
      },
    ]
  })
const iso = (at: Instant): string => new Date(at).toISOString()
