import type { Event } from './event.ts'
import type { AnyList, Evidence, Row } from './evidence.ts'
import type { Instant } from './time.ts'
import type { AnyTopic, Codec, Emission, Topic } from './topic.ts'

/**
 * What one event does: the next head, rows to put and remove, what to say, when to be woken (one alarm per key;
 * absent leaves it as it was; a time already past rings at once, at its own time). A value rather than calls, so
 * that it can be compared, replayed and committed whole.
 */
export type Step<H, Out extends string> =
  | {
      readonly head?: H
      readonly put?: readonly Row[]
      readonly remove?: readonly Row[]
      readonly emit?: readonly Emission<Out>[]
      readonly wakeAt?: Instant | 'never'
    }
  | { readonly drop: string }

/** Deliberately ignore an event. The reason is a metric label: a short, fixed phrase. */
export const drop = (reason: string): { readonly drop: string } => ({ drop: reason })

/** `tick` is the highest that the task has heard: alarms up to there have rung. */
export type Handler<H, Out extends string> = (
  head: H | undefined,
  kept: Evidence,
  event: Event<never>,
  tick: Instant,
) => Step<H, Out>
/** `at` is the time that the alarm was set for, however late it rings. */
export type Wake<H, Out extends string> = (
  head: H | undefined,
  kept: Evidence,
  at: Instant,
  tick: Instant,
) => Step<H, Out>

/** A keyed, stateful processor: a pure function of what it heard and of the highest tick. */
export class Processor<H, Out extends string> {
  readonly name: string
  readonly head: Codec<H>
  readonly keeps: readonly AnyList[]
  readonly emits: readonly AnyTopic[]
  readonly handlers = new Map<string, { readonly topic: AnyTopic; readonly step: Handler<H, Out> }>()
  wake: Wake<H, Out> | undefined

  constructor(spec: ProcessorSpec<H, Out>) {
    this.name = spec.name
    this.head = spec.head
    this.keeps = spec.keeps
    this.emits = spec.emits
  }

  /** What to do on a record of this topic. Topics that a processor reads are partitioned alike. */
  on<V>(
    topic: Topic<string, V>,
    step: (head: H | undefined, kept: Evidence, event: Event<V>, tick: Instant) => Step<H, Out>,
  ): this {
    this.handlers.set(topic.name, { topic, step: step })
    return this
  }

  onWake(step: Wake<H, Out>): this {
    this.wake = step
    return this
  }
}

export interface ProcessorSpec<H, Out extends string> {
  readonly name: string
  /** The few facts of a key that every event needs. All else is evidence. */
  readonly head: Codec<H>
  readonly keeps: readonly AnyList[]
  /* eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the topics' names matter here */
  readonly emits: readonly Topic<Out, any>[]
}

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a topology mixes processors of every head and output */
export type AnyProcessor = Processor<any, any>

/** Declare a processor; `.on(topic, step)` and `.onWake(step)` say what it does. */
export const processor = <H, Out extends string>(spec: ProcessorSpec<H, Out>): Processor<H, Out> => new Processor(spec)
