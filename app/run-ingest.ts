import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { eventClock, liveClock, startTicking } from '../ingest/clock.ts'
import { failedAttempts, requires } from '../ingest/http/authorize.ts'
import { ingestComponents, ingestPaths } from '../ingest/http/openapi.ts'
import { registerIngest } from '../ingest/http/routes.ts'
import { httpServer } from '../ingest/http/server.ts'
import { ingestMetrics } from '../ingest/metrics.ts'
import { type VerifyingKey, verifyingKey } from '../ingest/signature.ts'
import { firstToken, openTokens } from '../ingest/tokens.ts'
import { clockTicks } from '../schemas/topics.ts'
import { versionOf } from '../sinks/control-tower/read-shipments.ts'
import { openReader } from '../sinks/control-tower/reader.ts'
import { aborted } from '../streams/together.ts'
import type { Instant } from '../streams/time.ts'
import type { Config } from './config.ts'
import { lettersIn, replayLetter } from './dead-letters.ts'
import { deliveriesIn, fixesIn } from './find-deliveries.ts'
import { openAppender, openFor, type Opened } from './open-log.ts'
import { odooPoll } from './odoo-poll.ts'
import { pipelineHealth } from './pipeline-health.ts'
import { registerRead } from './read/read.ts'
import { sessions } from './read/session.ts'
import { tokensFile } from './tokens-file.ts'
import { version } from './version.ts'

const GUARD_EVERY_MS = 2_000

/** The target `ingest`: the HTTP server with everything that comes in and everything that is read, until aborted. */
export async function runIngest(config: Config, logger: Logger, until: AbortSignal): Promise<void> {
  const opened = await openFor(config, 'ingest')
  const { log, wire, warnings = [] } = opened
  for (const warning of warnings) logger.warn(warning)
  const appender = openAppender(config, log)
  const { partitionsOf } = log
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = ingestMetrics(registry)
  const from = await lastTick(opened)
  const eventTime = config.time === 'event' ? eventClock(from) : undefined
  const clock = eventTime ?? liveClock()
  const common = { appender, wire, partitionsOf }
  const views = openReader(config.data)
  const tokens = openTokens(tokensFile(config), logger)
  const failed = failedAttempts()
  const guard = watchDisk(config, logger, until)
  const keys = partnerKeys(config)
  const open = sessions()
  const pipeline = () => pipelineHealth(log, config)
  const odoo = odooPoll(config, { ...opened, clock, metrics, registry, logger })

  const server = httpServer({ logger, metrics })
  await registerIngest(server, {
    ...{ ...common, clock, metrics, tokens, failedAttempts: failed, guard },
    keysOf: partner => keys.get(partner),
    odoo,
    versionOf: versionOf(views),
  })
  await registerRead(server, {
    ...{ ...common, views, pipeline, sessions: open, metrics: pipelineMetrics(registry, pipeline), version },
    findDeliveries: deliveriesIn(log, wire),
    findFixes: fixesIn(log, wire),
    letters: {
      all: () => lettersIn(opened),
      replay: (letter, now, actor) => replayLetter(opened, letter, now, actor),
    },
    now: () => eventTime?.now() ?? (Date.now() as Instant),
    requireRole: role => requires(tokens, failed, ...(role === 'read' ? (['read'] as const) : [])),
    openApi: [{ paths: ingestPaths, components: ingestComponents }],
  })
  const stop = new AbortController()
  const ticking = config.time === 'live' ? startTicking({ ...common, log: logger, from }) : undefined
  let polling: Promise<void> | undefined
  try {
    const address = await server.listen({ host: config.bind, port: config.httpPort })
    // Not before: a token that is made where nothing is served would never be shown.
    const first = await firstToken(tokensFile(config))
    announce(address, open.mintLink(address), first?.token)
    polling = odoo?.run(stop.signal)
    await Promise.race([aborted(until), ...(ticking ? [ticking.done] : []), ...(polling ? [polling] : [])])
  } finally {
    stop.abort()
    await polling?.catch(() => undefined)
    await server.close()
    await ticking?.stop()
    await appender.close()
    views.close()
    await log.close()
  }
}

