/**
 * The settings: `milepost.yaml` (in the working directory, or where MILEPOST_CONFIG says) overridden by MILEPOST_*.
 * All that is wrong is told at once, each with its key and what it may be.
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { verifyingKey } from '../ingest/signature.ts'

const port = z.coerce.number().int().min(1).max(65_535)
const secret = z.string().superRefine((text, context) => {
  try {
    verifyingKey(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no key' })
  }
})

const file = z.string().min(1)
const flag = z.union([z.boolean(), z.stringbool()])
const isBroker = (text: string): boolean => {
  const number = Number(/^(?:[^\s:,[\]]+|\[[\da-fA-F:.]+\]):(\d+)$/.exec(text)?.[1])
  return number >= 1 && number <= 65_535
}
const brokers = z.preprocess(
  given => (typeof given === 'string' ? given.split(',').map(broker => broker.trim()) : given),
  z.array(z.string().refine(isBroker, 'HOST:PORT, several with commas between')).min(1),
)

const shape = z.strictObject({
  data: z.string().min(1).default('./data'),
  bind: z.string().min(1).default('127.0.0.1'),
  httpPort: port.default(8080),
  /** Where people reach the control tower, for links to it; absent: where it listens. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  clickhouseUrl: z.url({ protocol: /^https?$/ }).optional(),
  clickhousePort: port.default(8123),
  clickhouseUser: z.string().min(1).default('milepost'),
  clickhousePassword: z.string().min(8).optional(),
  clickhouseCaFile: file.optional(),
  clickhouseCertFile: file.optional(),
  clickhouseKeyFile: file.optional(),
  clickhouseMemoryMb: z.coerce.number().int().min(256).default(1_024),
  /** What the names of topics, groups and transactions begin with. */
  namespace: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/)
    .default('milepost'),
  /** Absent: the embedded log. */
  kafkaBrokers: brokers.optional(),
  kafkaTls: flag.default(false),
  kafkaCaFile: file.optional(),
  kafkaCertFile: file.optional(),
  kafkaKeyFile: file.optional(),
  kafkaSasl: z.enum(['scram-sha-512', 'scram-sha-256', 'plain']).optional(),
  kafkaUsername: z.string().min(1).optional(),
  kafkaPassword: z.string().min(1).optional(),
  /** Copies of each partition; absent: three where there are as many brokers. */
  kafkaReplication: z.coerce.number().int().min(1).max(9).optional(),
  schemaRegistryUrl: z.url({ protocol: /^https?$/ }).optional(),
  schemaRegistryUsername: z.string().min(1).optional(),
  schemaRegistryPassword: z.string().min(1).optional(),
  schemaRegistryCaFile: file.optional(),
  schemaRegistryCertFile: file.optional(),
  schemaRegistryKeyFile: file.optional(),
  partitions: z.coerce.number().int().min(1).max(128).default(4),
  /** Absent: nothing of Odoo runs. */
  odooUrl: z.url({ protocol: /^https?$/ }).optional(),
  odooDatabase: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/)
    .optional(),
  odooApiKey: z.string().min(8).optional(),
  time: z.enum(['live', 'event']).default('live'),
  /** Ingest answers 503 from this part of the disk on. */
  diskLimit: z.coerce.number().gt(0).max(1).default(0.85),
  retentionHours: z.coerce.number().min(1).default(168),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  partners: z
    .record(
      z.string().regex(/^[a-z0-9-]{1,64}$/),
      z.strictObject({ secret: z.union([secret, z.array(secret).min(1)]) }),
    )
    .default({}),
})
export type Config = z.infer<typeof shape>

/** What settings ask of one another. */
const settings = shape.superRefine((given, context) => {
  const needs = (key: keyof Config, message: string, holds: boolean) => {
    if (!holds) context.addIssue({ code: 'custom', path: [key], message })
  }
  const { kafkaBrokers, kafkaTls, kafkaSasl } = given
  const [named, secret] = [given.kafkaUsername !== undefined, given.kafkaPassword !== undefined]
  needs('schemaRegistryUrl', 'Kafka needs a schema registry beside it', !kafkaBrokers || !!given.schemaRegistryUrl)
  needs('kafkaPassword', 'kafkaSasl needs kafkaUsername and kafkaPassword', !kafkaSasl || (named && secret))
  // Whoever gives a name believes that he is asked for it.
  needs('kafkaSasl', 'kafkaUsername and kafkaPassword are for SASL: set kafkaSasl', !!kafkaSasl || !(named || secret))
  needs('kafkaSasl', 'plain shows the password: only with kafkaTls', kafkaSasl !== 'plain' || kafkaTls)
  needs(
    'schemaRegistryPassword',
    'schemaRegistryUsername and schemaRegistryPassword belong together',
    (given.schemaRegistryUsername === undefined) === (given.schemaRegistryPassword === undefined),
  )
  const odoo = [given.odooUrl, given.odooDatabase, given.odooApiKey].filter(setting => setting !== undefined)
  needs('odooUrl', 'odooUrl, odooDatabase and odooApiKey belong together', odoo.length % 3 === 0)
  for (const key of ['kafkaCaFile', 'kafkaCertFile', 'kafkaKeyFile'] as const)
    needs(key, 'is for TLS: set kafkaTls', given[key] === undefined || kafkaTls)
  const isTls = given.clickhouseUrl?.startsWith('https:') ?? false
  needs('clickhouseCaFile', 'is for TLS: clickhouseUrl has to begin with https', !given.clickhouseCaFile || isTls)
  needs('clickhouseCertFile', 'needs clickhouseCaFile beside it', !given.clickhouseCertFile || !!given.clickhouseCaFile)
  for (const server of ['kafka', 'schemaRegistry', 'clickhouse'] as const)
    needs(
      `${server}KeyFile`,
      'a certificate and its key belong together',
      (given[`${server}CertFile`] === undefined) === (given[`${server}KeyFile`] === undefined),
    )
})

