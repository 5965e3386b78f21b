import type { Logger } from 'pino'
import { OdooClient } from '../odoo/client.ts'
import { deadLetterOf } from '../schemas/dead-letters.ts'
import { cases, shipmentEtas } from '../schemas/topics.ts'
import { OdooGate } from '../sinks/odoo/gate.ts'
import { odooSinks } from '../sinks/odoo/sinks.ts'
import { runSinks, type SinkRun } from '../streams/run-sinks.ts'
import { Unavailable } from '../streams/sink.ts'
import { type Millis, seconds } from '../streams/time.ts'
import type { Config } from './config.ts'
import type { Opened } from './open-log.ts'
import { reportTo } from './run-processors.ts'

/** People wait for cases; of arrivals the newest is enough, and the longer it is waited the fewer are written. */
const LINGER_MS: Readonly<Record<string, Millis>> = { [cases.name]: 300, [shipmentEtas.name]: seconds(15) }
const OTHER_LINGER_MS = seconds(3)
/** Of a backlog: what is said of one thing many times is written once a batch. */
const BATCH = { records: 5_000, bytes: 8 << 20 }

/** Whether the settings name an Odoo. */
export const hasOdoo = ({ odooUrl }: Pick<Config, 'odooUrl'>): boolean => odooUrl !== undefined

/** Where people reach the control tower. */
export const towerOf = ({ publicUrl, bind, httpPort }: Config): string => {
  const host = bind === '0.0.0.0' || bind === '::' ? 'localhost' : bind.includes(':') ? `[${bind}]` : bind
  return (publicUrl ?? `http://${host}:${httpPort}`).replace(/\/+$/, '')
}

/**
 * Cases, milestones and expected arrivals into Odoo, until aborted. Where it is away, or the module is not there, they
 * wait in the log: these topics are never trimmed.
 */
export async function runOdooSinks(config: Config, opened: Opened, logger: Logger, until: AbortSignal): Promise<void> {
  const { odooUrl: url, odooDatabase: database, odooApiKey: apiKey } = config
  if (url === undefined || database === undefined || apiKey === undefined) return
  const gate = new OdooGate({ client: new OdooClient({ url, database, apiKey }), stop: until, logger })
  const runs = odooSinks(gate, { tower: towerOf(config), log: opened.log.id }).map((sink): SinkRun => {
    return { sink, lingerMs: LINGER_MS[sink.reads.name] ?? OTHER_LINGER_MS }
  })
  // What is missing is told at once, and not only when there is something to write.
  void gate.look().catch((error: unknown) => {
    if (!(error instanceof Unavailable)) logger.error({ err: error }, 'Odoo')
  })
  const report = reportTo(logger)
  await runSinks({ ...opened, deadLetter: deadLetterOf, ...BATCH }, runs, until, {
    ...report,
    trouble(task, error) {
      // The gate has told it, once for all of them.
      if (error instanceof Unavailable) logger.debug({ task }, error.message)
      else report.trouble?.(task, error)
    },
  })
}
