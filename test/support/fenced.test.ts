import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fencedOf, jsonDiffers, textDiffers } from './fenced.ts'

const shown = { id: 'a', list: [{ n: 1 }, { n: 3 }], at: '2026-03-02T10:59:00.000Z' }
const came = { ...shown, list: [{ n: 1, more: true }, { n: 2 }, { n: 3 }], at: '2027-01-01T00:00:00Z', other: 1 }

test('what a page leaves out may be there', () => {
  assert.equal(jsonDiffers(shown, came), undefined)
})
test('what a page shows must be there', () => {
  assert.match(jsonDiffers({ ...shown, id: 'b' }, came) ?? '', /\$\.id: expected "b", came "a"/)
  assert.match(jsonDiffers({ list: [{ n: 3 }, { n: 1 }] }, came) ?? '', /\$\.list: not \[1\]/)
  assert.match(jsonDiffers({ list: [] }, came) ?? '', /expected 0 elements/)
  assert.match(jsonDiffers({ gone: null }, came) ?? '', /\$\.gone: expected null, came undefined/)
})
test('where it is to be exact, so are times and arrays', () => {
  assert.match(jsonDiffers({ at: shown.at }, came, { exact: true }) ?? '', /\$\.at/)
  assert.match(jsonDiffers({ list: shown.list }, came, { exact: true }) ?? '', /expected 2 elements/)
  assert.equal(jsonDiffers(shown, { ...shown, other: 1 }, { exact: true }), undefined)
})
test('a table is a table, at whatever time', () => {
  assert.equal(textDiffers('a 2026-03-02 10:59:00.000 \nb', 'a 2027-03-02 10:59:01.000\nb  \n'), undefined)
  assert.match(textDiffers('a', 'b') ?? '', /expected\na\ncame\nb/)
})
test('the blocks under a heading are found, with their lines', () => {
  const all = fencedOf('README.md')
  const story = fencedOf('README.md', 'A story, by curl alone')
  assert.ok(story.length > 10 && all.length > story.length)
  assert.ok(story.every(({ line }, i) => line > (story[i - 1]?.line ?? 0)))
  assert.throws(() => fencedOf('README.md', 'No such heading'), /nothing fenced/)
})
