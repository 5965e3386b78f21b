/** When and in which order deliveries come: uploads, buffers that empty late, repeats; and the same deliveries put in order or shuffled. */
import { type Delivery, HOUR, MINUTE, type PositionsDelivery, SECOND } from './delivery.ts'
import type { Taken } from './faults.ts'
import type { Shares } from './features.ts'
import type { Random } from './random.ts'

/** No fix comes later than this after it was taken. */
export const MOST_LATE_MS = 24 * HOUR

/**
 * The uploads of one vehicle: what it took in each few minutes, some seconds later. Where it is out of reach its
 * buffer comes late (up to 24 h after the oldest of it was taken, unless told), the newest not last; some fixes come twice.
 */
export function uploads(
  rng: Random,
  taken: readonly Taken[],
  uploadEveryMs: number,
  shares: Pick<Shares, 'buffered' | 'duplicate'>,
  mostLate = MOST_LATE_MS,
): { deliveries: PositionsDelivery[]; buffered: number; duplicates: number; mostLateMs: number } {
  const deliveries: PositionsDelivery[] = []
  const heard = (at: number, some: readonly Taken[]) =>
    deliveries.push({ kind: 'positions', at: Math.round(at), positions: some.map(({ fix }) => fix) })
  let buffered = 0
  let mostLateMs = 0
  const repeated: Taken[] = []

  let i = 0
  while (i < taken.length) {
    const from = (taken[i] as Taken).at
    const away = rng.chance(shares.buffered)
    const end = from + (away ? rng.between(15, 90) * MINUTE : 60 * MINUTE)
    let upload: Taken[] = []
    const buffer: Taken[] = []
    for (; i < taken.length && (taken[i] as Taken).at <= end; i++) {
      const each = taken[i] as Taken
      if (rng.chance(shares.duplicate)) repeated.push(each)
      if (away) {
        buffer.push(each)
        continue
      }
      const first = upload[0]
      if (first && each.at - first.at >= uploadEveryMs) {
        heard((upload.at(-1) as Taken).at + rng.whole(1, 20) * SECOND, upload)
        upload = []
      }
      upload.push(each)
    }
    const last = upload.at(-1)
    if (last) heard(last.at + rng.whole(1, 20) * SECOND, upload)
    if (buffer.length === 0) continue
    // the oldest fix sets the limit
    const back = end + rng.between(2 * MINUTE, from + mostLate - end - 15 * MINUTE)
    const shuffled = rng.shuffled(buffer)
    for (let part = 0; part < shuffled.length; part += 60) {
      heard(back + rng.between(0, 10) * MINUTE, shuffled.slice(part, part + 60))
    }
    buffered += buffer.length
    mostLateMs = Math.max(mostLateMs, back - from)
  }
  const again = Map.groupBy(repeated, ({ at }) => Math.floor(at / HOUR))
  for (const some of again.values()) heard((some.at(-1) as Taken).at + rng.between(1, 180) * MINUTE, some)
  return { deliveries, buffered, duplicates: repeated.length, mostLateMs }
}

export const byArrival = (deliveries: readonly Delivery[]): Delivery[] => [...deliveries].sort((a, b) => a.at - b.at)

/**
 * The same things said as they happened: fixes by `occurredAt`, one minute of the whole fleet a delivery, plans by
 * `plannedAt`, events by `updatedAt`, else `occurredAt`; nothing twice.
 */
export function inOrder(deliveries: readonly Delivery[]): Delivery[] {
  const said = new Set<string>()
  const news = (key: string) => said.size !== said.add(key).size
  const fixes = deliveries
    .flatMap(each =>
      each.kind === 'positions'
        ? each.positions.map(fix => ({ fix, at: Math.min(each.at, Date.parse(fix.occurredAt)) }))
        : [],
    )
    .sort((a, b) => a.at - b.at)
    .filter(({ fix }) => news(JSON.stringify(fix)))
  const minutes = Map.groupBy(fixes, ({ at }) => Math.floor(at / MINUTE))
  const ordered: Delivery[] = [...minutes].map(([minute, some]) => ({
    kind: 'positions',
    at: (minute + 1) * MINUTE,
    positions: some.map(({ fix }) => fix),
  }))
  for (const each of byArrival(deliveries)) {
    if (each.kind === 'plan' && news(each.shipmentId + each.plan.plannedAt)) {
      ordered.push({ ...each, at: Date.parse(each.plan.plannedAt) })
    } else if (each.kind === 'carrier') {
      const events = each.events.filter(event => news(each.partner + JSON.stringify(event)))
      for (const [index, event] of events.entries()) {
        const at = Math.min(each.at, Date.parse(event.updatedAt ?? event.occurredAt))
        ordered.push({ ...each, at, messageId: `${each.messageId}-${index}`, events: [event] })
      }
    }
  }
  return byArrival(ordered)
}

/** The same deliveries, each held back by up to so many milliseconds. */
export const shuffled = (rng: Random, deliveries: readonly Delivery[], withinMs: number): Delivery[] =>
  byArrival(deliveries.map(each => ({ ...each, at: each.at + Math.round(rng.between(0, withinMs)) })))
