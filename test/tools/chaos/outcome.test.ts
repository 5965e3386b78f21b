import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences } from '../../../tools/chaos/outcome.ts'

test('what is different is told, line by line', () => {
  const expected = { milestones: ['a', 'b', 'b'], cases: [] }
  const found = { milestones: ['b', 'c'], cases: [] }
  assert.deepEqual(differences('x', expected, found), [
    'x: milestones: missing: a',
    'x: milestones: missing: b',
    'x: milestones: unexpected: c',
  ])
  assert.deepEqual(differences('x', expected, expected), [])
})
