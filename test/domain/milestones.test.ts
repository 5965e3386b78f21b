import assert from 'node:assert/strict'
import { test } from 'node:test'
import vocabulary from '../../schemas/milestones.json' with { type: 'json' }
import { codeOfSighting, fits, isMilestoneCode, MILESTONE_CODES, provesPresence } from '../../schemas/milestones.ts'

test('what positions say is in the vocabulary, fits its stop and proves presence', () => {
  for (const stop of ['pickup', 'via', 'delivery'] as const)
    for (const kind of ['arrived', 'departed'] as const) {
      const code = codeOfSighting(kind, stop)
      assert.ok(isMilestoneCode(code) && fits(code, stop) && provesPresence(code), code)
    }
})

test('each code is there once, in snake case, and whatever proves presence is about some kind of stop', () => {
  assert.deepEqual(MILESTONE_CODES, [...new Set(vocabulary.milestones.map(({ code }) => code))])
  assert.equal(MILESTONE_CODES.length, vocabulary.milestones.length)
  for (const { code, stops, presence } of vocabulary.milestones) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/)
    assert.ok(!presence || stops.length > 0, code)
  }
})

test('every column of the vocabulary says where it is from', () => {
  const columns = new Set(vocabulary.milestones.flatMap(milestone => Object.keys(milestone)))
  assert.deepEqual([...columns].sort(), Object.keys(vocabulary.columns).sort())
})

test('an estimate stands for a milestone that there is', () => {
  for (const { code } of vocabulary.estimates.x12) assert.ok(isMilestoneCode(code), code)
})
