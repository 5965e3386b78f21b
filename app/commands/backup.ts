import { parseArgs } from 'node:util'
import { sizeOf } from '../backup/manifest.ts'
import { takeBackup } from '../backup/take-backup.ts'
import { type Config, loadConfig } from '../config.ts'
import { type Command, print, printJson, UsageError } from './command.ts'
import { interruption, megabytes, progressLines, records } from '../backup/progress.ts'

export const backup: Command = {
  usage: `milepost backup --to DIRECTORY [--json]

Copies the running installation, all of it as of one moment, into a new directory. Nothing has to be stopped. In it are
the log with the state, the embedded ClickHouse with its password, and the tokens; not milepost.yaml, nor a ClickHouse
of your own. Of an installation on Kafka it is the log with the state, as one file, and the tokens that lie in
MILEPOST_DATA. Only your user can read it: keep it as safe as the installation.`,
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: { to: { type: 'string' }, json: { type: 'boolean' } } })
    if (values.to === undefined) throw new UsageError('where to? --to DIRECTORY')
    const config = loadConfig(process.env)
    const begun = performance.now()
    const { manifest, heldMs } = await takeBackup(
      config,
      values.to,
      progressLines('backup', config.kafkaBrokers ? records : megabytes),
      interruption('the backup'),
    )
    const { takenAt, log, clickhouse, files } = manifest
    const seconds = Math.round(performance.now() - begun) / 1_000
    const bytes = sizeOf(manifest)
    const { leftOut, unsettled } = clickhouse.kind === 'embedded' ? clickhouse : { leftOut: [], unsettled: [] }
    if (values.json)
      printJson({
        ...{ takenAt, logId: log.id, clickhouse: clickhouse.kind, files: files.length, bytes, seconds, heldMs },
        ...{ leftOut, unsettled },
      })
    else {
      print(`${values.to}: the installation as of ${takenAt}`)
      print(`${megabytes(bytes)} in ${files.length} files, ${seconds} s; commits waited ${Math.round(heldMs)} ms`)
      if (clickhouse.kind === 'external') print(withoutTables(config, clickhouse.at))
      if (!files.some(({ path }) => path === 'tokens.json'))
        print(`no tokens are in it: there is no tokens.json in ${config.data}`)
      for (const table of leftOut) print(`left out: table ${table}, for its engine keeps no parts`)
      for (const sink of unsettled)
        print(`${sink} had a batch on its way for a minute (see milepost doctor): a restore brings that again`)
    }
    return 0
  },
}

const withoutTables = ({ clickhouseUrl }: Config, at: string): string =>
  clickhouseUrl === undefined
    ? `the embedded ClickHouse (${at}) is not in it: tables of a restore get what the log still holds`
    : `ClickHouse at ${at} is not in it: it has its own backups, or needs them`
