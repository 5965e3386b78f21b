/** docs/path-of-an-event.md is a program: it runs, and shows what stands under it. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { processors } from '../../app/pipeline.ts'
import { type Fenced, fencedOf, jsonDiffers } from '../support/fenced.ts'

const PAGE = 'docs/path-of-an-event.md'
const repository = join(import.meta.dirname, '..', '..')
const blocks = fencedOf(PAGE)
const ofLanguage = (language: string): Fenced[] => blocks.filter(block => block.language === language)

// The page's code is a module of a directory that looks like docs/ does from inside.
const root = mkdtempSync(join(tmpdir(), 'milepost-page-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** What the program shows, in order: the line of the page that shows it, and the value as JSON has it. */
async function shownBy(program: readonly Fenced[]): Promise<unknown[]> {
  mkdirSync(join(root, 'docs'))
  for (const name of readdirSync(repository))
    if (!name.startsWith('.') && name !== 'docs') symlinkSync(join(repository, name), join(root, name))
  const path = join(root, 'docs', 'page.ts')
  const source = program.map(({ text }) => text).join('\n')
  writeFileSync(
    path,
    `export const shown: unknown[] = []\nconst show = (value: unknown) => { shown.push(value) }\n${source}\n`,
  )
  const { shown } = (await import(pathToFileURL(path).href)) as { shown: unknown[] }
  return shown.map(value => readable(value))
}

const [FIRST, LAST] = [Date.parse('2000-01-01T00:00:00Z'), Date.parse('2100-01-01T00:00:00Z')]
/** Plain data, with times as people read them. */
const readable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'number' && part > FIRST && part < LAST ? new Date(part).toISOString() : part,
    ),
  ) as unknown

test('what the page says is what happens', async () => {
  const shown = await shownBy(ofLanguage('ts'))
  const expected = ofLanguage('json')
  assert.equal(shown.length, expected.length, 'each `show` has its block')
  for (const [i, { text, line }] of expected.entries())
    assert.equal(jsonDiffers(JSON.parse(text), shown[i], { exact: true }), undefined, `${PAGE}:${line}`)
})

test('the page passes every processor', () => {
  const page = readFileSync(join(repository, PAGE), 'utf8')
  for (const { name } of processors) assert.ok(page.includes(`\`${name}\``), `${name} is on the path`)
})
