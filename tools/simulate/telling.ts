/** The carriers of the simulated world: each tells in its own way of what it did, sooner or later, right or wrong. */
import { type Draft, drafts, type Served } from '../feeder/carriers.ts'
import {
  type CarrierDelivery,
  type CarrierEvent,
  HOUR,
  iso,
  MINUTE,
  type Reference,
  SECOND,
} from '../feeder/delivery.ts'
import { type Random, random } from '../feeder/random.ts'
import type { Span } from '../feeder/route.ts'

interface Manner {
  /** It tells so many minutes after the fact. */
  readonly delay: readonly [number, number]
  readonly correction: number
  readonly retraction: number
  /** Each message brings again all that it told of the shipment before. */
  readonly cumulative: boolean
  readonly resend: number
  readonly clockAheadMs: number
}
const MANNERS: readonly Manner[] = [
  { delay: [1, 6], correction: 0.03, retraction: 0.01, cumulative: false, resend: 0.02, clockAheadMs: 0 },
  { delay: [4, 25], correction: 0.08, retraction: 0.02, cumulative: true, resend: 0, clockAheadMs: 0 },
  { delay: [10, 70], correction: 0.1, retraction: 0.03, cumulative: false, resend: 0.12, clockAheadMs: 0 },
  { delay: [2, 12], correction: 0.05, retraction: 0.02, cumulative: false, resend: 0.05, clockAheadMs: 2 * MINUTE },
]
const DAY = 24 * HOUR

/** What is to be said, of other references than those of the shipment where it has some; `firm`: it is never corrected. */
export interface Said extends Draft {
  readonly references?: readonly Reference[]
  readonly firm?: boolean
}
export interface Announcement {
  readonly shipmentId: string
  readonly partner: string
  /** Whose manners it has. */
  readonly manner: number
  readonly references: readonly Reference[]
  readonly served: readonly Served[]
  /** Events that no stop asks for. */
  readonly more?: readonly Said[]
}

/** When a partner's feed is down: what falls into it comes when it is up again. */
export function outageOf(seed: string, partner: string, at: number): Span | undefined {
  const day = Math.floor(at / DAY)
  const rng = random(`${seed}/${partner}/outage ${day}`)
  if (!rng.chance(0.12)) return undefined
  const from = day * DAY + rng.between(5, 12) * HOUR
  return { from, to: from + rng.between(4, 10) * HOUR }
}

/** What a carrier sends of a shipment. */
export function tellOf(
  rng: Random,
  seed: string,
  { shipmentId, partner, manner, references, served, more = [] }: Announcement,
): CarrierDelivery[] {
  const { delay, ...is } = MANNERS[manner % MANNERS.length] as Manner
  const told: { at: number; event: CarrierEvent }[] = []
  const all: Said[] = [...drafts(rng, served, true), ...more.map(draft => ({ ...draft, firm: true }))]
  all.forEach((draft, n) => {
    const { code, classifier, stopId, occurredAt, toldAt } = draft
    const about = draft.references ?? [rng.pick(references)]
    const base: CarrierEvent = {
      eventId: `${shipmentId}-${n + 1}`,
      references: about,
      code,
      classifier,
      occurredAt: iso(occurredAt + is.clockAheadMs),
      ...(stopId !== undefined && { stopId }),
    }
    let at = toldAt + rng.between(...delay) * MINUTE
    const say = (event: CarrierEvent): void => {
      at = Math.round(at / SECOND) * SECOND
      told.push({ at, event: { ...event, updatedAt: iso(at) } })
    }
    say(base)
    if (draft.firm) return
    const change = rng.next()
    if (change < is.correction) {
      at += rng.between(15, 120) * MINUTE
      say({ ...base, occurredAt: iso(Date.parse(base.occurredAt) + rng.whole(-170, 170) * SECOND) })
    } else if (change < is.correction + is.retraction && classifier === 'estimated') {
      at += rng.between(15, 60) * MINUTE
      say({ ...base, retracted: true })
    }
  })
  told.sort((a, b) => a.at - b.at)
  let number = 0
  const send = (at: number, events: CarrierEvent[]): CarrierDelivery => {
    const outage = outageOf(seed, partner, at)
    const down = outage && outage.from <= at && at < outage.to
    const sentAt = down ? outage.to + rng.whole(1, 300) * SECOND : at
    return { kind: 'carrier', at: Math.round(sentAt), partner, messageId: `msg_${shipmentId}-${++number}`, events }
  }
  return told.flatMap(({ at, event }, i) => {
    const events = is.cumulative ? told.slice(0, i + 1).map(each => each.event) : [event]
    const again = rng.chance(is.resend) ? [send(at + rng.between(0.2, 5) * HOUR, [event])] : []
    return [send(at + rng.between(0, 20) * SECOND, events), ...again]
  })
}
