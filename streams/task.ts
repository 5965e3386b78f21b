/**
 * A task: one processor on one partition, with one owner. A batch of records goes through the processor into live
 * shelves; what it came to is committed whole; after a failed commit the shelves are forgotten.
 *
 * A tick is heard only after everything that lay before it: upstream tasks have heard the tick and what they said
 * until then has been read. After an outage no alarm rings for want of records that merely wait.
 */
import { type Batch, counted, newBatch } from './batch.ts'
import { commit, COMMIT, type CommitStep } from './commit.ts'
import type { Event, Wire } from './event.ts'
import { Evidence } from './evidence.ts'
import { type Goal, isReached, Ticks } from './goal.ts'
import {
  type AlarmChange,
  type Checkpoint,
  type Held,
  type Log,
  LogRefused,
  LogUnavailable,
  type Outgoing,
  place,
  type ReadLimit,
  type Recorded,
  type Tail,
} from './log/log.ts'
import { outgoing, type Said } from './outgoing.ts'
import { PoisonGauge } from './poison.ts'
import type { AnyProcessor, Step } from './processor.ts'
import type { Shelf } from './shelf.ts'
import { Shelves } from './shelves.ts'
import type { Instant } from './time.ts'
import type { AnyTopic, Emission } from './topic.ts'

/** What could not be handled, and why. */
export interface Letter {
  readonly hop: string
  readonly record: Recorded
  readonly reason: string
  /** The highest tick that the task has heard. */
  readonly tick: Instant
}

/** What every task of an installation shares. */
export interface Engine {
  readonly log: Log
  readonly wire: Wire
  /** Its records tell the time; it has one partition and every task reads it. */
  readonly clock: AnyTopic
  /** How a dead letter is written. */
  readonly deadLetter: (letter: Letter) => Emission<string>
  readonly batch: ReadLimit
  /** How many rows of evidence a task keeps in memory. */
  readonly liveRows: number
  /** Only the simulation passes fewer. */
  readonly steps?: readonly CommitStep[]
}

const ALARMS_AT_A_TIME = 1_000
export const taskName = (processor: string, partition: number): string => place(processor, partition)

export class Task {
  readonly processor: AnyProcessor
  readonly partition: number
  readonly name: string
  readonly #engine: Engine
  readonly #ticks: Ticks
  readonly #held: Held
  readonly #inputs: readonly { readonly at: string; readonly tail: Tail }[]
  #checkpoint: Checkpoint
  readonly #shelves: Shelves
  readonly #poison: PoisonGauge
  #goal: Goal | undefined
  #failed = false

