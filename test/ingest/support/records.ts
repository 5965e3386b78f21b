/** A log in memory that shows what ingest appended, and fails when told to. */
import { localWire } from '../../../schemas/codec.ts'
import { clockTicks, refusals, telematicsPositions } from '../../../schemas/topics.ts'
import type { Refused, TelematicsPosition } from '../../../schemas/generated/events.ts'
import type { Event } from '../../../streams/event.ts'
import type { Appender, Outgoing } from '../../../streams/log/log.ts'
import type { Instant } from '../../../streams/time.ts'
import type { AnyTopic } from '../../../streams/topic.ts'
import type { IngestMetrics } from '../../../ingest/metrics.ts'

export const partitionsOf = (topic: string): number => (topic === 'clock.tick.v1' ? 1 : 4)
export const t = (iso: string): Instant => Date.parse(iso) as Instant

export class MemoryLog implements Appender {
  readonly appends: (readonly Outgoing[])[] = []
  /** Thrown by the next appends. */
  failure: Error | undefined
  /** Awaited before an append is done. */
  durable: Promise<void> = Promise.resolve()
  /** Appends that wait for it. */
  waiting = 0

  async append(records: readonly Outgoing[]): Promise<void> {
    this.waiting++
    await this.durable
    this.waiting--
    if (this.failure) throw this.failure
    this.appends.push(records)
  }

  events<V>(topic: AnyTopic): Event<V>[] {
    return this.appends
      .flat()
      .filter(record => record.topic === topic.name)
      .map(({ value, cause }) => localWire.open(topic, value, cause) as Event<unknown> as Event<V>)
  }
  positions = () => this.events<TelematicsPosition>(telematicsPositions)
  refused = () =>
    this.events<Refused>(refusals).map(({ value }) => ({ ...value, raw: Buffer.from(value.raw).toString() }))
  ticks = () => this.events(clockTicks).map(({ occurredAt }) => new Date(occurredAt).toISOString())
}

export class Counts implements IngestMetrics {
  readonly counted: Record<string, number> = {}
  readonly observed: string[] = []
  readonly records = {
    inc: ({ adapter, outcome }: { adapter: string; outcome: string }, by: number) => {
      this.counted[`${adapter}/${outcome}`] = (this.counted[`${adapter}/${outcome}`] ?? 0) + by
    },
  }
  readonly requests = {
    observe: ({ route, method, status }: { route: string; method: string; status: string }) => {
      this.observed.push(`${method} ${route} ${status}`)
    },
  }
}
