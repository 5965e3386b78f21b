/** The same day on the embedded log and on Kafka, cut and spread in different ways: `node tools/same-day.ts --help`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { HOUR } from './feeder/delivery.ts'
import { makeWorld } from './feeder/world.ts'
import { sameDay } from './same-day/compare.ts'
import { onKafka } from './same-day/setups.ts'

const HELP = `Sends one made-up world to several Milepost installations, one after the other: on the embedded log, and on Kafka with
each number of partitions and each number of processor processes. Compares every outcome with the world's truth and with
that on the embedded log, and the tables of ClickHouse with the log. Starts Kafka and a registry of its own.

  node tools/same-day.ts [--vehicles 30] [--partitions 1,6,12] [--processes 1,3] [--seed 1]

  --vehicles N       how large the world is: some 3,600 events each
  --partitions LIST  of each topic
  --processes LIST   how many processes share the processors
  --seed N           the same seed is the same world
  --keep             leave the directories where they are
Exit code 1 if anything is not as it has to be.
`
const options = {
  vehicles: { type: 'string', default: '30' },
  partitions: { type: 'string', default: '1,6,12' },
  processes: { type: 'string', default: '1,3' },
  seed: { type: 'string', default: '1' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const DAYS = 24 * HOUR
const MOST_FAULTS = 50

function numbers(option: string, list: string): number[] {
  const all = list.split(',').map(Number)
  if (!all.every(n => Number.isInteger(n) && n > 0)) throw new RangeError(`--${option}: whole numbers above 0`)
  return all
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const told = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)
  const [vehicles = 0] = numbers('vehicles', values.vehicles)
  const processes = numbers('processes', values.processes)
  const setups = numbers('partitions', values.partitions).flatMap(count => processes.map(n => onKafka(count, n)))
  const world = makeWorld({ seed: values.seed, startAt: Math.floor(Date.now() / DAYS - 30) * DAYS, vehicles })
  const { positionsSent, carrierEventsSent, plansSent, shipments } = world.truth.totals
  told(`seed ${values.seed}: ${positionsSent + carrierEventsSent + plansSent} events of ${shipments} shipments`)
  const root = mkdtempSync(join(tmpdir(), 'milepost-same-day-'))
  try {
    const { faults, ended } = await sameDay({ world, setups, root, told })
    const { milestones = [], 'open cases': openCases = [] } = ended.get('embedded')?.outcome ?? {}
    process.stdout.write(
      [
        `${milestones.length} milestones, ${openCases.length} open cases in each of ${ended.size} installations`,
        `mismatches: ${faults.length}`,
        ...faults.slice(0, MOST_FAULTS).map(fault => `  ${fault}`),
        '',
      ].join('\n'),
    )
    return faults.length === 0 ? 0 : 1
  } finally {
    if (values.keep) told(`kept: ${root}`)
    else rmSync(root, { recursive: true, force: true })
  }
}

process.exitCode = await main()
