/** What carriers tell: events of a shipment with their versions, and when they tell it. */
import {
  type CarrierDelivery,
  type CarrierEvent,
  type Classifier,
  HOUR,
  iso,
  MINUTE,
  type Reference,
  SECOND,
  type StopKind,
} from './delivery.ts'
import type { Shares } from './features.ts'
import { type Random, someOf } from './random.ts'

/** A version of an event, and when the partner sends it. */
export interface Told {
  readonly partner: string
  readonly event: CarrierEvent
  readonly at: number
}
export interface Served {
  readonly stopId: string
  readonly kind: StopKind
  readonly from: number
  readonly to: number
}
export interface Draft {
  readonly code: string
  readonly classifier: Classifier
  readonly occurredAt: number
  /** When it is first told. */
  readonly toldAt: number
  readonly stopId: string | undefined
}
/** A draft, who tells it, and of what. */
export interface Announced extends Draft {
  readonly partner: string
  readonly references: readonly Reference[]
  /** It is neither corrected nor taken back. */
  readonly firm?: boolean
}

/**
 * What a carrier tells of the stops that it served, every other time without saying which stop it means. Of a
 * departure it tells only `whenSeen`: where positions know of it too.
 */
export function drafts(rng: Random, stops: readonly Served[], whenSeen: boolean): Draft[] {
  const all: Draft[] = []
  const deliveries = stops.filter(({ kind }) => kind === 'delivery').length
  for (const { stopId, kind, from, to } of stops) {
    const say = (share: number, code: string, when: number, classifier: Classifier = 'actual', toldAt?: number) => {
      if (!rng.chance(share)) return
      const occurredAt = Math.round(when / SECOND) * SECOND
      // two estimates of one milestone: rules.md says that the earlier time holds, others may say the later word
      const named = rng.chance(0.5) || (classifier === 'estimated' && deliveries > 1) ? stopId : undefined
      all.push({ code, classifier, occurredAt, stopId: named, toldAt: toldAt ?? occurredAt })
    }
    const nearly = () => from + rng.whole(-3, 8) * MINUTE
    if (kind === 'pickup') {
      say(0.4, 'arrived_at_pickup', nearly())
      say(0.85, 'loaded', from + (to - from) * rng.between(0.4, 0.9))
      if (whenSeen) say(0.4, 'departed_pickup', to + rng.whole(0, 4) * MINUTE)
    } else if (kind === 'via') {
      say(0.5, 'arrived_at_terminal', nearly())
    } else {
      say(
        0.5,
        'arrived_at_delivery',
        from + rng.whole(-50, 50) * MINUTE,
        'estimated',
        from - rng.whole(90, 150) * MINUTE,
      )
      say(0.5, 'arrived_at_delivery', nearly())
      say(0.85, 'delivered', from + (to - from) * rng.between(0.5, 0.95))
    }
  }
  return all
}

/** The versions of all events. Every partner numbers its own from 1 on: the number alone does not say which event it is. */
export function tell(rng: Random, announced: readonly Announced[], shares: Pick<Shares, 'correction' | 'retraction'>) {
  const loose = announced.filter(({ firm }) => firm !== true)
  const corrected = new Set(someOf(rng, loose, shares.correction))
  const retracted = someOf(rng, loose, shares.retraction)
  const reinstated = new Set(someOf(rng, retracted, 0.3))
  const takenBack = new Set(retracted)
  const counts = new Map<string, number>()
  const told = announced.flatMap(draft => {
    const { partner, references, code, classifier, stopId, occurredAt } = draft
    const number = (counts.get(partner) ?? 0) + 1
    counts.set(partner, number)
    const named = stopId === undefined ? {} : { stopId }
    const base = { eventId: `evt-${number}`, references, code, classifier, occurredAt: iso(occurredAt), ...named }
    let spoken = draft.toldAt + rng.whole(1, 25) * MINUTE
    const say = (event: CarrierEvent): Told => ({ partner, event, at: spoken + rng.whole(1, 50) * SECOND })
    const later = () => iso((spoken += rng.whole(20, 110) * MINUTE))

    const dated = classifier === 'estimated' || rng.chance(0.5)
    const versions = [say(dated ? { ...base, updatedAt: iso(spoken) } : base)]
    if (corrected.has(draft)) {
      const to = occurredAt + (rng.chance(0.5) ? 1 : -1) * rng.whole(60, 179) * SECOND
      versions.push(say({ ...base, occurredAt: iso(to), updatedAt: later() }))
    }
    if (takenBack.has(draft)) versions.push(say({ ...base, updatedAt: later(), retracted: true }))
    if (reinstated.has(draft)) versions.push(say({ ...base, updatedAt: later() }))
    return versions
  })
  return { told, corrections: corrected.size, retractions: takenBack.size, reinstatements: reinstated.size }
}

/** The requests that partners make of what they tell: some late, some again, the resends all of a shipment at once. */
export function carrierDeliveries(
  rng: Random,
  told: readonly Told[],
  shares: Pick<Shares, 'lateCarrier' | 'resend'>,
): { deliveries: CarrierDelivery[]; resends: number } {
  const deliveries: CarrierDelivery[] = []
  let number = 0
  const send = (at: number, partner: string, events: CarrierEvent[]) => {
    const messageId = `msg_${Math.floor(rng.next() * 2 ** 32).toString(36)}${(number++).toString(36)}`
    deliveries.push({ kind: 'carrier', at: Math.round(at), partner, messageId, events })
  }
  const late = new Set(someOf(rng, told, shares.lateCarrier))
  for (const each of told) {
    send(each.at + (late.has(each) ? rng.between(0.5, 23) * HOUR : 0), each.partner, [each.event])
  }
  const again = someOf(rng, told, shares.resend)
  for (const { partner, event, at } of again) {
    const key = event.references.map(({ value }) => value).join()
    const history = told.filter(
      other => other.partner === partner && other.event.references.map(({ value }) => value).join() === key,
    )
    const all = rng.chance(0.5)
    const sentAt = all ? Math.max(...history.map(other => other.at)) : at
    send(sentAt + rng.between(0.1, 8) * HOUR, partner, all ? rng.shuffled(history).map(other => other.event) : [event])
  }
  return { deliveries, resends: again.length }
}
