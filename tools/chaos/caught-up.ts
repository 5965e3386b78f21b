/** When everything that was sent has come through: asked of the log itself, whoever lives. */
import { pipelineHealth } from '../../app/pipeline-health.ts'
import { processors } from '../../app/pipeline.ts'
import { clockTicks } from '../../schemas/topics.ts'
import { type Log, place } from '../../streams/log/log.ts'
import { tasksOf } from '../../streams/topology.ts'
import type { Installation } from './installation.ts'

/** What is still to come, for people; empty: nothing, every hop (but those that do not matter) has read and heard all. */
async function outstanding(log: Log, matters: (hop: string) => boolean = () => true): Promise<string[]> {
  const waiting: string[] = []
  // Ticks first: after its last tick a task says nothing but about what it has still to read.
  const { end } = await log.bounds(clockTicks.name, 0)
  for (const task of processors.flatMap(processor => tasksOf(processor, log.partitionsOf))) {
    const heard = (await log.checkpointOf(task))?.offsets[place(clockTicks.name, 0)] ?? 0
    if (heard < end) waiting.push(`${task} has not heard ${end - heard} ticks`)
  }
  const { hops } = await pipelineHealth(log)
  for (const { hop, lag, detail } of hops)
    if (lag > 0 && matters(hop))
      waiting.push(`${hop} has not read ${lag} records${detail === null ? '' : ` (${detail})`}`)
  return waiting
}

/** Resolves when nothing is outstanding. Throws where nothing has moved for so long. */
export async function caughtUp(
  log: Log,
  { patienceMs = 120_000, matters }: { patienceMs?: number; matters?: (hop: string) => boolean } = {},
): Promise<void> {
  let moved = performance.now()
  for (let before = ''; ;) {
    const waiting = await outstanding(log, matters)
    if (waiting.length === 0) return
    const now = waiting.join(', ')
    if (now !== before) moved = performance.now()
    if (performance.now() - moved > patienceMs) throw new Error(`nothing has moved for ${patienceMs} ms: ${now}`)
    before = now
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** The same of an installation whose log nobody here has open. */
export async function settled(at: Installation): Promise<void> {
  const { log } = await at.open()
  try {
    await caughtUp(log)
  } finally {
    await log.close()
  }
}
