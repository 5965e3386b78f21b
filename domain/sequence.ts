/**
 * Whether what is known of a shipment's way can have happened in that order: nobody is at a later stop of the flow
 * before an earlier one is left behind. Positions prove where the vehicle was, so of two that contradict each other
 * what a carrier says is doubted; of two that are worth the same, what is said of the later stop.
 */
import type { ShipmentMilestone, ShipmentPlan } from '../schemas/generated/events.ts'
import { isOfPositions, isProof } from '../schemas/milestones.ts'
import { type Instant, minutes } from '../streams/time.ts'
import type { Grounds } from './cases.ts'

/** By so much clocks may differ before anybody speaks of a contradiction. */
const CLOCKS_DIFFER_MS = minutes(5)

type Known = Pick<ShipmentMilestone, 'stopId' | 'code' | 'classifier' | 'occurredAt' | 'claimedBy' | 'retracted'>

/** Something actual that is known of a stop; `n`: the stop's place in the flow. */
interface Proof<M> {
  readonly milestone: M
  readonly n: number
  readonly byPositions: boolean
}
interface Contradiction<M> {
  readonly doubted: Proof<M>
  readonly other: Proof<M>
}

function proofs<M extends Known>({ stops }: ShipmentPlan, known: readonly M[]): Proof<M>[] {
  const places = new Map(stops.map(({ stopId }, n) => [stopId, n]))
  return known.flatMap(milestone => {
    const n = milestone.stopId === null ? undefined : places.get(milestone.stopId)
    if (n === undefined || milestone.retracted || !isProof(milestone)) return []
    return { milestone, n, byPositions: isOfPositions(milestone) }
  })
}

/**
 * What counts for nothing as long as it is known: what others say of a stop at a time at which positions prove that
 * the vehicle had still to be at an earlier one.
 */
export function impossible<M extends Known>(plan: ShipmentPlan, known: readonly M[]): ReadonlySet<M> {
  const all = proofs(plan, known)
  const proven = all.filter(({ byPositions }) => byPositions)
  return new Set(
    all.filter(one => !one.byPositions && proven.some(other => isBefore(one, other))).map(({ milestone }) => milestone),
  )
}

/** Whether it is of a later stop and of an earlier time, by more than clocks differ. */
const isBefore = <M extends Known>(later: Proof<M>, earlier: Proof<M>): boolean =>
  later.n > earlier.n && later.milestone.occurredAt < earlier.milestone.occurredAt - CLOCKS_DIFFER_MS

/** One case for each stop of which something is said that contradicts the flow; it names two such things, the first ones. */
export function sequenceGrounds(plan: ShipmentPlan, known: readonly ShipmentMilestone[]): Grounds[] {
  const all = proofs(plan, known)
  const found = all.flatMap(later =>
    all.filter(earlier => isBefore(later, earlier)).map(earlier => contradiction(later, earlier)),
  )
  const disproved = new Set(found.filter(isDisproof).map(({ doubted }) => doubted))
  // What positions disprove is no reason to doubt what others say.
  const standing = found.filter(each => isDisproof(each) || !(disproved.has(each.doubted) || disproved.has(each.other)))
  return plan.stops.flatMap(({ stopId }, n) => {
    const [first] = standing.filter(({ doubted }) => doubted.n === n).sort(byTime)
    return first ? groundsOf(stopId, first) : []
  })
}

const isDisproof = ({ doubted, other }: Contradiction<Known>): boolean => other.byPositions && !doubted.byPositions

const contradiction = <M extends Known>(later: Proof<M>, earlier: Proof<M>): Contradiction<M> =>
  later.byPositions && !earlier.byPositions ? { doubted: earlier, other: later } : { doubted: later, other: earlier }

const byTime = (a: Contradiction<Known>, b: Contradiction<Known>): number =>
  inOrder(a.doubted, b.doubted) || inOrder(a.other, b.other)
const inOrder = (a: Proof<Known>, b: Proof<Known>): number =>
  a.milestone.occurredAt - b.milestone.occurredAt || a.n - b.n || compare(a.milestone.code, b.milestone.code)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function groundsOf(stopId: string, { doubted, other }: Contradiction<Known>): Grounds {
  const [one, two] = [said(doubted.milestone), said(other.milestone)]
  return {
    kind: 'out_of_sequence',
    stopId,
    severity: 'medium',
    openedAt: Math.max(doubted.milestone.occurredAt, other.milestone.occurredAt) as Instant,
    endedAt: null,
    basis: `${one.code} ${one.at} by ${one.by}, though ${two.code} at ${two.stopId ?? ''} ${two.at} by ${two.by}`,
    evidence: { doubted: one, contradicts: two },
  }
}
const said = ({ stopId, code, occurredAt, claimedBy }: Known) => ({
  stopId,
  code,
  at: new Date(occurredAt).toISOString(),
  by: claimedBy,
})
