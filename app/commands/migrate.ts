import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, loadConfig } from '../config.ts'
import { lookAhead } from '../migrate/look-ahead.ts'
import { migrate as moveLog, type Report } from '../migrate/migrate.ts'
import { megabytes } from '../backup/progress.ts'
import { sinkNames } from '../sinks.ts'
import { type Command, print, printJson, UsageError } from './command.ts'

const EVERY_MS = 2_000

export const migrate: Command = {
  usage: `milepost migrate --from DIRECTORY [--wait] [--dry-run] [--json]
milepost migrate --from-namespace NAME [--wait] [--dry-run] [--json]

Moves an installation to the log that the settings name: topics, state, alarms, offsets. They are those that it will be
started with; MILEPOST_PARTITIONS may be another number than before.

  --from            the data directory of an installation with the embedded log
  --from-namespace  what its topics on the same Kafka begin with
  --wait            wait until it has been stopped, and go on; else call it again then
  --dry-run         look and tell, but change nothing

Begin while it runs: most is copied meanwhile. Nothing is changed in the log that is left. A migration that was broken off
goes on when it is started again.`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        from: { type: 'string' },
        'from-namespace': { type: 'string' },
        wait: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        json: { type: 'boolean' },
      },
    })
    const to = loadConfig(process.env)
    const from = sourceOf(to, values.from, values['from-namespace'])
    if (values['dry-run']) {
      const ahead = await lookAhead(from, to)
      if (values.json) printJson(ahead)
      else for (const line of ahead.lines) print(line)
      return ahead.refused === null ? 0 : 1
    }
    const report = await moveLog({
      ...{ from, to, wait: values.wait ?? false, until: interruption() },
      told: line => process.stderr.write(`migrate: ${line}\n`),
      progress: progressLines(),
    })
    const next = report.missing === null ? nextSteps(from, to) : []
    if (values.json) printJson({ ...report, next })
    else tell(report, next)
    return report.missing === null ? 0 : 1
  },
}

/** The settings of the installation as it is. */
function sourceOf(to: Config, directory: string | undefined, namespace: string | undefined): Config {
  if ((directory === undefined) === (namespace === undefined))
    throw new UsageError('where from? --from DIRECTORY, or --from-namespace NAME')
  if (namespace !== undefined) {
    if (!to.kafkaBrokers) throw new UsageError('--from-namespace is of Kafka: set MILEPOST_KAFKA_BROKERS')
    if (namespace === to.namespace)
      throw new UsageError(`--from-namespace is MILEPOST_NAMESPACE itself (${namespace}): name the new one there`)
    return { ...to, namespace }
  }
  const data = resolve(directory ?? '')
  if (!to.kafkaBrokers && data === to.data)
    throw new UsageError(
      `--from is MILEPOST_DATA itself: where to? Set MILEPOST_KAFKA_BROKERS, or another MILEPOST_DATA`,
    )
  const embedded = { ...to, data }
  delete embedded.kafkaBrokers
  // Its tables are there, wherever those of the new installation will be.
  if (hasClickHouse(data)) delete embedded.clickhouseUrl
  if (existsSync(join(data, 'clickhouse-password'))) delete embedded.clickhousePassword
  return embedded
}

const hasClickHouse = (data: string) => existsSync(join(data, 'clickhouse'))

function nextSteps(from: Config, to: Config): string[] {
  const steps: string[] = []
  if (from.data !== to.data)
    steps.push(
      `Move tokens.json, clickhouse-password and clickhouse/ from ${from.data} to ${to.data}, as far as they are there.`,
    )
  if (!from.kafkaBrokers && hasClickHouse(from.data) && to.clickhouseUrl !== undefined)
    steps.push(
      `The tables are in ${from.data}/clickhouse, and MILEPOST_CLICKHOUSE_URL names another. Let that have what the log still holds: milepost replay ${tableSinks().join(' ')}`,
    )
  steps.push('Start Milepost, every part of it, with these settings. The control tower fills up from the log.')
  steps.push(
    from.kafkaBrokers
      ? `Delete the topics ${from.namespace}.* once you are content: until then you can go back, without what has come since.`
      : `Delete ${from.data}/milepost.sqlite once you are content: until then you can go back, without what has come since.`,
  )
  return steps
}

const tableSinks = () => sinkNames().flatMap(({ name }) => (name.startsWith('clickhouse/') ? [name] : []))

function tell({ missing, records, bytes, tasks, facts, seconds, logId }: Report, next: readonly string[]): void {
  const count = Object.values(records).reduce((sum, n) => sum + n, 0)
  if (count > 0) print(`${count.toLocaleString('en')} records copied and compared, of them ${megabytes(bytes)} now`)
  if (missing !== null) {
    print(`Next: ${missing}. Then call this again.`)
    return
  }
  const rows = Object.values(tasks).reduce((sum, task) => sum + task.rows + task.alarms, 0)
  if (facts) {
    print(`${Object.keys(tasks).length} tasks keep ${rows.toLocaleString('en')} rows and alarms, as they did`)
    const { shipments, milestones, etas, openCases } = facts
    print(`both logs say: ${shipments} shipments, ${milestones} milestones, ${etas} ETAs, ${openCases} open cases`)
    print(
      `${seconds.total} s, ${seconds.stopped} s of them since it was stopped (${seconds.drained} s to finish what it had taken in)`,
    )
  }
  print(`The new log is whole (${logId.slice(0, 8)}).`)
  for (const step of next) print(`Next: ${step}`)
}

function progressLines(): (records: number, of: number) => void {
  let last = performance.now()
  return (records, of) => {
    if (performance.now() - last < EVERY_MS) return
    last = performance.now()
    process.stderr.write(`migrate: ${records.toLocaleString('en')} of ${of.toLocaleString('en')} records\n`)
  }
}

/** Aborts on SIGINT and SIGTERM, with the error that is to be told. */
function interruption(): AbortSignal {
  const stop = new AbortController()
  const end = () => stop.abort(Object.assign(new Error('broken off; started again it goes on'), { exitCode: 130 }))
  process.once('SIGINT', end).once('SIGTERM', end)
  return stop.signal
}