  private constructor(
    engine: Engine,
    processor: AnyProcessor,
    partition: number,
    upstream: readonly string[],
    held: Held,
  ) {
    this.processor = processor
    this.partition = partition
    this.name = held.task
    this.#engine = engine
    this.#held = held
    this.#checkpoint = held.checkpoint
    this.#inputs = [...processor.handlers.keys()].map(topic => {
      const at = place(topic, partition)
      return { at, tail: engine.log.tail(topic, partition, held.checkpoint.offsets[at] ?? 0) }
    })
    const topics = [...processor.handlers.keys()]
    this.#ticks = new Ticks(engine, { topics, partition, upstream, checkpoint: held.checkpoint })
    this.#shelves = new Shelves(processor, held.state, engine.liveRows)
    this.#poison = new PoisonGauge(held.task)
  }

  /** Claim a task. `upstream` names the tasks whose ticks this one waits for. Throws `Taken`. */
  static async claim(
    engine: Engine,
    processor: AnyProcessor,
    partition: number,
    upstream: readonly string[],
  ): Promise<Task> {
    const held = await engine.log.claim(taskName(processor.name, partition))
    return new Task(engine, processor, partition, upstream, held)
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }
  release(): Promise<void> {
    return this.#held.release()
  }
  close(): void {
    for (const { tail } of this.#inputs) tail.close()
    this.#ticks.close()
  }

  /**
   * Handle the next batch, or the next tick. False: there was nothing to do. After it has rejected, the task is of no
   * more use: nobody knows whether the commit has been, so it has to be claimed again, which reads what is committed.
   */
  async step(): Promise<boolean> {
    if (this.#failed) throw new Error(`${this.name} has failed and must be claimed again`)
    this.#goal ??= await this.#ticks.next()
    const goal = this.#goal
    // Before records that came after it: under a steady load there are always some.
    if (goal && isReached(goal, this.#positions)) return this.#hearTick(goal)
    const records = await this.#fetch()
    if (records.length > 0)
      return this.#run(batch => this.#hear(batch, records), { offsets: this.#read, tick: this.#checkpoint.tick })
    // Looking may have led past what is no record.
    return goal && isReached(goal, this.#positions) ? this.#hearTick(goal) : false
  }

  #hearTick(goal: Goal): Promise<true> {
    const due = this.#held.state.alarms(goal.tick, ALARMS_AT_A_TIME)
    const done = due.length < ALARMS_AT_A_TIME
    const { tick } = this.#checkpoint
    const offsets = this.#read
    if (done) this.#goal = undefined
    return this.#run(
      batch => {
        for (const { key, at } of due) this.#ring(batch, key, at, goal)
      },
      done ? { tick: goal.tick, offsets: { ...offsets, [this.#clockPlace]: goal.clockOffset } } : { tick, offsets },
    )
  }

  get #clockPlace(): string {
    return place(this.#engine.clock.name, 0)
  }
  /** How far each input has been read. */
  get #positions(): ReadonlyMap<string, number> {
    return new Map(this.#inputs.map(({ at, tail }) => [at, tail.position]))
  }
  /** The offsets of a commit of all that has been read. */
  get #read(): Checkpoint['offsets'] {
    return { ...this.#checkpoint.offsets, ...Object.fromEntries(this.#positions) }
  }

  /** In the order in which the processor declares its inputs. */
  async #fetch(): Promise<Recorded[]> {
    const { records: most, bytes } = this.#engine.batch
    const read: (readonly Recorded[])[] = []
    let left = most
    // Each has its share, so that a flood in one holds up no other; what one leaves goes to those declared before it.
    for (const [before, { tail }] of [...this.#inputs.entries()].reverse()) {
      const records = await tail.take({ records: Math.ceil(left / (before + 1)), bytes })
      left -= records.length
      read.unshift(records)
    }
    return read.flat()
  }

  /** Do a batch's work and commit it. */
  async #run(work: (batch: Batch) => void, past: Pick<Checkpoint, 'offsets' | 'tick'>): Promise<true> {
    const batch = newBatch()
    try {
      work(batch)
      const { counters } = this.#checkpoint
      const checkpoint: Checkpoint = { ...past, counters: counted(counters, batch), intent: null }
      await commit(
        this.#held,
        {
          outputs: batch.outputs,
          deadLetters: batch.deadLetters,
          changes: [...batch.touched].flatMap(shelf => shelf.changes()),
          alarms: [...batch.alarms].map(([key, at]): AlarmChange => ({ key, at })),
          checkpoint,
        },
        this.#engine.steps ?? COMMIT,
      )
      this.#checkpoint = checkpoint
    } catch (error) {
      this.#failed = true
      throw error
    }
    this.#shelves.settle(batch.touched)
    this.#poison.count(batch.in, batch.deadLetters.length)
    return true
  }

  #hear(batch: Batch, records: readonly Recorded[]): void {
    for (const record of records) {
      batch.in++
      try {
        const handler = this.processor.handlers.get(record.topic)
        if (!handler) throw new Error(`no handler for ${record.topic}`)
        const event: Event<never> = this.#engine.wire.open(handler.topic, record.value, record.cause)
        const shelf = this.#shelves.of(record.key)
        batch.touched.add(shelf)
        const step = handler.step(shelf.head, new Evidence(shelf), event, this.#checkpoint.tick)
        this.#apply(batch, shelf, step, saidAfter(this.processor.name, event))
      } catch (error) {
        this.#bury(batch, record, error)
      }
    }
  }

  /** Ring a key's alarm at its own time, and any that it sets for times already past. */
  #ring(batch: Batch, key: string, at: Instant, goal: Goal): void {
    const shelf = this.#shelves.of(key)
    batch.alarms.set(key, null)
    batch.touched.add(shelf)
    try {
      this.#wake(batch, shelf, at, goal.tick)
    } catch (error) {
      const record = { topic: this.#engine.clock.name, partition: 0, offset: goal.clockOffset - 1, key, cause: null }
      this.#bury(batch, { ...record, value: new Uint8Array() }, error)
    }
  }

  #wake(batch: Batch, shelf: Shelf, at: Instant, now: Instant): void {
    if (!this.processor.wake) return
    const said = { source: this.processor.name, emittedAt: null, receivedAt: at, cause: null }
    const step = this.processor.wake(shelf.head, new Evidence(shelf), at, now)
    const asked = 'wakeAt' in step ? step.wakeAt : undefined
    if (typeof asked === 'number' && asked <= at)
      throw new Error(`${this.processor.name} asks at ${at} to be woken at ${asked}`)
    this.#apply(batch, shelf, step, said, now)
  }

  #apply(batch: Batch, shelf: Shelf, step: Step<unknown, string>, said: Said, now = this.#checkpoint.tick): void {
    if ('drop' in step) {
      batch.dropped[step.drop] = (batch.dropped[step.drop] ?? 0) + 1
      return
    }
    // Sealing may fail on a value that is not of its schema: before anything has changed.
    const sealed = step.emit?.map(emission => this.#seal(emission, said)) ?? []
    batch.outputs.push(...sealed)
    if (step.head !== undefined) shelf.setHead(step.head)
    for (const row of step.remove ?? []) shelf.remove(row)
    for (const row of step.put ?? []) shelf.put(row)
    if (step.wakeAt === undefined) return
    if (step.wakeAt === 'never' || step.wakeAt > now) {
      batch.alarms.set(shelf.key, step.wakeAt === 'never' ? null : step.wakeAt)
      return
    }
    batch.alarms.set(shelf.key, null)
    this.#wake(batch, shelf, step.wakeAt, now)
  }

  #seal({ topic, value, origin }: Emission<string>, said: Said): Outgoing {
    const { wire, log } = this.#engine
    return outgoing(wire, log.partitionsOf, topic as AnyTopic, value, { ...said, ...origin }, this.processor.name)
  }

  #bury(batch: Batch, record: Recorded, error: unknown): void {
    // The state could not be read: that is nothing of the record's.
    if (error instanceof LogUnavailable || error instanceof LogRefused) throw error
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const { tick } = this.#checkpoint
    const letter = this.#engine.deadLetter({ hop: this.processor.name, record, reason, tick })
    batch.deadLetters.push(
      this.#seal(letter, { source: this.processor.name, emittedAt: null, receivedAt: tick, cause: record.cause }),
    )
  }
}

const saidAfter = (source: string, event: Event<unknown>): Said => ({
  source,
  emittedAt: null,
  receivedAt: event.receivedAt,
  cause: event.eventId,
})
