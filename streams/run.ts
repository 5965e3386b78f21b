/**
 * Runs processors on a log: claims their tasks and lets each in turn take a step, until told to stop. A task that
 * another owner took is claimed again, and while that other lives the run ends with `Taken`; a log that can't be written is waited for; a poisoned processor stays stopped and
 * says why; anything else is a bug and ends the run, so that whoever supervises starts again from the commit.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fenced, LogUnavailable } from './log/log.ts'
import { Poisoned } from './poison.ts'
import type { AnyProcessor } from './processor.ts'
import { type Engine, Task } from './task.ts'
import { partitionsOfProcessor, upstreamTasks } from './topology.ts'

export interface RunReport {
  /** A task was claimed. */
  claimed?(task: string): void
  /** Something is wrong that the run survives. */
  trouble?(task: string, error: Error): void
}

const IDLE_MS = 500
const RETRY_MS = 1_000

interface Slot {
  readonly processor: AnyProcessor
  readonly partition: number
  task: Task | undefined
  stopped: boolean
}

/** Run until `until` aborts. Rejects with `Taken` if another living process runs one of these tasks, or with a bug. */
export async function run(
  engine: Engine,
  processors: readonly AnyProcessor[],
  topology: readonly AnyProcessor[],
  until: AbortSignal,
  report: RunReport = {},
): Promise<void> {
  const { log } = engine
  const slots = processors.flatMap(processor =>
    Array.from({ length: partitionsOfProcessor(processor, log.partitionsOf) }, (_, partition): Slot => ({
      processor,
      partition,
      task: undefined,
      stopped: false,
    })),
  )
  let seen = -1
  try {
    while (!until.aborted) {
      let busy = false
      for (const slot of slots) busy = (await advance(slot)) || busy
      // A processor on the embedded log never waits for anything: others in this process need their turn.
      if (busy) await new Promise(resolve => setImmediate(resolve))
      else seen = await log.changed(seen, IDLE_MS)
    }
  } finally {
    for (const { task } of slots) await task?.release().catch(() => undefined)
  }

  async function advance(slot: Slot): Promise<boolean> {
    if (slot.stopped || until.aborted) return false
    let busy = false
    await guarded(slot, async task => {
      busy = await task.step()
    })
    return busy
  }

  async function guarded(slot: Slot, work: (task: Task) => Promise<unknown>): Promise<void> {
    const { processor, partition } = slot
    try {
      if (!slot.task) {
        slot.task = await Task.claim(engine, processor, partition, upstreamTasks(topology, processor, log.partitionsOf))
        report.claimed?.(slot.task.name)
      }
      await work(slot.task)
    } catch (error) {
      const { task } = slot
      slot.task = undefined
      if (!(error instanceof Fenced || error instanceof LogUnavailable || error instanceof Poisoned)) throw error
      report.trouble?.(task?.name ?? processor.name, error)
      slot.stopped = error instanceof Poisoned
      // Nobody runs it any more, and whoever asks is to see that.
      if (slot.stopped) await task?.release().catch(() => undefined)
      if (error instanceof LogUnavailable) await pause(RETRY_MS, until)
    }
  }
}

/** Resolves when aborted. */
export const aborted = (until: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (until.aborted) resolve()
    else until.addEventListener('abort', () => resolve(), { once: true })
  })

/** Run all until aborted. If one fails the others are stopped too; rejects with its error once none of them runs any more. */
export async function together(
  jobs: readonly ((stop: AbortSignal) => Promise<void>)[],
  until: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const stop = AbortSignal.any([until, failed.signal])
  const errors: unknown[] = []
  const failing = (error: unknown) => {
    errors.push(error)
    failed.abort()
  }
  await Promise.all(jobs.map(job => job(stop).catch(failing)))
  if (errors.length > 0) throw errors[0]
}

/** So long, or until aborted. */
export const pause = (ms: number, until: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal: until }).catch(() => undefined)
