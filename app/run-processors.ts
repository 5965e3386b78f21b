import type { Logger } from 'pino'
import { deadLetterOf } from '../schemas/dead-letters.ts'
import { clockTicks } from '../schemas/topics.ts'
import { Fenced } from '../streams/log/log.ts'
import { run, type RunReport } from '../streams/run.ts'
import type { Engine } from '../streams/task.ts'
import type { Config } from './config.ts'
import { openFor } from './open-log.ts'
import { processors } from './pipeline.ts'

/** Rows of evidence that one task keeps in memory: some 370 bytes each. */
const LIVE_ROWS = 100_000

/** The target `processors`: every processor, on every partition, until aborted. */
export async function runProcessors(config: Config, logger: Logger, until: AbortSignal): Promise<void> {
  const { log, wire } = await openFor(config, 'processors')
  const engine: Engine = {
    log,
    wire,
    clock: clockTicks,
    deadLetter: deadLetterOf,
    batch: { records: 4_000, bytes: 1_500_000 },
    liveRows: LIVE_ROWS,
  }
  try {
    await run(engine, processors, processors, until, reportTo(logger))
  } finally {
    await log.close()
  }
}

export const reportTo = (logger: Logger): RunReport => ({
  claimed: task => {
    logger.debug({ task }, 'claimed')
  },
  trouble: (task, error) => {
    // It is claimed again if it is still ours: after a backup of an installation on Kafka all of them are.
    const level = error instanceof Fenced ? 'info' : 'warn'
    logger[level]({ task, error: error.name }, error.message)
  },
})
