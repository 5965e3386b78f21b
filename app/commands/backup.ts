import { parseArgs } from 'node:util'
import { sizeOf } from '../backup/manifest.ts'
import { takeBackup } from '../backup/take-backup.ts'
import { loadConfig } from '../config.ts'
import { type Command, print, printJson, UsageError } from './command.ts'
import { interruption, megabytes, progressLines } from '../backup/progress.ts'

export const backup: Command = {
  usage: `milepost backup --to DIRECTORY [--json]

Copies the running installation, all of it as of one moment, into a new directory. Nothing has to be stopped. In it are
the log with the state, the embedded ClickHouse with its password, and the tokens; not milepost.yaml, nor a ClickHouse
of your own. Only your user can read it: keep it as safe as the installation.`,
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: { to: { type: 'string' }, json: { type: 'boolean' } } })
    if (values.to === undefined) throw new UsageError('where to? --to DIRECTORY')
    const config = loadConfig(process.env)
    refuseKafka(config.kafkaBrokers)
    const begun = performance.now()
    const { manifest, heldMs } = await takeBackup(
      config,
      values.to,
      progressLines('backup'),
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
      if (clickhouse.kind === 'external')
        print(`ClickHouse at ${clickhouse.at} is not in it: it has its own backups, or needs them`)
      for (const table of leftOut) print(`left out: table ${table}, for its engine keeps no parts`)
      for (const sink of unsettled)
        print(`${sink} had a batch on its way for a minute (see milepost doctor): a restore brings that again`)
    }
    return 0
  },
}

export function refuseKafka(brokers: readonly string[] | undefined): void {
  if (brokers !== undefined)
    throw new UsageError('MILEPOST_KAFKA_BROKERS is set: this copies an installation with the embedded log')
}
