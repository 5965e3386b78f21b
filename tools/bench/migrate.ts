/**
 * `node tools/bench/migrate.ts [--positions N --vehicles N --partitions N]`: a running installation with the embedded log is
 * moved to Kafka while positions go on coming in; how long that takes, and how long nothing is taken in.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Installation } from '../chaos/installation.ts'
import { Program } from '../chaos/program.ts'
import { positionsLoad } from '../feeder/load.ts'
import { send } from '../feeder/send.ts'
import { startKafka } from '../kafka/cluster.ts'
import { startRegistry } from '../kafka/registry.ts'
import { rowsIn } from './run.ts'

const { values } = parseArgs({
  options: {
    positions: { type: 'string', default: '1000000' },
    vehicles: { type: 'string', default: '100000' },
    partitions: { type: 'string', default: '12' },
    'per-second': { type: 'string', default: '500' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
const [positions, vehicles] = [Number(values.positions), Number(values.vehicles)]

const root = mkdtempSync(join(process.env['MILEPOST_BENCH_DIR'] ?? tmpdir(), 'milepost-bench-'))
const [cluster, registry] = await Promise.all([startKafka(), startRegistry()])
const settings = { MILEPOST_TIME: 'live', MILEPOST_LOG_LEVEL: 'warn' }
const at = await Installation.make({ root, env: settings })
const onKafka = {
  MILEPOST_KAFKA_BROKERS: cluster.bootstrap.join(),
  MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
  MILEPOST_PARTITIONS: values.partitions,
}
let running = at.start('all')
try {
  await at.ready(running)
  const token = await at.token()
  const target = { url: at.url, token }
  const rowsOf = async (prefix: string) => {
    const clickhouse = await at.clickhouse()
    try {
      return await rowsIn(clickhouse)(prefix)
    } finally {
      await clickhouse.close()
    }
  }
  const arrived = async (prefix: string, count: number) => {
    let rows = 0
    while ((rows = await rowsOf(prefix)) < count) await sleep(200)
    return rows
  }
  say('filling')
  await send(positionsLoad({ vehicles, positions, endAt: Date.now(), prefix: 'load' }), target, { concurrency: 4 })
  await arrived('load', positions)
  const logMb = Math.round(statSync(join(at.data, 'milepost.sqlite')).size / 1e6)
  say(`filled: the log has ${logMb} MB`)

  // Whoever sends goes on, and tries again while nobody answers.
  let [taken, lastTaken, longestMs] = [0, performance.now(), 0]
  const stop = new AbortController()
  const beside = positionsLoad({
    vehicles: 1_000,
    positions: 10_000_000,
    perRequest: 100,
    endAt: Date.now(),
    prefix: 'beside',
  })
  const sending = send(beside, target, {
    positionsPerSecond: Number(values['per-second']),
    giveUpAfterMs: 600_000,
    signal: stop.signal,
    onAnswer: report => {
      if (report.positions === taken) return
      taken = report.positions
      longestMs = Math.max(longestMs, performance.now() - lastTaken)
      lastTaken = performance.now()
    },
  })
  await sleep(2_000)
  longestMs = 0

  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('MILEPOST_'))
  const env = { ...settings, MILEPOST_DATA: at.data, MILEPOST_CLICKHOUSE_PORT: String(at.clickhousePort), ...onKafka }
  const begun = performance.now()
  const moving = new Program(
    ['migrate', '--from', at.data, '--wait', '--json'],
    { ...Object.fromEntries(outside), ...env },
    root,
  )
  while (!moving.stderr.includes('stop it') && moving.lives) await sleep(20)
  const copiedMs = performance.now() - begun
  say(moving.stderr)
  const stopping = performance.now()
  await running.stop()
  const stopMs = performance.now() - stopping
  const { code } = await moving.ended
  await moving.silent
  if (code !== 0) throw new Error(moving.stderr)
  const report = JSON.parse(moving.stdout) as {
    records: Record<string, number>
    tasks: Record<string, { rows: number; alarms: number }>
    bytes: number
    seconds: object
  }
  const starting = performance.now()
  running = at.start('all', onKafka)
  await at.ready(running)
  const startMs = performance.now() - starting
  await sleep(5_000)
  stop.abort()
  const sent = await sending
  const rows = { load: await arrived('load', positions), beside: await arrived('beside', sent.positions) }
  const seconds = (ms: number) => Math.round(ms) / 1_000
  const result = {
    positions,
    vehicles,
    logMb,
    records: Object.values(report.records).reduce((sum, n) => sum + n, 0),
    copiedMb: Math.round(report.bytes / 1e6),
    rows: Object.values(report.tasks).reduce((sum, task) => sum + task.rows + task.alarms, 0),
    seconds: {
      ...report.seconds,
      whileItRan: seconds(copiedMs),
      toStop: seconds(stopMs),
      toStart: seconds(startMs),
      nothingTakenIn: seconds(longestMs),
    },
    inClickHouse: rows,
    sentBeside: sent.positions,
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
} finally {
  await running.stop()
  await Promise.all([cluster.close(), registry.close()])
  rmSync(root, { recursive: true, force: true })
}
