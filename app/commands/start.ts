import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino, type Logger } from 'pino'
import { type Config, DEMO_SECRET, DEMO_WORLD, loadConfig } from '../config.ts'
import { openFor } from '../open-log.ts'
import { stopSignal } from '../stop-signal.ts'
import { type Program, supervise, UNRECOVERABLE } from '../supervise.ts'
import { Taken } from '../../streams/log/log.ts'
import { pause } from '../../streams/together.ts'
import { type Command, UsageError } from './command.ts'

type Run = (config: Config, logger: Logger, until: AbortSignal) => Promise<void>
/** Loaded when run: each process holds its own part only. */
const TARGETS: Readonly<Record<string, () => Promise<Run>>> = {
  ingest: async () => (await import('../run-ingest.ts')).runIngest,
  processors: async () => (await import('../run-processors.ts')).runProcessors,
  sinks: async () => (await import('../run-sinks.ts')).runSinks,
}
const MAIN = new URL('../main.ts', import.meta.url).pathname
/** Longer than a lease: a former owner that has lost its machine's attention is not waited for for ever. */
const TAKEN_PATIENCE_MS = 15_000

export const start: Command = {
  usage: `milepost start [--target all|ingest|processors|sinks] [--no-demo] [--time live|event]

  --target   all (default) runs each of the others as a process of its own
  --no-demo  start empty: without the simulated world, which is not there beside an Odoo of yours either
  --time     live (default): the clock is the wall clock; event: the clock follows what is sent`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { target: { type: 'string', default: 'all' }, 'no-demo': { type: 'boolean' }, time: { type: 'string' } },
    })
    const config = loadConfig(process.env, values.time === undefined ? {} : { time: values.time })
    const logger = pino(
      { level: config.logLevel, base: { target: values.target } },
      pino.destination({ dest: 2, sync: true }),
    )
    const until = stopSignal()
    const isOurs = process.env[DEMO_SECRET] !== undefined
    const world = join(config.data, DEMO_WORLD)
    if (config.odooUrl !== undefined && !isOurs && existsSync(world))
      throw Object.assign(
        new Error(
          `${world}: this data directory has shown the demo, and your Odoo would get the cases of its trucks; set MILEPOST_DATA to another one`,
        ),
        { exitCode: UNRECOVERABLE },
      )
    const demo = !(values['no-demo'] ?? false) && config.time === 'live' && config.odooUrl === undefined
    if (values.target === 'all') return startAll(config, demo, logger, until)
    const target = await TARGETS[values.target]?.()
    if (!target) throw new UsageError(`there is no target ${values.target}`)
    await patiently(() => target(config, logger, until), logger, until)
    return 0
  },
}

async function startAll(config: Config, demo: boolean, logger: Logger, until: AbortSignal): Promise<number> {
  // Made here once, so that a directory that is not ours is refused before anything starts.
  await (await openFor(config, 'ingest')).log.close()
  const time = ['--time', config.time]
  const env = demo ? await demoSettings() : {}
  const programs: Program[] = Object.keys(TARGETS).map(target => ({
    name: target,
    args: ['start', '--target', target, ...time],
    env,
  }))
  if (demo) programs.push({ name: 'demo', args: ['demo'], env })
  return supervise(programs, MAIN, logger, until)
}

/** What the demo and those that it feeds know of one another. */
const demoSettings = async (): Promise<Readonly<Record<string, string>>> => ({
  [DEMO_SECRET]: `whsec_${randomBytes(32).toString('base64')}`,
  ...(await (await import('../demo-odoo.ts')).demoOdooSettings()),
})

/** A former owner of our tasks may still be about to go. */
async function patiently(work: () => Promise<void>, logger: Logger, until: AbortSignal): Promise<void> {
  const patience = performance.now() + TAKEN_PATIENCE_MS
  for (let told = false; ; told = true) {
    try {
      await work()
      return
    } catch (error) {
      if (!(error instanceof Taken)) throw error
      if (performance.now() > patience || until.aborted)
        throw Object.assign(new Error(`${error.message}: stop it, or use another MILEPOST_DATA`), {
          exitCode: UNRECOVERABLE,
        })
      if (!told) logger.warn(`${error.message}; waiting for it to go`)
      await pause(500, until)
    }
  }
}
