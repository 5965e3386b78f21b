/** One part of an installation that is let finish: see drain.ts. Runs until it is sent a message. */
import { parentPort, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import { runProcessors } from '../run-processors.ts'
import { runSinks } from '../run-sinks.ts'

export interface Draining {
  readonly part: 'processors' | 'sinks'
  readonly config: Config
}

const { part, config } = workerData as Draining
const stop = new AbortController()
parentPort?.once('message', () => {
  stop.abort()
})
const logger = pino(
  { level: config.logLevel, base: { target: `migrate, ${part}` } },
  pino.destination({ dest: 2, sync: true }),
)
await (part === 'sinks' ? runSinks : runProcessors)(config, logger, stop.signal)
parentPort?.close()
