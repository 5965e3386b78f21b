/** A cluster and a registry in the foreground, for people: `node tools/kafka/run.ts --help`. */
import { parseArgs } from 'node:util'
import { startKafka } from './cluster.ts'
import { startRegistry } from './registry.ts'

const HELP = `Starts Apache Kafka and a schema registry on 127.0.0.1, with nothing in them, until Ctrl-C; what they hold goes with them.
Prints what to set so that Milepost uses them.

  node tools/kafka/run.ts [--brokers 3]

  --brokers N   how many; from 3 on each partition has three copies
Needs Java 17 or later, and Maven the first time.
`
const options = { brokers: { type: 'string', default: '1' }, help: { type: 'boolean', default: false } } as const

async function main(): Promise<void> {
  const { values } = parseArgs({ options })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const { promise: over, resolve: end } = Promise.withResolvers<unknown>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end)
  await using kafka = await startKafka({ brokers: Number(values.brokers) })
  await using registry = await startRegistry()
  process.stdout.write(
    `MILEPOST_KAFKA_BROKERS=${kafka.bootstrap.join(',')}\nMILEPOST_SCHEMA_REGISTRY_URL=${registry.url}\n`,
  )
  await over
}

await main()
