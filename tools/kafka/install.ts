/**
 * Apache Kafka and a schema registry from Maven Central, into a cache that goes with this checkout:
 * `node tools/kafka/install.ts`. Needs Java 17 or later, and Maven the first time. Versions are in pom.xml.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively } from '../exclusive.ts'
import { java } from './java.ts'
import { prepare } from './prepare.ts'

const POM = join(import.meta.dirname, 'pom.xml')
const MADE_OF = ['pom.xml', 'prepare.ts', 'commands.ts'].map(file => join(import.meta.dirname, file))
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/milepost')
const FETCHING = join(CACHE, 'kafka-fetching-')
const OLDEST_JAVA = 17

/** Another version is another folder. */
const folder = join(
  CACHE,
  `kafka-${MADE_OF.reduce((hash, file) => hash.update(readFileSync(file)), createHash('sha256'))
    .digest('hex')
    .slice(0, 12)}`,
)
/** Written last. */
const whole = join(folder, 'whole')

export type KafkaIsHere = { readonly here: true } | { readonly here: false; readonly why: string }

/**
 * Whether `startKafka` and `startRegistry` can work on this machine; else why not, for a test's `skip`. Where
 * MILEPOST_SKIP is `forbidden`, it throws that instead.
 */
export function kafkaIsHere(): KafkaIsHere {
  const why = lacksJava() ?? (existsSync(whole) ? undefined : lacksMaven())
  if (why === undefined) return { here: true }
  if (process.env['MILEPOST_SKIP'] === 'forbidden') throw new Error(`may not be skipped here: ${why}`)
  return { here: false, why }
}

function lacksJava(): string | undefined {
  const { stderr, error } = spawnSync(java(), ['-version'], { encoding: 'utf8' })
  if (error) return `there is no Java: ${error.message}`
  const version = /version "(\d+)/.exec(stderr)?.[1]
  return Number(version) >= OLDEST_JAVA ? undefined : `Java ${OLDEST_JAVA} is needed, this is ${version ?? stderr}`
}

function lacksMaven(): string | undefined {
  const { error } = spawnSync('mvn', ['--version'])
  return error && `there is no Maven: ${error.message}`
}

let installed: Promise<string> | undefined

/** The folder where everything lies; fills it where it is missing. Of any number of processes that ask, one does it. */
export function install(): Promise<string> {
  return (installed ??= filled())
}

async function filled(): Promise<string> {
  if (existsSync(whole)) return folder
  mkdirSync(CACHE, { recursive: true })
  return exclusively(join(CACHE, 'kafka.lock'), async () => {
    // Who had it meanwhile has done it.
    if (existsSync(whole)) return folder
    for (const begun of globSync(`${FETCHING}*`)) rmSync(begun, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
    // Of its own: a Maven whose parent was killed may still be writing to its.
    const fetching = mkdtempSync(FETCHING)
    await fetched(fetching)
    renameSync(fetching, folder)
    await prepare(folder)
    writeFileSync(whole, '')
    return folder
  })
}

function fetched(to: string): Promise<void> {
  const maven = spawn('mvn', ['-B', '-ntp', '-f', POM, `-Dto=${to}`, 'package'])
  let said = ''
  for (const stream of [maven.stdout, maven.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  return new Promise((resolve, reject) => {
    maven.once('error', reject)
    maven.once('close', code => (code === 0 ? resolve() : reject(new Error(`mvn: exit ${code ?? ''}\n${said}`))))
  })
}

if (import.meta.main) {
  const began = Date.now()
  const at = await install()
  process.stdout.write(`Kafka and the registry are in ${at} (${Math.round((Date.now() - began) / 1_000)} s)\n`)
}
