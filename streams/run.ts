/**
 * Runs processors on a log: of their tasks those that fall to this process, each in a loop of its own, until told to
 * stop. A task that another owner took is claimed again if it is still ours; a log that can't be written is waited for;
 * a poisoned task stays stopped and says why; anything else is a bug and ends the run, so that whoever supervises
 * starts again from the commit.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { Fenced, LogUnavailable } from './log/log.ts'
import { Poisoned } from './poison.ts'
import type { AnyProcessor } from './processor.ts'
import { type Engine, Task } from './task.ts'
import { aborted, pause, together } from './together.ts'
import { tasksOf, upstreamTasks } from './topology.ts'

export interface RunReport {
  /** A task was claimed. */
  claimed?(task: string): void
  /** Something is wrong that the run survives. */
  trouble?(task: string, error: Error): void
}

const IDLE_MS = 500
const RETRY_MS = 1_000

/** Run until `until` aborts. Rejects with `Taken` if another living process runs one of these tasks, or with a bug. */
export async function run(
  engine: Engine,
  processors: readonly AnyProcessor[],
  topology: readonly AnyProcessor[],
  until: AbortSignal,
  report: RunReport = {},
): Promise<void> {
  const { log } = engine
  const groups = processors.map(processor => (stop: AbortSignal) => {
    const tasks = tasksOf(processor, log.partitionsOf)
    const upstream = upstreamTasks(topology, processor, log.partitionsOf)
    const claim = (name: string) => Task.claim(engine, processor, tasks.indexOf(name), upstream)
    return log.share(processor.name, tasks, (name, until) => runTask(engine, name, claim, until, report), stop)
  })
  await together(groups, until)
}

async function runTask(
  { log }: Engine,
  name: string,
  claim: (name: string) => Promise<Task>,
  until: AbortSignal,
  report: RunReport,
): Promise<void> {
  let task: Task | undefined
  let seen = -1
  try {
    while (!until.aborted) {
      try {
        if (!task) {
          task = await claim(name)
          report.claimed?.(name)
        }
        // A processor on the embedded log never waits for anything: others in this process need their turn.
        if (await task.step()) await turn()
        else seen = await log.changed(seen, IDLE_MS)
      } catch (error) {
        if (!(error instanceof Fenced || error instanceof LogUnavailable || error instanceof Poisoned)) throw error
        report.trouble?.(name, error)
        // Nobody runs a poisoned task any more, and whoever asks is to see that.
        if (error instanceof Poisoned) await task?.release().catch(() => undefined)
        task?.close()
        task = undefined
        if (error instanceof LogUnavailable) await pause(RETRY_MS, until)
        if (error instanceof Poisoned) await aborted(until)
      }
    }
  } finally {
    await task?.release().catch(() => undefined)
    task?.close()
  }
}
