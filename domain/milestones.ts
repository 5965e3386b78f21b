/** How far a shipment has come, of everything that anyone claims of it. */
import type {
  Claim,
  ShipmentEvent,
  ShipmentMilestone,
  ShipmentPlan,
  ShipmentSighting,
  Stop,
} from '../schemas/generated/events.ts'
import { byPositionsOf, codeOfSighting, fits } from '../schemas/milestones.ts'
import type { Instant } from '../streams/time.ts'
import type { Draft } from './corrections.ts'
import { versionAt } from './references.ts'

/** A claim with what it is about. */
interface Assertion extends Claim, Pick<ShipmentMilestone, 'stopId' | 'code' | 'classifier'> {
  readonly trust: number
  /** When it was said. */
  readonly saidAt: Instant
}

/** Lower is trusted before. */
const TRUST = { positions: 0, carrier: 1 } as const

export function milestones(
  plan: ShipmentPlan,
  seen: readonly ShipmentSighting[],
  reported: readonly ShipmentEvent[],
): Draft<ShipmentMilestone>[] {
  const { shipmentId, customerId, carrierId, companyId } = plan
  const stops = new Map(plan.stops.map(stop => [stop.stopId, stop]))
  const assertions = [
    ...seen.flatMap(sighting => ofSighting(sighting, stops)),
    ...holding(reported).flatMap(event => ofEvent(event, plan.stops, stops)),
  ]
  return Array.from(
    Map.groupBy(assertions, ({ stopId, code, classifier }) => JSON.stringify([stopId, code, classifier])).values(),
  ).flatMap(about => {
    const [winner, ...others] = about.sort(byTrust)
    if (!winner) return []
    const { stopId, code, classifier } = winner
    return {
      occurredAt: winner.at,
      shipmentId,
      stopId,
      code,
      classifier,
      claimedBy: winner.by,
      claims: [winner, ...others].map(({ by, at, rawCode, identity }) => ({ by, at, rawCode, identity })),
      customerId,
      carrierId,
      companyId,
    }
  })
}

/** Positions before carriers; of what happened the earlier claim, of what is to happen the one said last. */
const byTrust = (a: Assertion, b: Assertion): number =>
  a.trust - b.trust ||
  (a.classifier === 'actual' ? 0 : b.saidAt - a.saidAt) ||
  a.at - b.at ||
  (a.identity < b.identity ? -1 : 1)

function ofSighting(sighting: ShipmentSighting, stops: ReadonlyMap<string, Stop>): Assertion[] {
  const { kind, stopId, vehicleId, occurredAt, retracted } = sighting
  const stop = stopId === null ? undefined : stops.get(stopId)
  if (retracted || kind === 'progress' || !stop) return []
  return [
    {
      by: byPositionsOf(vehicleId),
      at: occurredAt,
      rawCode: null,
      identity: `${vehicleId}/${kind}`,
      stopId,
      code: codeOfSighting(kind, stop.kind),
      classifier: 'actual',
      trust: TRUST.positions,
      saidAt: occurredAt,
    },
  ]
}

/** One partner event, found by several references, counts once: as its latest version. */
function holding(reported: readonly ShipmentEvent[]): ShipmentEvent[] {
  const byEvent = new Map<string, ShipmentEvent>()
  for (const event of reported) {
    if (event.retracted) continue
    const identity = `${event.partner}/${event.partnerEventId}`
    const other = byEvent.get(identity)
    if (!other || isLater(event, other)) byEvent.set(identity, event)
  }
  return [...byEvent.values()]
}
const isLater = (a: ShipmentEvent, b: ShipmentEvent): boolean =>
  versionAt(a) > versionAt(b) || (versionAt(a) === versionAt(b) && a.versionId > b.versionId)

function ofEvent(event: ShipmentEvent, inOrder: readonly Stop[], stops: ReadonlyMap<string, Stop>): Assertion[] {
  const { partner, partnerEventId, code, classifier, rawCode, occurredAt } = event
  // A stop that the plan does not know says nothing of the others.
  if (event.stopId !== null && !stops.has(event.stopId)) return []
  return [
    {
      by: `carrier:${partner}`,
      at: occurredAt,
      rawCode,
      identity: `${partner}/${partnerEventId}`,
      stopId: event.stopId ?? onlyStop(code, inOrder),
      code,
      classifier,
      trust: TRUST.carrier,
      saidAt: versionAt(event),
    },
  ]
}

/** The stop that a code can only be about; null: it may be about several, or about none. */
function onlyStop(code: string, stops: readonly Stop[]): string | null {
  const [only, ...others] = stops.filter(({ kind }) => fits(code, kind))
  return only && others.length === 0 ? only.stopId : null
}
