import type { Delivery } from '../schemas/generated/events.ts'
import { deliveries, telematicsPositions } from '../schemas/topics.ts'
import type { Event, Wire } from '../streams/event.ts'
import type { Log, Recorded } from '../streams/log/log.ts'
import { partitionOf } from '../streams/partition.ts'
import { minutes } from '../streams/time.ts'

/** Of one adapter, received at this millisecond: what of it is still kept. */
export type FindDeliveries = (adapter: string, receivedAt: number) => Promise<readonly Event<Delivery>[]>

/** When the fix of a vehicle was received that occurred at that millisecond, and that something was concluded from at `knownAt`. */
export type FindFixes = (vehicleId: string, occurredAt: number, knownAt: number) => Promise<readonly number[]>

/** Several processes take in, and what is appended may have to wait: they lie in the order of time but for this. */
const DISORDER_MS = minutes(1)
const AT_A_TIME = { records: 200, bytes: 4 << 20 }
/** Where time is that of events, all that came between two ticks came at one moment. */
const MOST_SCANNED = 20_000

type ReadableLog = Pick<Log, 'read' | 'bounds' | 'partitionsOf'>

/** Looks where a key's records must lie, halving the partition by the time of receipt. */
export function deliveriesIn(log: ReadableLog, wire: Wire): FindDeliveries {
  const open = ({ value, cause }: Recorded) => wire.open(deliveries, value, cause)
  return async (adapter, receivedAt) => {
    const key = `${adapter}/${receivedAt}`
    const found: Event<Delivery>[] = []
    const span = { from: receivedAt, until: receivedAt, most: MOST_SCANNED }
    for await (const record of recordsOf(log, deliveries.name, key, record => open(record).receivedAt, span))
      found.push(open(record))
    return found
  }
}

/** A stay is concluded some minutes after it began, of what a vehicle sends at last all at once; of an older one when its plan comes. */
const CONCLUDED_MS = minutes(15)
const AHEAD_MS = minutes(5)
const MOST_FIXES_SCANNED = 100_000

/** Looks among what was received before it was concluded, and then when it occurred. */
export function fixesIn(log: ReadableLog, wire: Wire): FindFixes {
  const open = ({ value, cause }: Recorded) => wire.open(telematicsPositions, value, cause)
  return async (vehicleId, occurredAt, knownAt) => {
    for (const [from, until] of [
      [knownAt - CONCLUDED_MS, knownAt],
      [occurredAt - AHEAD_MS, occurredAt + CONCLUDED_MS],
    ] as const) {
      const found: number[] = []
      const span = { from, until, most: MOST_FIXES_SCANNED }
      const records = recordsOf(log, telematicsPositions.name, vehicleId, one => open(one).receivedAt, span)
      for await (const record of records) {
        const fix = open(record)
        if (fix.occurredAt === occurredAt) found.push(fix.receivedAt)
      }
      if (found.length > 0) return found
    }
    return []
  }
}

interface Span {
  readonly from: number
  readonly until: number
  /** So many records of the partition are looked at. */
  readonly most: number
}

/** The records of a key that were received in a span of time, and some beside it. */
async function* recordsOf(
  log: ReadableLog,
  topic: string,
  key: string,
  receivedAt: (record: Recorded) => number,
  { from, until, most }: Span,
): AsyncGenerator<Recorded> {
  const partition = partitionOf(key, log.partitionsOf(topic))
  let { start: low, end: high } = await log.bounds(topic, partition)
  while (high - low > AT_A_TIME.records) {
    const middle = Math.floor((low + high) / 2)
    const [record] = await log.read(topic, partition, middle, { records: 1, bytes: 1 })
    if (record && receivedAt(record) < from - DISORDER_MS) low = middle
    else high = middle
  }
  for (let scanned = 0, next = low; scanned < most;) {
    const records = await log.read(topic, partition, next, AT_A_TIME)
    const last = records.at(-1)
    if (!last) return
    for (const record of records) if (record.key === key) yield record
    if (receivedAt(last) > until + DISORDER_MS) return
    scanned += records.length
    next = last.offset + 1
  }
}
