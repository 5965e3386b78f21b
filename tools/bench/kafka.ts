/**
 * `npm run bench -- kafka [--rounds N --positions N --vehicles N --partitions N]`: what a position costs from HTTP to a
 * query in ClickHouse with the log on Kafka, exactly once, beside the same on the embedded log in the same run. Broker,
 * generator and all of Milepost share this machine; the registry is needed at the start only. Medians of the rounds.
 */
import { parseArgs } from 'node:util'
import { startKafka } from '../kafka/cluster.ts'
import { startRegistry } from '../kafka/registry.ts'
import { type FreshOptions, onFresh, type Throughput, throughput } from './run.ts'

const HOT = ['-Xmx1g', '-XX:TieredStopAtLevel=4']
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
const sum = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((a, b) => a + b, 0)
const say = (text: string) => process.stderr.write(`${text}\n`)

export async function benchKafka(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      positions: { type: 'string', default: '300000' },
      vehicles: { type: 'string', default: '1000' },
      partitions: { type: 'string', default: '4' },
      kinds: { type: 'string', default: 'embedded,kafka,kafka-2' },
    },
  })
  const positions = Number(values.positions)
  const kinds = values.kinds.split(',')
  const measured = new Map<string, Throughput[]>()
  for (let round = 1; round <= Number(values.rounds); round++)
    for (const kind of kinds) {
      const one = await run(kind, Number(values.vehicles), positions, values.partitions)
      measured.set(kind, [...(measured.get(kind) ?? []), one])
      say(`round ${round}, ${kind}: ${one.perSecond} positions/s, CPU µs a position ${JSON.stringify(one.cpuUs)}`)
    }
  const results = [...measured].map(([kind, rounds]) => ({
    kind,
    perSecond: median(rounds.map(one => one.perSecond)),
    cpuUs: median(rounds.map(one => sum(one.cpuUs))),
    cpuUsByProcess: rounds.at(-1)?.cpuUs,
    memoryMb: rounds.at(-1)?.memoryMb,
  }))
  process.stdout.write(`${JSON.stringify({ positions, vehicles: Number(values.vehicles), results }, null, 2)}\n`)
}

/** `embedded`, `kafka`, or `kafka-N` with N processes of processors. */
async function run(kind: string, vehicles: number, positions: number, partitions: string): Promise<Throughput> {
  const env = { MILEPOST_PARTITIONS: partitions }
  const measure = (options: FreshOptions, besides: readonly number[] = []) =>
    onFresh(running => throughput({ ...running, pids: [...running.pids, ...besides] }, vehicles, positions), options)
  if (kind === 'embedded') return measure({ env })
  await using kafka = await startKafka({ jvm: HOT })
  await using registry = await startRegistry()
  const at = { MILEPOST_KAFKA_BROKERS: kafka.bootstrap.join(','), MILEPOST_SCHEMA_REGISTRY_URL: registry.url }
  const brokers = kafka.nodes.flatMap(n => kafka.pid(n) ?? [])
  return await measure({ env: { ...env, ...at }, processors: Number(kind.split('-')[1] ?? 1) }, brokers)
}
