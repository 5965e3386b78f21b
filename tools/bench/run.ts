/** One benchmark on a fresh installation: load goes in by HTTP, and counts as done when ClickHouse answers with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickHouse } from '../../sinks/clickhouse/client.ts'
import { Installation } from '../chaos/installation.ts'
import { positionsLoad } from '../feeder/load.ts'
import { send } from '../feeder/send.ts'
import { type Usage, usageBelow } from './processes.ts'

export interface Throughput {
  readonly vehicles: number
  readonly positions: number
  /** From the first request to the last row that can be queried. */
  readonly seconds: number
  readonly perSecond: number
  /** CPU µs a position, by process; `generator` is this one. */
  readonly cpuUs: Readonly<Record<string, number>>
  readonly memoryMb: Readonly<Record<string, number>>
}

export interface Running {
  readonly installation: Installation
  /** Of the programs that were started; what they start counts with them. */
  readonly pids: readonly number[]
  readonly token: string
  /** Opens the control tower, once. */
  readonly link: string
  readonly rows: ReturnType<typeof rowsIn>
}

export interface FreshOptions {
  /** Settings that differ. */
  readonly env?: Readonly<Record<string, string>>
  /** How many processes run the processors. */
  readonly processors?: number
}

/** A fresh installation, ready, in live time; stopped and removed in the end. */
export async function onFresh<T>(
  work: (running: Running) => Promise<T>,
  { env = {}, processors = 1 }: FreshOptions = {},
): Promise<T> {
  const root = mkdtempSync(join(process.env['MILEPOST_BENCH_DIR'] ?? tmpdir(), 'milepost-bench-'))
  const settings = { MILEPOST_TIME: 'live', MILEPOST_LOG_LEVEL: 'warn', ...env }
  const installation = await Installation.make({ root, env: settings })
  const program = installation.start('all')
  const more = Array.from({ length: processors - 1 }, () => installation.start('processors'))
  try {
    await installation.ready(program)
    const clickhouse = await installation.clickhouse()
    const rows = rowsIn(clickhouse)
    while ((await rows('')) < 0) await new Promise(resolve => setTimeout(resolve, 100))
    const pids = [program, ...more].map(({ pid }) => pid)
    const result = await work({
      installation,
      pids,
      token: await installation.token(),
      link: linkIn(program.stdout),
      rows,
    })
    await clickhouse.close()
    return result
  } finally {
    await Promise.all([program, ...more].map(one => one.stop()))
    rmSync(root, { recursive: true, force: true })
  }
}

const linkIn = (said: string): string => /control tower\s+(\S+)/.exec(said)?.[1] ?? ''

/** Rows of vehicle_positions whose vehicle begins so; -1: it can't be asked, as long as there is no table. */
export const rowsIn =
  (clickhouse: ClickHouse) =>
  async (prefix: string): Promise<number> => {
    const [row] = await clickhouse
      .query<{ rows: string }>(
        'SELECT count() AS rows FROM vehicle_positions WHERE startsWith(vehicle_id, {prefix:String})',
        { prefix },
      )
      .catch(() => [])
    return Number(row?.rows ?? -1)
  }

/** As fast as it goes. */
export async function throughput(
  { installation, pids, token, rows }: Omit<Running, 'link'>,
  vehicles: number,
  positions: number,
): Promise<Throughput> {
  const prefix = `v${vehicles}`
  const before = usageBelow(pids)
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  const load = positionsLoad({ vehicles, positions, endAt: Date.now(), prefix })
  await send(load, { url: installation.url, token }, { concurrency: 4 })
  const generator = process.cpuUsage(cpuBefore)
  while ((await rows(prefix)) < positions) await new Promise(resolve => setTimeout(resolve, 50))
  const seconds = (performance.now() - began) / 1_000
  const after = usageBelow(pids)
  const cpu = [...after].map(
    ([name, { cpuS }]) => [name, ((cpuS - (before.get(name)?.cpuS ?? 0)) * 1e6) / positions] as const,
  )
  return {
    ...{ vehicles, positions, seconds: round(seconds), perSecond: Math.round(positions / seconds) },
    cpuUs: rounded([...cpu, ['generator', (generator.user + generator.system) / positions]]),
    memoryMb: rounded([...after].map(([name, usage]: [string, Usage]) => [name, usage.memoryMb] as const)),
  }
}

export interface Latency {
  readonly perSecond: number
  readonly samples: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** From the answer 200 of a position to a query that finds it, while so many others a second go in beside it. */
export async function latency(
  { installation, token, rows }: Pick<Running, 'installation' | 'token' | 'rows'>,
  perSecond: number,
  forSeconds: number,
): Promise<Latency> {
  const stop = new AbortController()
  const load = positionsLoad({
    vehicles: 1_000,
    positions: perSecond * (forSeconds + 5),
    endAt: Date.now(),
    prefix: 'beside',
  })
  const beside = send(
    load,
    { url: installation.url, token },
    { positionsPerSecond: perSecond, concurrency: 2, signal: stop.signal },
  )
  const waits: number[] = []
  const until = performance.now() + forSeconds * 1_000
  for (let n = 0; performance.now() < until; n++) {
    const vehicleId = `canary-${perSecond}-${n}-`
    const fix = { vehicleId, occurredAt: new Date().toISOString(), latitude: 50, longitude: 9 }
    const answer = await installation.fetch('/v1/positions', { method: 'POST', body: JSON.stringify([fix]) })
    if (!answer.ok) throw new Error(`POST /v1/positions: ${answer.status}`)
    const received = performance.now()
    while ((await rows(vehicleId)) < 1) await new Promise(resolve => setTimeout(resolve, 10))
    waits.push(performance.now() - received)
    await new Promise(resolve => setTimeout(resolve, 37))
  }
  stop.abort()
  await beside
  waits.sort((a, b) => a - b)
  const at = (part: number) => Math.round(waits[Math.min(waits.length - 1, Math.floor(waits.length * part))] ?? 0)
  return { perSecond, samples: waits.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

const round = (n: number) => Math.round(n * 100) / 100
const rounded = (entries: readonly (readonly [string, number])[]) =>
  Object.fromEntries(entries.map(([name, n]) => [name, round(n)]))
