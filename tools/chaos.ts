/** Kills Milepost's processes while a world is sent, and compares what came of it: `node tools/chaos.ts --help`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kafkaRoundsOf, wreakOnKafka } from './chaos/on-kafka.ts'
import { chaos, type ChaosReport, killing } from './chaos/run.ts'
import { HOUR } from './feeder/delivery.ts'
import { makeWorld, type World } from './feeder/world.ts'
import { startKafka } from './kafka/cluster.ts'
import { startRegistry } from './kafka/registry.ts'

const HELP = `Sends a made-up world to a real Milepost whose processes are killed at random moments, and compares the outcome
with the world's truth, with an undisturbed run in order, and the tables of ClickHouse with the log.

  node tools/chaos.ts [--rounds 50] [--events 100000] [--seed 1]

  --rounds N    how often one of ingest, processors, sinks, ClickHouse, or all at once dies by kill -9
  --events N    how many events are sent at least: positions, carrier events, plans
  --seed N      the same seed is the same world and the same rounds
  --kafka       on three brokers, with three processes of processors: these are frozen too, and brokers die
  --partitions  of the topics there (default 6)
  --keep        leave the directories where they are
  --json        the report as JSON
Exit code 1 if anything is not as it has to be.
`
const options = {
  rounds: { type: 'string', default: '50' },
  events: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  kafka: { type: 'boolean', default: false },
  partitions: { type: 'string', default: '6' },
  keep: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const MOST_FAULTS = 50
const DAYS = 24 * HOUR

/** A world of at least so many events that ended some days ago. */
function worldOf(seed: string, events: number): { world: World; sent: number } {
  const startAt = Math.floor(Date.now() / DAYS - 30) * DAYS
  for (let vehicles = Math.max(3, Math.floor(events / 3_600)); ; vehicles = Math.ceil(vehicles * 1.1)) {
    const world = makeWorld({ seed, startAt, vehicles })
    const { positionsSent, carrierEventsSent, plansSent } = world.truth.totals
    const sent = positionsSent + carrierEventsSent + plansSent
    if (sent >= events) return { world, sent }
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [rounds, events] = [Number(values.rounds), Number(values.events)]
  if (!(Number.isInteger(rounds) && rounds > 0 && events > 0))
    throw new RangeError('--rounds and --events: whole numbers above 0')
  const told = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
  const { world, sent } = worldOf(values.seed, events)
  told(`seed ${values.seed}: ${sent} events of ${world.truth.totals.shipments} shipments, ${rounds} rounds`)
  const root = mkdtempSync(join(tmpdir(), 'milepost-chaos-'))
  try {
    const report = values.kafka
      ? await onKafka(world, rounds, values.partitions, root, told)
      : await chaos({ world, root, told, wreak: killing(world, rounds, told) })
    process.stdout.write(
      values.json ? `${JSON.stringify({ seed: values.seed, sent, ...report })}\n` : textOf(report, sent),
    )
    return report.faults.length === 0 ? 0 : 1
  } finally {
    if (values.keep) told(`kept: ${root}`)
    else rmSync(root, { recursive: true, force: true })
  }
}

async function onKafka(
  world: World,
  rounds: number,
  partitions: string,
  root: string,
  told: (line: string) => void,
): Promise<ChaosReport> {
  await using kafka = await startKafka({ brokers: 3 })
  await using registry = await startRegistry()
  const env = {
    MILEPOST_KAFKA_BROKERS: kafka.bootstrap.join(','),
    MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
    MILEPOST_PARTITIONS: partitions,
  }
  const planned = kafkaRoundsOf(world.truth.seed, rounds)
  return await chaos({
    ...{ world, root, env, told },
    wreak: (at, then) => wreakOnKafka(at, kafka, world.deliveries, planned, then, told),
  })
}

function textOf({ havoc, milestones, openCases, records, seconds, faults }: ChaosReport, sent: number): string {
  const died = Object.entries(havoc.kills).map(([victim, n]) => `${victim} ${n}`)
  return [
    `${sent} events in ${havoc.sent} requests, ${havoc.retries} of them sent again; ${seconds.chaos.toFixed(0)} s, in order ${seconds.inOrder.toFixed(0)} s`,
    `done: ${died.join(', ')}`,
    `${records} records in the log, ${milestones} milestones, ${openCases} open cases`,
    `mismatches: ${faults.length}`,
    ...faults.slice(0, MOST_FAULTS).map(fault => `  ${fault}`),
    '',
  ].join('\n')
}

process.exitCode = await main()
