import { parseArgs } from 'node:util'
import { sizeOf } from '../backup/manifest.ts'
import { putBack } from '../backup/put-back.ts'
import { type Config, loadConfig } from '../config.ts'
import { tables } from '../../sinks/clickhouse/tables.ts'
import { minutes } from '../../streams/time.ts'
import { type Command, isoOf, print, printJson, UsageError } from './command.ts'
import { interruption, megabytes, progressLines } from '../backup/progress.ts'

/** What two machines' clocks may differ by. */
const CLOCKS_MS = minutes(5)

export const restore: Command = {
  usage: `milepost restore --from DIRECTORY [--json]

Makes a new installation in MILEPOST_DATA, which has to be empty, of what "milepost backup" wrote. Every file is compared
with what was written; a backup that is damaged or not whole is refused, and nothing is left in MILEPOST_DATA.`,
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: { from: { type: 'string' }, json: { type: 'boolean' } } })
    if (values.from === undefined) throw new UsageError('where from? --from DIRECTORY')
    const config = loadConfig(process.env)
    if (config.kafkaBrokers) throw new UsageError(toKafka(values.from))
    const begun = performance.now()
    const done = await putBack(config, values.from, progressLines('restore'), interruption('the restore'))
    const { takenAt, clickhouse } = done.manifest
    const seconds = Math.round(performance.now() - begun) / 1_000
    const bytes = sizeOf(done.manifest)
    const first = done.rewound ? beforeStart(Date.parse(takenAt), config) : []
    if (values.json)
      printJson({ takenAt, logId: done.logId, clickhouse: clickhouse.kind, bytes, seconds, beforeStart: first })
    else {
      print(`${config.data}: the installation as of ${takenAt}, ${megabytes(bytes)}, ${seconds} s`)
      print('What was taken in since is not in it. milepost.yaml is yours to bring.')
      if (first.length > 0) {
        print(
          '\nClickHouse was not in the backup. Give it back its own, if it was lost too, and run there, before you start:\n',
        )
        for (const statement of first) print(`${statement};`)
        print('\nThen start. The tables get everything again that the log holds; what they have is not doubled.')
      } else if (done.rewound) print('The tables were of another ClickHouse: they get what the log still holds.')
    }
    return 0
  },
}

const toKafka = (from: string): string =>
  `MILEPOST_KAFKA_BROKERS is set, and a backup is restored into a data directory. To bring it to Kafka:
  1. without MILEPOST_KAFKA_BROKERS, and with MILEPOST_DATA=DIRECTORY, a new one: milepost restore --from ${from}
  2. with the settings as they are now, and a MILEPOST_NAMESPACE that is not in use: milepost migrate --from DIRECTORY`

/** What a ClickHouse server of later than the log has to forget: what became available since then, or just before. */
function beforeStart(takenAt: number, { clickhouseUrl }: Config): string[] {
  if (clickhouseUrl === undefined) return []
  const since = isoOf(takenAt - CLOCKS_MS)
    .replace('T', ' ')
    .replace('Z', '')
  return [
    ...tables.map(
      ({ name }) => `ALTER TABLE milepost.${name} DELETE WHERE available_at >= '${since}' SETTINGS mutations_sync = 1`,
    ),
    'TRUNCATE TABLE milepost.position_lag',
  ]
}
