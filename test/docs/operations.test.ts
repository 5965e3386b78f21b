/** docs/operations.md names every setting with its default, and every file and metric by its name. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { ConfigError, loadConfig } from '../../app/config.ts'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'operations.md'), 'utf8')
const rows = [...page.matchAll(/^\| `MILEPOST_(\w+)` +\| (?:`([^`]*)`)? *\|/gm)].map(([, name = '', byDefault]) => ({
  key: name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  byDefault,
}))
const empty = { MILEPOST_CONFIG: join(root, 'no such file') }

/** The settings that there are, as a wrong one is answered. */
function settings(): readonly string[] {
  try {
    loadConfig({ ...empty, MILEPOST_NO_SUCH_THING: '1' })
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return /there are (.*)$/m.exec(error.message)?.[1]?.split(', ') ?? []
  }
  return []
}

test('every setting is in the table, and no other', () => {
  assert.deepEqual(rows.map(({ key }) => key).sort(), [...settings()].sort())
})

test('with the default that it has', () => {
  const defaults: Readonly<Record<string, unknown>> = { ...loadConfig(empty), data: './data' }
  assert.equal(loadConfig(empty).data, resolve('data'))
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  for (const { key, byDefault } of rows) assert.equal(byDefault, text(defaults[key]), key)
})

test('the metrics that it names are there', () => {
  const source = ['app/run-ingest.ts', ...globSync('{app,ingest}/**/*.ts', { cwd: root })]
    .map(file => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const named = new Set(page.match(/milepost_[a-z_]+/g))
  assert.ok(named.size >= 5)
  for (const name of named) assert.ok(source.includes(`'${name}'`), name)
})

test('links of the pages lead somewhere', () => {
  for (const file of ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })]) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)\)/g))
      assert.ok(globSync(join(root, file, '..', target)).length > 0, `${file} → ${target}`)
  }
})
