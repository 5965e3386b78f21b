/** Lets an installation that was stopped finish what it had taken in, without taking in more. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { seconds } from '../../streams/time.ts'
import { pause, together } from '../../streams/together.ts'
import type { Config } from '../config.ts'
import { openExistingLog } from '../open-log.ts'
import { outstanding } from './at-rest.ts'
import type { Draining } from './drain-thread.ts'
import { MigrationRefused } from './refused.ts'

const LOOK_MS = 100
/** Nothing has moved for so long: something is wrong. */
const PATIENCE_MS = seconds(60)
/** A hundred years: nothing is let go of meanwhile. */
const KEEP_HOURS = 876_000

/**
 * Run the processors and the sinks of an installation with an embedded log until nothing is outstanding. Throws
 * `MigrationRefused` where it does not get on.
 */
export async function drain(config: Config, until: AbortSignal, told: (line: string) => void): Promise<void> {
  const waiting = await look(config)
  if (waiting.length === 0) return
  told(`it was stopped with something to do (${briefly(waiting)}): that is finished first`)
  const kept = { ...config, retentionHours: KEEP_HOURS }
  const drained = new AbortController()
  await together(
    [
      stop => run({ part: 'processors', config: kept }, stop),
      stop => run({ part: 'sinks', config: kept }, stop),
      async stop => {
        await watch(config, stop)
        drained.abort()
      },
    ],
    AbortSignal.any([until, drained.signal]),
  )
  until.throwIfAborted()
  const left = await look(config)
  if (left.length > 0) throw new MigrationRefused(`it does not come to rest: ${briefly(left)}`)
}

/** In a thread of its own: in one thread a transaction of the one would wait for one of the other, and that for its turn. */
async function run(draining: Draining, until: AbortSignal): Promise<void> {
  if (until.aborted) return
  const worker = new Worker(new URL('drain-thread.ts', import.meta.url), { workerData: draining })
  const end = () => {
    worker.postMessage('stop')
  }
  until.addEventListener('abort', end, { once: true })
  try {
    // Rejects with what it throws.
    await once(worker, 'exit')
  } finally {
    until.removeEventListener('abort', end)
  }
}

async function watch(config: Config, stop: AbortSignal): Promise<void> {
  let [moved, before] = [performance.now(), '']
  for (;;) {
    await pause(LOOK_MS, stop)
    if (stop.aborted) return
    const waiting = await look(config)
    if (waiting.length === 0) return
    const now = waiting.join()
    if (now !== before) moved = performance.now()
    before = now
    if (performance.now() - moved > PATIENCE_MS)
      throw new MigrationRefused(
        `nothing has moved for ${PATIENCE_MS / 1_000} s: ${briefly(waiting)}. See to it, by starting Milepost as it was`,
      )
  }
}

async function look(config: Config): Promise<string[]> {
  const log = openExistingLog(config)
  try {
    return await outstanding(log)
  } finally {
    await log.close()
  }
}

const briefly = ([first = '', ...more]: readonly string[]): string =>
  more.length > 0 ? `${first}, and ${more.length} more` : first
