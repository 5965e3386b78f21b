/**
 * That a feed has spoken (source.heard.v1): said once for each minute in which something of it was received, by each
 * process that takes it in. Who watches feeds need not read all that they say.
 */
import type { SourceHeard } from '../schemas/generated/events.ts'
import { sourcesHeard } from '../schemas/topics.ts'
import type { Wire } from '../streams/event.ts'
import type { Outgoing, Partitions } from '../streams/log/log.ts'
import { outgoing } from '../streams/outgoing.ts'
import { type Instant, minutes } from '../streams/time.ts'

const MINUTE_MS = minutes(1)
/** Minutes remembered of each source: devices that tell when they were received do so in any order. */
const REMEMBERED = 120

export class Hearing {
  readonly #wire: Wire
  readonly #partitionsOf: Partitions
  /** By source, the minutes that were said. */
  readonly #said = new Map<string, Set<Instant>>()

  constructor(wire: Wire, partitionsOf: Partitions) {
    this.#wire = wire
    this.#partitionsOf = partitionsOf
  }

  /** The minutes of these times in which the source was not yet heard. Nothing is remembered before `keep`. */
  news(source: string, receivedAt: Iterable<Instant>): ReadonlySet<Instant> {
    const said = this.#said.get(source)
    const news = new Set<Instant>()
    let last = -1
    for (const at of receivedAt) {
      const minute = (Math.floor(at / MINUTE_MS) * MINUTE_MS) as Instant
      if (minute === last) continue
      last = minute
      if (said?.has(minute) !== true) news.add(minute)
    }
    return news
  }

  record(source: string, minute: Instant): Outgoing {
    const said = { source, emittedAt: null, receivedAt: minute, cause: null }
    const value: SourceHeard = { occurredAt: minute, sourceId: source }
    return outgoing(this.#wire, this.#partitionsOf, sourcesHeard, value, said)
  }

  /** They are in the log. */
  keep(source: string, news: ReadonlySet<Instant>): void {
    if (news.size === 0) return
    const said = this.#said.get(source) ?? new Set<Instant>()
    this.#said.set(source, said)
    for (const minute of news) said.add(minute)
    for (const oldest of said) {
      if (said.size <= REMEMBERED) break
      said.delete(oldest)
    }
  }
}
