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

const settings = z.strictObject({
  data: z.string().min(1).default('./data'),
  bind: z.string().min(1).default('127.0.0.1'),
  httpPort: port.default(8080),
  clickhouseUrl: z.url({ protocol: /^https?$/ }).optional(),
  clickhousePort: port.default(8123),
  clickhouseUser: z.string().min(1).default('milepost'),
  clickhousePassword: z.string().min(8).optional(),
  clickhouseMemoryMb: z.coerce.number().int().min(256).default(1_024),
  partitions: z.coerce.number().int().min(1).max(128).default(4),
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
export type Config = z.infer<typeof settings>

const ENV_PREFIX = 'MILEPOST_'
/** The secret of the demo fleet's carrier: drawn anew at each start, handed to our own processes only. */
export const DEMO_SECRET = 'MILEPOST_DEMO_SECRET'
/** Variables that are not settings of their own. */
const OTHER_VARIABLES = new Set([
  'MILEPOST_CONFIG',
  'MILEPOST_SKIP',
  'MILEPOST_TOKEN',
  'MILEPOST_CHROMIUM',
  'MILEPOST_DATASETS',
  'MILEPOST_BENCH_DIR',
  DEMO_SECRET,
])

export const DEMO_PARTNER = 'demo-carrier'

/** `MILEPOST_HTTP_PORT` is `httpPort`. */
const keyOf = (variable: string): string =>
  variable
    .slice(ENV_PREFIX.length)
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
const variableOf = (key: string): string => ENV_PREFIX + key.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()

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
    .map(([name, value]) => [keyOf(name), value] as const)
  const given = { ...(written as object), ...Object.fromEntries(variables), ...flags }
  const result = settings.safeParse(given)
  if (result.success) {
    const demo = env[DEMO_SECRET]
    const partners = { ...result.data.partners, ...(demo === undefined ? {} : { [DEMO_PARTNER]: { secret: demo } }) }
    return { ...result.data, partners, data: resolve(result.data.data) }
  }
  const wrong = result.error.issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(
          key =>
            `${key} (${variableOf(key)}): there is no such setting; there are ${Object.keys(settings.shape).join(', ')}`,
        )
      : [`${issue.path.join('.')} (${variableOf(String(issue.path[0]))}): ${issue.message}`],
  )
  throw new ConfigError(`settings are wrong:\n  ${wrong.join('\n  ')}`)
}
