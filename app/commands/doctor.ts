import { existsSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { loadConfig } from '../config.ts'
import { openFor } from '../open-log.ts'
import { pipelineHealth } from '../pipeline-health.ts'
import { clickhouseOf } from '../run-sinks.ts'
import { type Command, print, printJson } from './command.ts'

interface Finding {
  readonly what: string
  readonly ok: boolean
  readonly says: string
}

export const doctor: Command = {
  usage: 'milepost doctor [--json]',
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } })
    const findings: Finding[] = []
    const look = async (what: string, at: () => Promise<string>) => {
      try {
        findings.push({ what, ok: true, says: await at() })
      } catch (error) {
        findings.push({ what, ok: false, says: error instanceof Error ? error.message : String(error) })
      }
    }
    await look('node', () => {
      if (Number(process.versions.node.split('.')[0]) < 24)
        throw new Error(`${process.versions.node}: 24 or newer is needed; npm ci brings its own`)
      return Promise.resolve(process.versions.node)
    })
    const config = loadConfig(process.env)
    await look('data directory', async () => {
      await access(config.data, constants.R_OK | constants.W_OK)
      const { bavail, bsize } = await statfs(config.data)
      return `${config.data}, ${Math.round((bavail * bsize) / 2 ** 30)} GiB free`
    })
    // Whoever looks makes nothing: neither a log nor a password.
    const isThere = existsSync(config.data)
    if (isThere)
      await look('log', async () => {
        const { log, warnings = [] } = await openFor(config, 'visitor')
        findings.push(...warnings.map(says => ({ what: 'registry', ok: false, says })))
        try {
          const says = await log.check()
          const { hops } = await pipelineHealth(log, config)
          for (const hop of hops)
            findings.push({
              what: hop.hop,
              ok: hop.state !== 'stopped',
              says: hop.detail ?? `${hop.state}, ${hop.lag} unread, ${hop.deadLetters} dead letters`,
            })
          return says
        } finally {
          await log.close()
        }
      })
    if (isThere)
      await look('clickhouse', async () => {
        const clickhouse = clickhouseOf(config)
        try {
          const [row] = await clickhouse.query<{ version: string; positions: string }>(
            'SELECT version() AS version, (SELECT count() FROM vehicle_positions) AS positions',
          )
          return `${row?.version ?? '?'}, ${row?.positions ?? '?'} vehicle positions`
        } finally {
          await clickhouse.close()
        }
      })
    if (values.json) printJson(findings)
    else for (const { what, ok, says } of findings) print(`${ok ? 'ok  ' : 'BAD '} ${what}: ${says}`)
    return findings.every(({ ok }) => ok) ? 0 : 1
  },
}
