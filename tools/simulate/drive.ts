/** Lets a world happen to a running Milepost: what lies in the past as fast as asked for, then at the pace of life. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { processors } from '../../app/pipeline.ts'
import { type Delivery, iso, MINUTE } from '../feeder/delivery.ts'
import { send, type SendReport, type Target } from '../feeder/send.ts'
import type { Happening } from './happenings.ts'
import type { Office } from './office.ts'
import { simulated, type WorldOptions } from './world.ts'

export interface DriveOptions extends WorldOptions {
  readonly target: Target
  /** How many times faster than life the past goes by; absent: as fast as it is taken. The present is never overtaken. */
  readonly factor?: number
  /** The clock of the Milepost follows events: positions say when they were received, and at the end the clock moves past all deadlines. */
  readonly eventTime?: boolean
  /** Deliveries before this were sent by an earlier run. */
  readonly sentUntil?: number
  /** Where the truth goes, a line of JSON for each thing; written anew, continued where `sentUntil` is given. */
  readonly truthFile?: string
  /** The company whose orders these are, if it has an Odoo. */
  readonly office?: Office
  readonly giveUpAfterMs?: number
  readonly signal?: AbortSignal
  /** Called after each answer. `reached`: everything before this time of the world was sent. */
  readonly onProgress?: (report: SendReport, reached: number) => void
}

const POLL_MS = 1_000
/** Of the past so much is sent at once; within it positions come first. */
const SLICE_MS = 15 * MINUTE
const MOST_POSITIONS = 1_000
const LOOK_EVERY_MS = 25
const CONCLUDES = new Set(processors.map(({ name }) => name))

/** Resolves when the world has ended (`shipments`) or the signal aborts. Errors are those of `send`. */
export async function drive(options: DriveOptions): Promise<SendReport> {
  const { target, signal, onProgress, eventTime = false } = options
  const truth =
    options.truthFile === undefined
      ? undefined
      : openSync(options.truthFile, options.sentUntil === undefined ? 'w' : 'a')
  let reached = options.startAt
  const told = (at: number) => (reached = at)
  try {
    const from = options.sentUntil ?? -Infinity
    const deliveries = paced(written(simulated(options), truth, from), options, told)
    return await send(deliveries, target, {
      batch: MOST_POSITIONS,
      atOnce: !inBulk(options),
      // What is sent together has no order; Milepost asks for none.
      concurrency: 6,
      withReceivedAt: eventTime,
      ...(options.giveUpAfterMs !== undefined && { giveUpAfterMs: options.giveUpAfterMs }),
      ...(signal && { signal }),
      ...(onProgress && { onAnswer: report => onProgress(report, reached) }),
    })
  } finally {
    if (truth !== undefined) closeSync(truth)
  }
}

/** Whether each position keeps the time at which it was received: where nobody looks before the end. */
const inBulk = ({ eventTime = false, factor }: DriveOptions): boolean => eventTime && factor === undefined

/** The truth goes to its file as its time comes. */
function* written(world: Iterable<Happening>, file: number | undefined, from: number): Generator<Happening> {
  for (const happening of world) {
    if (happening.at < from) continue
    if ('truth' in happening && file !== undefined) writeSync(file, `${JSON.stringify(happening.truth)}\n`)
    yield happening
  }
}

async function* paced(
  world: Iterable<Happening>,
  options: DriveOptions,
  told: (at: number) => void,
): AsyncGenerator<Delivery> {
  const { startAt, sentUntil, factor = Infinity, signal, eventTime = false, seed, office } = options
  const began = Date.now()
  const origin = sentUntil ?? startAt
  /** How late it is in the world. */
  const worldTime = () => {
    const now = Date.now()
    return factor === Infinity ? now : Math.min(now, origin + (now - began) * factor)
  }
  const bulk = inBulk(options)
  const together = (slice: readonly Happening[]) => inTurn(slice, !bulk)
  /** A live Milepost gets all of the past as one, so that no deadline seems to pass before its evidence is there. */
  const endOf = (at: number): number => {
    if (bulk) return at + SLICE_MS
    if (factor !== Infinity) return at + POLL_MS * factor
    return at < began ? began : at + POLL_MS
  }
  let slice: Happening[] = []
  let sliceEnds = startAt
  for (const happening of world) {
    const { at } = happening
    if (at >= sliceEnds) {
      yield* together(slice)
      // Else what is found would tell of the backlog: a day of a topic read before an hour of another.
      if (bulk) await caughtUp(options.target.url, signal)
      told(sliceEnds)
      slice = []
      sliceEnds = endOf(at)
    }
    while (at > worldTime()) {
      if (signal?.aborted === true) return
      yield* together(slice)
      told(worldTime())
      slice = []
      await pause(POLL_MS, undefined, { ...(signal && { signal }) }).catch(() => undefined)
    }
    if (signal?.aborted === true) return
    slice.push(office?.heard(happening) ?? happening)
    if ('truth' in happening && happening.truth.type === 'end') {
      yield* together(slice)
      slice = []
      if (eventTime) yield clockAt(String(seed), Date.parse(happening.truth.finalTick))
    }
  }
  yield* together(slice)
}

/** Positions before events before plans: each finds what it is about to be matched with. */
function* inTurn(slice: readonly Happening[], merged: boolean): Generator<Delivery> {
  const deliveries = slice.flatMap(each => ('delivery' in each ? each.delivery : []))
  const positions = deliveries.filter(each => each.kind === 'positions')
  if (merged) {
    const fixes = positions.flatMap(each => each.positions)
    const at = positions.at(-1)?.at ?? 0
    for (let i = 0; i < fixes.length; i += MOST_POSITIONS)
      yield { kind: 'positions', at, positions: fixes.slice(i, i + MOST_POSITIONS) }
  } else yield* positions
  for (const kind of ['carrier', 'plan'] as const) yield* deliveries.filter(each => each.kind === kind)
}

/** Resolves when Milepost has read all that it has, or says nothing of it. */
async function caughtUp(url: string, signal: AbortSignal | undefined): Promise<void> {
  while (signal?.aborted !== true) {
    await pause(LOOK_EVERY_MS)
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined)
    if (!answer) continue
    const { hops } = (await answer.json().catch(() => ({}))) as {
      hops?: readonly { readonly hop: string; readonly lag: number }[]
    }
    if (!hops || hops.every(({ hop, lag }) => lag === 0 || !CONCLUDES.has(hop))) return
  }
}

/** Something that happens so late: the clock of events follows it. */
const clockAt = (seed: string, at: number): Delivery => ({
  kind: 'positions',
  at,
  positions: [{ vehicleId: `clock-${seed}`, occurredAt: iso(Math.min(at, Date.now())), latitude: 54.5, longitude: 3 }],
})
