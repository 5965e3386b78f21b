import type { Wire } from './event.ts'
import { type Checkpoint, type Log, place, type Tail } from './log/log.ts'
import type { Instant } from './time.ts'
import type { AnyTopic } from './topic.ts'

/** A tick that a task is about to hear, and what it reads before: all that its inputs held when the tick was found. */
export interface Goal {
  readonly tick: Instant
  readonly clockOffset: number
  /** By `topic/partition`. */
  readonly ends: ReadonlyMap<string, number>
}

export interface GoalNeeds {
  readonly log: Log
  readonly wire: Wire
  readonly clock: AnyTopic
}
export interface Listener {
  /** Its inputs. */
  readonly topics: readonly string[]
  readonly partition: number
  /** The tasks whose ticks this one waits for. */
  readonly upstream: readonly string[]
  readonly checkpoint: Checkpoint
}

const AT_A_TIME = { records: 1_000, bytes: 1_000_000 }

/** The ticks that a task has still to hear, one after the other. */
export class Ticks {
  readonly #needs: GoalNeeds
  readonly #listener: Listener
  readonly #clockPlace: string
  readonly #tail: Tail
  #tick: Instant
  #waiting: { readonly offset: number; readonly tick: Instant }[] = []

  constructor(needs: GoalNeeds, listener: Listener) {
    const { log, clock } = needs
    const { offsets, tick } = listener.checkpoint
    this.#needs = needs
    this.#listener = listener
    this.#clockPlace = place(clock.name, 0)
    this.#tail = log.tail(clock.name, 0, offsets[this.#clockPlace] ?? 0)
    this.#tick = tick
  }

  /** The last tick that all tasks upstream have heard, with what has to be read before it rings here. */
  async next(): Promise<Goal | undefined> {
    const { log, clock, wire } = this.#needs
    // All there are: after an outage of hours the first one heard is the present, not an hour of the past after the other.
    for (let more = await this.#tail.take(AT_A_TIME); more.length > 0; more = await this.#tail.take(AT_A_TIME))
      for (const { value, offset, cause } of more)
        this.#waiting.push({ offset, tick: wire.open(clock, value, cause).occurredAt })
    if (this.#waiting.length === 0) return undefined
    let until = Number.POSITIVE_INFINITY
    for (const task of this.#listener.upstream)
      until = Math.min(until, (await log.checkpointOf(task))?.offsets[this.#clockPlace] ?? 0)
    const heard = this.#waiting.findLastIndex(({ offset }) => offset < until)
    const last = this.#waiting.splice(0, heard + 1).at(-1)
    if (!last) return undefined
    if (last.tick > this.#tick) this.#tick = last.tick
    return { tick: this.#tick, clockOffset: last.offset + 1, ends: await this.#ends() }
  }

  close(): void {
    this.#tail.close()
  }

  /** Only after the tick was found: what was said before it is among what is there now. */
  async #ends(): Promise<ReadonlyMap<string, number>> {
    const { topics, partition } = this.#listener
    const ends = topics.map(async topic => {
      const { end } = await this.#needs.log.bounds(topic, partition)
      return [place(topic, partition), end] as const
    })
    return new Map(await Promise.all(ends))
  }
}

/** `positions`: how far each input has been read. */
export function isReached({ ends }: Goal, positions: ReadonlyMap<string, number>): boolean {
  for (const [at, end] of ends) if ((positions.get(at) ?? 0) < end) return false
  return true
}