const ENV_PREFIX = 'MILEPOST_'
/** The secret of the demo's carriers: drawn anew at each start, handed to our own processes only. */
export const DEMO_SECRET = 'MILEPOST_DEMO_SECRET'
/** In the data directory: which world the demo shows. */
export const DEMO_WORLD = 'demo.json'
/** Secrets that `MILEPOST_…_FILE` may bring instead: a file holds what no list of processes shows. */
const SECRETS = ['clickhousePassword', 'kafkaPassword', 'schemaRegistryPassword', 'odooApiKey']
/** Variables that are not settings of their own. */
const OTHER_VARIABLES = new Set([
  'MILEPOST_CONFIG',
  'MILEPOST_SKIP',
  'MILEPOST_TOKEN',
  'MILEPOST_CHROMIUM',
  'MILEPOST_DATASETS',
  'MILEPOST_BENCH_DIR',
  // An administrator's, for one command: no process that stays has it.
  'MILEPOST_ODOO_ADMIN_KEY',
  'MILEPOST_ODOO_ADMIN_KEY_FILE',
  DEMO_SECRET,
])

/** The carriers of the demo, each with manners of its own. */
export const DEMO_PARTNERS = ['demo-northline', 'demo-rhone-express', 'demo-vistula-cargo', 'demo-iberia-road'] as const

/** `MILEPOST_HTTP_PORT` is `httpPort`. */
const keyOf = (variable: string): string =>
  variable
    .slice(ENV_PREFIX.length)
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
const variableOf = (key: string): string => ENV_PREFIX + key.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()

interface Told {
  readonly key: string
  readonly value: string
  readonly trouble?: string
}
/**
 * The setting that a variable is. What is wrong with a file is said without its name, for that may be the secret
 * itself.
 */
function told(variable: string, value: string, env: NodeJS.ProcessEnv): Told {
  const key = keyOf(variable)
  const secret = SECRETS.find(name => key === `${name}File`)
  if (secret === undefined) return { key, value }
  const other = variableOf(secret)
  if ((env[other] ?? '') !== '')
    return { key: secret, value, trouble: `${variable}: ${other} is set too; only one of them may be` }
  try {
    return { key: secret, value: readFileSync(value, 'utf8').trim() }
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException
    return { key: secret, value, trouble: `${variable}: the file that it names cannot be read (${code})` }
  }
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Throws `ConfigError` that names every setting that is wrong. `flags` override both file and environment. */
export function loadConfig(env: NodeJS.ProcessEnv, flags: Record<string, unknown> = {}): Config {
  const file = resolve(env['MILEPOST_CONFIG'] ?? 'milepost.yaml')
  const written: unknown = existsSync(file) ? parse(readFileSync(file, 'utf8')) : {}
  const variables = Object.entries(env)
    .filter(
      ([name, value]) =>
        name.startsWith(ENV_PREFIX) && !OTHER_VARIABLES.has(name) && value !== undefined && value !== '',
    )
    .map(([name, value = '']) => told(name, value, env))
  const troubles = variables.flatMap(({ trouble }) => trouble ?? [])
  const variableSettings = Object.fromEntries(variables.map(({ key, value }) => [key, value]))
  const given = { ...(written as object), ...variableSettings, ...flags }
  const result = settings.safeParse(given)
  if (result.success && troubles.length === 0) {
    const demo = env[DEMO_SECRET]
    const simulated = demo === undefined ? [] : DEMO_PARTNERS.map(name => [name, { secret: demo }])
    const partners = { ...result.data.partners, ...(Object.fromEntries(simulated) as Config['partners']) }
    return { ...result.data, partners, data: resolve(result.data.data) }
  }
  const wrong = (result.error?.issues ?? []).flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(
          key =>
            `${key} (${variableOf(key)}): there is no such setting; there are ${Object.keys(shape.shape).join(', ')}`,
        )
      : [`${issue.path.join('.')} (${variableOf(String(issue.path[0]))}): ${issue.message}`],
  )
  throw new ConfigError(`settings are wrong:\n  ${[...troubles, ...wrong].join('\n  ')}`)
}
