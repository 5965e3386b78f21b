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

test('ETAs by one version of a model must be equal, by two there must be one of the same stop', () => {
  const by = (...etas: string[]) => ({ etas })
  assert.deepEqual(differences('x', by('s b 9:00 | m/2+a | 10'), by('s b 9:00 | m/2+b | 11')), [])
  assert.deepEqual(differences('x', by('s b 9:00 | m/2+a | 10'), by('s b 9:00 | m/2+a | 11')).length, 2)
  assert.deepEqual(differences('x', by('s b 9:00 | m/2+a | 10'), by()).length, 1)
  assert.deepEqual(differences('x', by('s b 9:00 | m/2+a | 10'), by('s b 9:05 | m/2+b | 10')).length, 2)
})
