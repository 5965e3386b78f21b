/**
 * A real Odoo 19 Community into a cache that goes with this checkout: `node tools/odoo-real/install.ts`. Needs apt, Python
 * 3.11, PostgreSQL and some 700 MB; takes a minute or two the first time. Nothing of the system is changed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively } from '../exclusive.ts'
import { fetchOdoo, fetchPython, PYTHON, REQUIREMENTS } from './packages.ts'
import { postgresPrograms } from './postgres.ts'
import { prepare } from './prepare.ts'

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/milepost')
const FETCHING = join(CACHE, 'odoo-fetching-')
const PYTHON_VERSION = '3.11'
const MADE_OF = [
  REQUIREMENTS,
  ...['packages.ts', 'prepare.ts', 'settle.py'].map(file => join(import.meta.dirname, file)),
]

/** Made of something else is another folder. */
const folder = join(
  CACHE,
  `odoo-${MADE_OF.reduce((hash, file) => hash.update(readFileSync(file)), createHash('sha256'))
    .digest('hex')
    .slice(0, 12)}`,
)
/** Written last. */
const whole = join(folder, 'whole')

export type OdooIsHere = { readonly here: true } | { readonly here: false; readonly why: string }

/**
 * Whether a real Odoo is installed, so that `startOdoo` takes seconds; else why not, for a test's `skip`. Where
 * MILEPOST_SKIP is `forbidden`, it throws that instead.
 */
export function odooIsHere(): OdooIsHere {
  const why = !existsSync(whole)
    ? 'no real Odoo is installed: node tools/odoo-real/install.ts'
    : postgresPrograms() === undefined
      ? 'there is no PostgreSQL: apt-get install postgresql'
      : undefined
  if (why === undefined) return { here: true }
  if (process.env['MILEPOST_SKIP'] === 'forbidden') throw new Error(`may not be skipped here: ${why}`)
  return { here: false, why }
}

/** What this machine lacks, in words that say what to do. */
function lacks(): string[] {
  const said = (command: string, args: readonly string[]) => spawnSync(command, args, { encoding: 'utf8' })
  const python = said(PYTHON, ['-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'])
  return [
    ...(['apt-get', 'dpkg-deb'] as const)
      .filter(command => said(command, ['--version']).error)
      .map(command => `there is no ${command}: this takes Debian's packages, on a Debian or what is made of it`),
    ...(postgresPrograms() === undefined ? ['there is no PostgreSQL: apt-get install postgresql'] : []),
    ...(python.status !== 0
      ? ['there is no Python that makes environments: apt-get install python3 python3-venv']
      : python.stdout.trim() !== PYTHON_VERSION
        ? [`${PYTHON} is ${python.stdout.trim()}, and requirements.txt pins packages for ${PYTHON_VERSION}`]
        : []),
  ]
}

/** The folder where everything lies; fills it where it is missing. Of any number of processes that ask, one does it. */
export async function install(say: (what: string) => void = () => undefined): Promise<string> {
  if (existsSync(whole)) return folder
  const missing = lacks()
  if (missing.length > 0) throw new Error(missing.join('\n'))
  mkdirSync(CACHE, { recursive: true })
  return exclusively(join(CACHE, 'odoo.lock'), async () => {
    // Who had it meanwhile has done it.
    if (existsSync(whole)) return folder
    for (const begun of globSync(`${FETCHING}*`)) rmSync(begun, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
    const fetching = mkdtempSync(FETCHING)
    const step = timed(say)
    await Promise.all([
      step('Odoo 19, from Debian', () => fetchOdoo(fetching)),
      step('packages of Python', () => fetchPython(fetching)),
    ])
    renameSync(fetching, folder)
    await step('a database with the modules', () => prepare(folder))
    writeFileSync(whole, '')
    return folder
  })
}

const timed =
  (say: (what: string) => void) =>
  async (what: string, work: () => Promise<void>): Promise<void> => {
    say(`${what} …`)
    const began = performance.now()
    await work()
    say(`${what}: ${Math.round((performance.now() - began) / 1_000)} s`)
  }

if (import.meta.main) {
  const at = await install(what => process.stdout.write(`${what}\n`)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
  process.stdout.write(`Odoo is in ${at}\n`)
}
