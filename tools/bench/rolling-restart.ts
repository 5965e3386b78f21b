/**
 * `node tools/bench/rolling-restart.ts [--vehicles 60 --partitions 6]`: three processes of processors on Kafka are stopped
 * and started again one after the other, while each of some vehicles sends a position every 250 ms. Prints how long the
 * slowest position took from its receipt to what was made of it, before, during and after: the longest pause of any key.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Opened } from '../../app/open-log.ts'
import { pipelineHealth } from '../../app/pipeline-health.ts'
import { vehiclePositions } from '../../schemas/topics.ts'
import { Installation } from '../chaos/installation.ts'
import { startKafka } from '../kafka/cluster.ts'
import { startRegistry } from '../kafka/registry.ts'

const { values } = parseArgs({
  options: { vehicles: { type: 'string', default: '60' }, partitions: { type: 'string', default: '6' } },
})
const PROCESSES = 3
const EVERY_MS = 250
const CALM_MS = 10_000
const say = (text: string) => process.stderr.write(`${text}\n`)

await using kafka = await startKafka()
await using registry = await startRegistry()
const root = mkdtempSync(join(tmpdir(), 'milepost-bench-'))
const env = {
  MILEPOST_KAFKA_BROKERS: kafka.bootstrap.join(','),
  MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
  MILEPOST_PARTITIONS: values.partitions,
  MILEPOST_TIME: 'live',
  MILEPOST_LOG_LEVEL: 'warn',
}
const at = await Installation.make({ root, env })
const ingest = at.start('ingest')
const processors = Array.from({ length: PROCESSES }, () => at.start('processors'))
const names = Array.from({ length: Number(values.vehicles) }, (_, n) => `v${n}`)
const over = new AbortController()
/** By phase: how long each position took, ms. */
const waits = new Map<string, number[]>()
let phase = 'before'
try {
  await at.ready(ingest)
  const opened = await at.open()
  await until('every task runs', async () => {
    const { hops } = await pipelineHealth(opened.log)
    return hops.every(({ kind, state }) => kind === 'sink' || state === 'running')
  })
  await Promise.all([sendAll(), watch(opened), restartAll()])
  await opened.log.close()
} finally {
  over.abort()
  await Promise.all([ingest, ...processors].map(program => program.stop()))
  rmSync(root, { recursive: true, force: true })
}
const results = [...waits].map(([when, all]) => {
  const sorted = all.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
  return { when, positions: all.length, p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1) }
})
process.stdout.write(`${JSON.stringify({ processes: PROCESSES, results }, null, 2)}\n`)
process.exit()

async function restartAll(): Promise<void> {
  await sleep(CALM_MS)
  phase = 'during'
  for (const [n, program] of processors.entries()) {
    const began = performance.now()
    await program.stop()
    say(`processors ${n + 1} stopped after ${Math.round(performance.now() - began)} ms`)
    processors[n] = at.start('processors')
    await sleep(CALM_MS)
  }
  phase = 'after'
  await sleep(CALM_MS)
  over.abort()
}

async function sendAll(): Promise<void> {
  while (!over.signal.aborted) {
    const occurredAt = new Date().toISOString()
    const fixes = names.map(vehicleId => ({ vehicleId, occurredAt, latitude: 50, longitude: 9 }))
    const answer = await at.fetch('/v1/positions', { method: 'POST', body: JSON.stringify(fixes) })
    if (!answer.ok) throw new Error(`POST /v1/positions: ${answer.status}`)
    await sleep(EVERY_MS)
  }
}

async function watch({ log, wire }: Opened): Promise<void> {
  const partitions = Array.from({ length: log.partitionsOf(vehiclePositions.name) }, (_, n) => n)
  const tails = partitions.map(n => log.tail(vehiclePositions.name, n, 0))
  for (let seen = -1; !over.signal.aborted; seen = await log.changed(seen, 1_000))
    for (const tail of tails)
      for (const { value, cause } of await tail.take({ records: 10_000, bytes: 10_000_000 })) {
        const { occurredAt } = wire.open(vehiclePositions, value, cause)
        waits.set(phase, [...(waits.get(phase) ?? []), Date.now() - occurredAt])
      }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`)
    await sleep(200)
  }
}
