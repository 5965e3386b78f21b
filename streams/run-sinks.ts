/**
 * Runs sinks on a log, each in a loop of its own: one that its far side keeps waiting holds up no other. Batches are
 * let grow for a moment, because few large writes cost less than many small ones.
 */
import { Delivery, type SinkEngine } from './deliver.ts'
import { Fenced, LogUnavailable } from './log/log.ts'
import { type RunReport } from './run.ts'
import { pause, together } from './together.ts'
import { type AnySink, Unavailable } from './sink.ts'
import type { Millis } from './time.ts'

export interface SinkRun {
  readonly sink: AnySink
  /** How long a batch may grow. */
  readonly lingerMs: Millis
  /** For a far side that may turn out empty: then it gets everything again. `settled` is called once that is certain. */
  readonly startOver?: { readonly isDue: () => boolean; readonly settled: () => void }
}

const IDLE_MS = 1_000
const RETRY_MS = 1_000
const LOOK_MS = 50

/**
 * Run until `until` aborts. Rejects with `Taken` if another living process runs one of these sinks, or with a bug; then
 * too none of them runs any more.
 */
export async function runSinks(
  engine: SinkEngine,
  sinks: readonly SinkRun[],
  until: AbortSignal,
  report: RunReport = {},
): Promise<void> {
  const groups = sinks.map(run => (stop: AbortSignal) => {
    const { name } = run.sink
    return engine.log.share(name, [name], (_, until) => runSink(engine, run, until, report), stop)
  })
  await together(groups, until)
}

async function runSink(
  engine: SinkEngine,
  { sink, lingerMs, startOver }: SinkRun,
  until: AbortSignal,
  report: RunReport,
): Promise<void> {
  let delivery: Delivery | undefined
  let seen = -1
  try {
    while (!until.aborted) {
      try {
        if (!delivery) {
          delivery = await Delivery.claim(engine, sink)
          report.claimed?.(sink.name)
          if (startOver?.isDue()) {
            await delivery.rewind()
            startOver.settled()
          }
        }
        if (await delivery.step()) await pause(lingerMs, until)
        else {
          seen = await engine.log.changed(seen, IDLE_MS)
          // Most changes are not for this sink: let some gather before it looks.
          await pause(LOOK_MS, until)
        }
      } catch (error) {
        if (error instanceof Unavailable) {
          report.trouble?.(sink.name, error)
          await pause(error.retryAfter, until)
          continue
        }
        delivery?.close()
        delivery = undefined
        if (!(error instanceof Fenced || error instanceof LogUnavailable)) throw error
        report.trouble?.(sink.name, error)
        await pause(RETRY_MS, until)
      }
    }
  } finally {
    await delivery?.release().catch(() => undefined)
    delivery?.close()
  }
}
