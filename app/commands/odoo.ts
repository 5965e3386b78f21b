import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { check } from '../../odoo/check.ts'
import { OdooAway, OdooClient, OdooRefused } from '../../odoo/client.ts'
import { install, uninstall } from '../../odoo/module/install.ts'
import { ConfigError, loadConfig } from '../config.ts'
import { type Command, print, printJson, UsageError } from './command.ts'

const ADMIN_KEY = 'MILEPOST_ODOO_ADMIN_KEY'
/** An installation sets up models and views, and has Odoo load them anew. */
const TIMEOUT_MS = 300_000

export const odoo: Command = {
  usage: `milepost odoo check [--json]
milepost odoo install [--admin-key-file FILE] [--json]
milepost odoo uninstall [--admin-key-file FILE] [--json]

check      whether Odoo answers, the key, the user’s rights, and the module; ends with 1 if something keeps it from working
install    brings the module "milepost" into Odoo, or its newer version: what shows cases, expected arrivals and milestones
           there. Records and answers of before stay.
uninstall  takes it out again, with all its records. Milepost goes on reading Odoo.

The last two need an API key of an administrator: in FILE, in ${ADMIN_KEY}_FILE, or in ${ADMIN_KEY}.
It is used for this one call and kept nowhere. Which Odoo: MILEPOST_ODOO_URL, _DATABASE, _API_KEY.`,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { 'admin-key-file': { type: 'string' }, json: { type: 'boolean', default: false } },
    })
    const [verb, ...more] = positionals
    const act = more.length === 0 ? ACTS[verb ?? ''] : undefined
    if (!act) throw new UsageError('check, install or uninstall?')
    const { odooUrl: url, odooDatabase: database, odooApiKey: apiKey } = loadConfig(process.env)
    if (url === undefined || database === undefined || apiKey === undefined)
      throw new ConfigError('which Odoo? Set MILEPOST_ODOO_URL, MILEPOST_ODOO_DATABASE and MILEPOST_ODOO_API_KEY')
    const clientOf = (key: string) => new OdooClient({ url, database, apiKey: key, timeoutMs: TIMEOUT_MS })
    try {
      return await act({
        ...{ url, json: values.json },
        bot: () => clientOf(apiKey),
        admin: () => clientOf(adminKey(values['admin-key-file'])),
      })
    } catch (error) {
      throw error instanceof OdooAway || error instanceof OdooRefused
        ? new Error(hinted(error), { cause: error })
        : error
    }
  },
}

interface Call {
  readonly url: string
  readonly json: boolean
  readonly bot: () => OdooClient
  readonly admin: () => OdooClient
}

const ACTS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  async check({ url, json, bot }) {
    const findings = await check(bot(), url, new Date())
    if (json) printJson(findings)
    else for (const { what, state, says } of findings) print(`${LABEL[state]} ${what}: ${says}`)
    return findings.some(({ state }) => state === 'bad') ? 1 : 0
  },
  async install({ json, admin }) {
    const done = await install(admin())
    if (json) printJson(done)
    else if (done.before === undefined) print(`the module milepost ${done.version} is in Odoo now`)
    else print(`the module milepost is ${done.version} now; it was ${done.before}. Its records have stayed.`)
    return 0
  },
  async uninstall({ json, admin }) {
    const wasThere = await uninstall(admin())
    if (json) printJson({ wasThere })
    else
      print(
        wasThere ? 'the module milepost and its records are gone from Odoo' : 'there was no module milepost in Odoo',
      )
    return 0
  },
}
const LABEL = { ok: 'ok  ', warn: 'warn', bad: 'BAD ' } as const

/** Never from the command line itself, which every process of the machine may read. */
function adminKey(named: string | undefined): string {
  const file = named ?? process.env[`${ADMIN_KEY}_FILE`] ?? ''
  const given = file === '' ? (process.env[ADMIN_KEY] ?? '') : read(file)
  if (given.trim() === '')
    throw new UsageError(`an administrator’s key is needed: --admin-key-file FILE, ${ADMIN_KEY}_FILE or ${ADMIN_KEY}`)
  return given.trim()
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // Not its name, which may be the key itself.
    throw new UsageError(
      `the file with the administrator’s key cannot be read (${(error as { code?: string }).code ?? '?'})`,
    )
  }
}

const hinted = (error: OdooAway | OdooRefused): string =>
  error instanceof OdooRefused && (error.status === 401 || error.status === 403)
    ? `${error.message}: the key has to be one of an administrator (Settings rights)`
    : error.message