/** What a person at the terminal needs; the token is shown this once and in no log. */
function announce(address: string, link: string, token: string | undefined): void {
  const lines = [`milepost: ready at ${address}`, `  control tower   ${link} (opens once)`]
  if (token !== undefined) lines.push(`  admin token     ${token} (shown this once: keep it)`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** The last tick in the log: time does not go back over a restart. */
async function lastTick({ log, wire }: Opened): Promise<Instant> {
  const { start, end } = await log.bounds(clockTicks.name, 0)
  if (end === start) return 0 as Instant
  const [last] = await log.read(clockTicks.name, 0, end - 1, { records: 1, bytes: 1 })
  return last ? wire.open(clockTicks, last.value, null).occurredAt : (0 as Instant)
}

const partnerKeys = ({ partners }: Config): ReadonlyMap<string, readonly VerifyingKey[]> =>
  new Map(Object.entries(partners).map(([name, { secret }]) => [name, [secret].flat().map(verifyingKey)]))

/** Why nothing can be taken in now: looked at every few seconds, because 2xx must never be followed by a full disk. */
function watchDisk({ data, diskLimit }: Config, logger: Logger, until: AbortSignal): () => string | undefined {
  let full: string | undefined
  const look = async () => {
    const { blocks, bfree, bavail } = await statfs(data)
    const used = (blocks - bfree) / (blocks - bfree + bavail)
    const was = full
    full =
      used >= diskLimit
        ? `the disk is ${Math.round(used * 100)} % full; nothing is taken in from ${Math.round(diskLimit * 100)} % on`
        : undefined
    if (full !== undefined && was === undefined) logger.error(full)
    if (full === undefined && was !== undefined) logger.info('there is room on the disk again')
  }
  const lookOrTell = () =>
    void look().catch((error: unknown) => logger.error({ err: error }, 'can’t tell how full the disk is'))
  const timer = setInterval(lookOrTell, GUARD_EVERY_MS)
  lookOrTell()
  until.addEventListener('abort', () => clearInterval(timer), { once: true })
  return () => full
}

/** The registry's text, with the pipeline's figures taken from the log when somebody asks. */
function pipelineMetrics(
  registry: Registry,
  pipeline: () => ReturnType<typeof pipelineHealth>,
): { contentType: string; metrics(): Promise<string> } {
  const gauge = (name: string, help: string, labelNames: string[] = ['hop']) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const read = gauge('milepost_hop_records_in_total', 'Records that a hop has read')
  const written = gauge('milepost_hop_records_out_total', 'Records that a hop has written')
  const dropped = gauge('milepost_hop_dropped_total', 'Records deliberately ignored', ['hop', 'reason'])
  const dead = gauge('milepost_hop_dead_letters_total', 'Records that could not be handled')
  const lag = gauge('milepost_hop_lag_records', 'Records not yet read')
  const up = gauge('milepost_hop_up', 'Whether a living process runs the hop')
  const tick = gauge('milepost_tick_seconds', 'The highest tick that was heard, seconds since the epoch', [])
  return {
    contentType: registry.contentType,
    async metrics() {
      const { hops, tick: heard } = await pipeline()
      tick.set((heard ?? 0) / 1_000)
      for (const hop of hops) {
        read.set({ hop: hop.hop }, hop.in)
        written.set({ hop: hop.hop }, hop.out)
        dead.set({ hop: hop.hop }, hop.deadLetters)
        lag.set({ hop: hop.hop }, hop.lag)
        up.set({ hop: hop.hop }, hop.state === 'stopped' ? 0 : 1)
        for (const [reason, n] of Object.entries(hop.dropped)) dropped.set({ hop: hop.hop, reason }, n)
      }
      return registry.metrics()
    },
  }
}
