/**
 * `npm run bench [-- --rounds N --positions N]` (`npm run bench -- kafka`, `-- page`: see kafka.ts, page.ts): what a position costs from HTTP to a query in ClickHouse, on this
 * machine, generator included. Figures are medians of the rounds; CPU is what the kernel booked.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { latency, onFresh, type Throughput, throughput } from './run.ts'

if (process.argv[2] === 'kafka') {
  const { benchKafka } = await import('./kafka.ts')
  await benchKafka(process.argv.slice(3))
  process.exit()
}

if (process.argv[2] === 'page') {
  const { benchPage } = await import('./page.ts')
  await benchPage(process.argv.slice(3))
  process.exit()
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    positions: { type: 'string', default: '600000' },
    vehicles: { type: 'string', default: '1000,10000,100000' },
    'latency-rate': { type: 'string', default: '10000' },
    'latency-seconds': { type: 'string', default: '20' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
const sum = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((a, b) => a + b, 0)

say(`${availableParallelism()} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.versions.node}`)
const positions = Number(values.positions)
const results: Record<string, unknown> = { rounds: Number(values.rounds), positions }

const byVehicles = new Map<number, Throughput[]>()
for (let round = 1; round <= Number(values.rounds); round++)
  for (const vehicles of values.vehicles.split(',').map(Number)) {
    const one = await onFresh(running => throughput(running, vehicles, positions))
    byVehicles.set(vehicles, [...(byVehicles.get(vehicles) ?? []), one])
    say(
      `round ${round}, ${vehicles} vehicles: ${one.perSecond} positions/s, CPU µs a position ${JSON.stringify(one.cpuUs)}, memory MiB ${JSON.stringify(one.memoryMb)}`,
    )
  }
const base = byVehicles.values().next().value
results['throughput'] = [...byVehicles].map(([vehicles, rounds]) => ({
  vehicles,
  perSecond: median(rounds.map(one => one.perSecond)),
  cpuUs: median(rounds.map(one => sum(one.cpuUs))),
  cpuUsByProcess: rounds.at(-1)?.cpuUs,
  ofTheFirst:
    Math.round(
      (100 * median(rounds.map(one => sum(one.cpuUs)))) / median((base ?? rounds).map(one => sum(one.cpuUs))),
    ) / 100,
  memoryMb: median(rounds.map(one => Math.round(sum(one.memoryMb)))),
}))

const waits = await onFresh(running =>
  latency(running, Number(values['latency-rate']), Number(values['latency-seconds'])),
)
say(
  `at ${waits.perSecond} positions/s: p50 ${waits.p50Ms} ms, p99 ${waits.p99Ms} ms from receipt to queryable (${waits.samples} samples)`,
)
results['latency'] = waits
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
