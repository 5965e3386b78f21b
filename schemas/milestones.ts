/** The vocabulary of schemas/milestones.json: which codes there are, what kind of stop each is about, and what it proves. */
import type { ShipmentMilestone, StopKind } from './generated/events.ts'
import vocabulary from './milestones.json' with { type: 'json' }

interface Meaning {
  readonly stops: ReadonlySet<string>
  readonly presence: boolean
}
const meanings: ReadonlyMap<string, Meaning> = new Map(
  vocabulary.milestones.map(({ code, stops, presence }) => [code, { stops: new Set<string>(stops), presence }]),
)

export const MILESTONE_CODES: readonly string[] = [...meanings.keys()]
export const isMilestoneCode = (code: string): boolean => meanings.has(code)

/** Whether the code is about this kind of stop. */
export const fits = (code: string, kind: StopKind): boolean => meanings.get(code)?.stops.has(kind) ?? false

/** Whether something actual with this code proves that the vehicle or the goods have been at the stop. */
export const provesPresence = (code: string): boolean => meanings.get(code)?.presence ?? false

/** What positions call an arrival at, or a departure from, a stop of this kind. */
export const codeOfSighting = (kind: 'arrived' | 'departed', stop: StopKind): string => {
  const place = stop === 'via' ? 'terminal' : stop
  return kind === 'arrived' ? `arrived_at_${place}` : `departed_${place}`
}
export const isDeparture = (code: string): boolean => code.startsWith('departed_')
export const isArrival = (code: string): boolean => code.startsWith('arrived_at_')

/** Whether a milestone can prove where a shipment has been; of one identity always the same answer. */
export const isProof = ({ classifier, code }: Pick<ShipmentMilestone, 'classifier' | 'code'>): boolean =>
  classifier === 'actual' && provesPresence(code)

/** Who claims what the positions of a vehicle show. */
export const byPositionsOf = (vehicleId: string): string => `${POSITIONS}${vehicleId}`
export const isOfPositions = ({ claimedBy }: Pick<ShipmentMilestone, 'claimedBy'>): boolean =>
  claimedBy.startsWith(POSITIONS)
const POSITIONS = 'positions:'
