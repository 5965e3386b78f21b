import { once } from 'node:events'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { deadLetterOf } from '../schemas/dead-letters.ts'
import { vehiclePositions } from '../schemas/topics.ts'
import { type ClickHouse, connect } from '../sinks/clickhouse/client.ts'
import { spawnGateway, urlOf } from '../sinks/clickhouse/gateway/spawn.ts'
import { migrate } from '../sinks/clickhouse/migrate.ts'
import { openViews } from '../sinks/control-tower/views.ts'
import { aborted, pause, together } from '../streams/together.ts'
import { runSinks as runOn, type SinkRun } from '../streams/run-sinks.ts'
import { Unavailable } from '../streams/sink.ts'
import type { Config } from './config.ts'
import { hasOdoo, runOdooSinks } from './odoo-sinks.ts'
import { openFor, type Opened } from './open-log.ts'
import { pemsOf } from './secrets.ts'
import { keepRetention } from './retention.ts'
import { reportTo } from './run-processors.ts'
import { clickhousePasswordOf } from './secrets.ts'
import { clickhouseSinks, towerSinks } from './sinks.ts'

/** How long a batch may grow before it is written: ClickHouse likes few large inserts, people like a page that is now. */
const TABLE_LINGER_MS = 300
const TOWER_LINGER_MS = 150
/** Of positions: a vehicle is one row a batch, so the fewer batches the fewer rows. */
const VEHICLES_LINGER_MS = 300
/** What is still young when it is let go of costs the garbage collector the least. */
const TOWER_RECORDS = 10_000
const BATCH = { records: 50_000, bytes: 16 << 20 }
const RESPAWN_MS = 1_000

/** The target `sinks`: the embedded ClickHouse unless another is set, its tables, and the read model, until aborted. */
export async function runSinks(config: Config, logger: Logger, until: AbortSignal): Promise<void> {
  const opened = await openFor(config, 'sinks')
  const { log } = opened
  const views = openViews(config.data, log.id)
  const engine = { ...opened, deadLetter: deadLetterOf, ...BATCH, records: TOWER_RECORDS }
  const tower = towerSinks(views).map((sink): SinkRun => {
    const startOver = { isDue: () => !views.isFilled(sink.name), settled: () => views.filled(sink.name) }
    const lingerMs = sink.reads.name === vehiclePositions.name ? VEHICLES_LINGER_MS : TOWER_LINGER_MS
    return { sink, lingerMs, startOver }
  })
  try {
    const jobs = [
      (stop: AbortSignal) => runOn(engine, tower, stop, reportTo(logger)),
      (stop: AbortSignal) => runTables(config, opened, logger, stop),
      (stop: AbortSignal) => keepRetention(log, config.retentionHours, logger, stop),
    ]
    if (config.clickhouseUrl === undefined) jobs.push(stop => keepGateway(config, logger, stop))
    if (hasOdoo(config)) jobs.push(stop => runOdooSinks(config, opened, logger, stop))
    await together(jobs, until)
  } finally {
    views.close()
    await log.close()
  }
}

/** Where ClickHouse is reached. */
export const clickhouseOf = (config: Config): ClickHouse =>
  connect({
    url: config.clickhouseUrl ?? urlOf(config.bind, config.clickhousePort),
    user: config.clickhouseUser,
    password: config.clickhousePassword ?? clickhousePasswordOf(config.data),
    tls: pemsOf(config, 'clickhouse'),
  })

async function runTables(config: Config, opened: Opened, logger: Logger, until: AbortSignal): Promise<void> {
  const clickhouse = clickhouseOf(config)
  try {
    while (!until.aborted) {
      try {
        const applied = await migrate(clickhouse)
        if (applied.length > 0) logger.info({ applied: applied.length }, 'ClickHouse: migrations applied')
        break
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        logger.debug({ reason: error.message }, 'ClickHouse is not there yet')
        await pause(Math.min(error.retryAfter, RESPAWN_MS), until)
      }
    }
    const runs = clickhouseSinks(clickhouse).map((sink): SinkRun => ({ sink, lingerMs: TABLE_LINGER_MS }))
    const engine = { ...opened, deadLetter: deadLetterOf, ...BATCH }
    if (!until.aborted) await runOn(engine, runs, until, reportTo(logger))
  } finally {
    await clickhouse.close()
  }
}

/** The embedded ClickHouse: started, and started again when it dies. */
async function keepGateway(config: Config, logger: Logger, until: AbortSignal): Promise<void> {
  for (let failures = 0; !until.aborted;) {
    try {
      const gateway = await spawnGateway({
        data: join(config.data, 'clickhouse'),
        port: config.clickhousePort,
        bind: config.bind,
        password: config.clickhousePassword ?? clickhousePasswordOf(config.data),
        memoryBytes: config.clickhouseMemoryMb << 20,
      })
      failures = 0
      logger.info({ url: gateway.url }, 'ClickHouse is ready')
      const ended = once(gateway.process, 'exit').then(() => 'died' as const)
      const stopped = aborted(until).then(() => 'stopped' as const)
      if ((await Promise.race([ended, stopped])) === 'stopped') await gateway.stop()
      else logger.error('ClickHouse died; it is started again')
    } catch (error) {
      // After a kill -9 the former one may need a moment to notice and to let go of port and data.
      if (++failures > 20) throw error
      logger.warn(error instanceof Error ? error.message : String(error))
    }
    await pause(RESPAWN_MS, until)
  }
}
