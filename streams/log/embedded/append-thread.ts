/** The thread behind `ThreadedAppender`. */
import { parentPort, workerData } from 'node:worker_threads'
import { LogUnavailable } from '../log.ts'
import type { AppendAnswer, AppendRequest } from './appender.ts'
import { EmbeddedLog, type EmbeddedOptions } from './embedded.ts'

const log = new EmbeddedLog(workerData as EmbeddedOptions)
const queue: AppendRequest[] = []
let busy = false

parentPort?.on('message', (request: AppendRequest) => {
  queue.push(request)
  if (!busy) void appendAll()
})

async function appendAll(): Promise<void> {
  busy = true
  while (queue.length > 0) {
    // Let in what has arrived meanwhile: one commit for all of it.
    await new Promise(resolve => setImmediate(resolve))
    const requests = queue.splice(0)
    const ids = requests.map(({ id }) => id)
    parentPort?.postMessage(await append(requests, ids))
  }
  busy = false
}

const append = (requests: readonly AppendRequest[], ids: readonly number[]): Promise<AppendAnswer> =>
  log.appendBatches(requests.flatMap(({ batches }) => batches)).then(
    () => ({ ids }),
    (error: unknown) => ({
      ids,
      error: {
        message: error instanceof Error ? error.message : String(error),
        unavailable: error instanceof LogUnavailable,
      },
    }),
  )
