/** What the milestones prove of a shipment's way: where it has been, what it has left, whether it is over. */
import type { ShipmentMilestone, ShipmentPlan } from '../schemas/generated/events.ts'
import { isArrival, isDeparture, isOfPositions, isProof } from '../schemas/milestones.ts'
import type { Instant } from '../streams/time.ts'
import { plannedEnd } from './plans.ts'
import { impossible } from './sequence.ts'

export interface Journey {
  /** By stop: the earliest moment at which something actual is known of it. */
  readonly reachedAt: ReadonlyMap<string, Instant>
  /** By stop: when positions saw the vehicle arrive. */
  readonly seenAt: ReadonlyMap<string, Instant>
  /** By stop: the earliest departure. */
  readonly departedAt: ReadonlyMap<string, Instant>
  /** Delivered at the last stop, departed from it, or cancelled. */
  readonly closedAt: Instant | undefined
}

/** What cannot have been when it is said to have been (domain/sequence.ts) proves nothing. */
export function journey(plan: ShipmentPlan, known: readonly ShipmentMilestone[]): Journey {
  const reachedAt = new Map<string, Instant>()
  const seenAt = new Map<string, Instant>()
  const departedAt = new Map<string, Instant>()
  const doubted = impossible(plan, known)
  const lastStop = plan.stops.at(-1)?.stopId
  let closedAt = plan.status === 'cancelled' ? plan.occurredAt : undefined
  for (const milestone of known) {
    const { stopId, code, occurredAt, retracted } = milestone
    if (retracted || !isProof(milestone) || doubted.has(milestone)) continue
    if (stopId !== null) earlier(reachedAt, stopId, occurredAt)
    if (stopId !== null && isArrival(code) && isOfPositions(milestone)) earlier(seenAt, stopId, occurredAt)
    if (stopId !== null && isDeparture(code)) earlier(departedAt, stopId, occurredAt)
    const closes = stopId !== null && stopId === lastStop && (code === 'delivered' || isDeparture(code))
    if (closes && (closedAt === undefined || occurredAt < closedAt)) closedAt = occurredAt
  }
  return { reachedAt, seenAt, departedAt, closedAt }
}

function earlier(times: Map<string, Instant>, stopId: string, at: Instant): void {
  const known = times.get(stopId)
  if (known === undefined || at < known) times.set(stopId, at)
}

/** When the shipment is over: once it is closed, else at the end of its window. */
export const endOf = (plan: ShipmentPlan, { closedAt }: Journey): Instant => closedAt ?? plannedEnd(plan)

/** The earliest moment at which something actual is known of any stop after the n-th. */
export function reachedAfter(
  { stops }: ShipmentPlan,
  { reachedAt }: Journey,
  n: number,
): { stopId: string; at: Instant } | undefined {
  let first: { stopId: string; at: Instant } | undefined
  for (const { stopId } of stops.slice(n + 1)) {
    const at = reachedAt.get(stopId)
    if (at !== undefined && (!first || at < first.at)) first = { stopId, at }
  }
  return first
}
