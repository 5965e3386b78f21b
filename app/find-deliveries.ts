import type { Delivery } from '../schemas/generated/events.ts'
import { deliveries } from '../schemas/topics.ts'
import type { Event, Wire } from '../streams/event.ts'
import type { Log, Recorded } from '../streams/log/log.ts'
import { partitionOf } from '../streams/partition.ts'
import { minutes } from '../streams/time.ts'

/** Of one adapter, received at this millisecond: what of it is still kept. */
export type FindDeliveries = (adapter: string, receivedAt: number) => Promise<readonly Event<Delivery>[]>

/** Several processes take in, and what is appended may have to wait: they lie in the order of time but for this. */
const DISORDER_MS = minutes(1)
const AT_A_TIME = { records: 200, bytes: 4 << 20 }
/** Where time is that of events, all that came between two ticks came at one moment. */
const MOST_SCANNED = 20_000

/** Looks where a key's records must lie, halving the partition by the time of receipt. */
export function deliveriesIn(log: Pick<Log, 'read' | 'bounds' | 'partitionsOf'>, wire: Wire): FindDeliveries {
  const open = ({ value, cause }: Recorded) => wire.open(deliveries, value, cause)
  const { name } = deliveries
  return async (adapter, receivedAt) => {
    const key = `${adapter}/${receivedAt}`
    const partition = partitionOf(key, log.partitionsOf(name))
    let { start: low, end: high } = await log.bounds(name, partition)
    while (high - low > AT_A_TIME.records) {
      const middle = Math.floor((low + high) / 2)
      const [record] = await log.read(name, partition, middle, { records: 1, bytes: 1 })
      if (record && open(record).receivedAt < receivedAt - DISORDER_MS) low = middle
      else high = middle
    }
    const found: Event<Delivery>[] = []
    for (let scanned = 0, next = low; scanned < MOST_SCANNED;) {
      const records = await log.read(name, partition, next, AT_A_TIME)
      const last = records.at(-1)
      if (!last) break
      for (const record of records) if (record.key === key) found.push(open(record))
      if (open(last).receivedAt > receivedAt + DISORDER_MS) break
      scanned += records.length
      next = last.offset + 1
    }
    return found
  }
}
