import assert from 'node:assert/strict'
import { test } from 'node:test'
import { corrections, isNews } from '../../domain/corrections.ts'

interface Fact {
  readonly name: string
  readonly value: { readonly n: number } | null
  readonly revision: number
  readonly retracted: boolean
}
const facts = { identityOf: ({ name }: Fact) => name }
const a = { name: 'a', value: { n: 1 } }

test('news is said, the same again is not, whatever class a decoder made of it', () => {
  const [said] = corrections(facts, [], [a])
  assert.deepEqual(said, { ...a, revision: 1, retracted: false })
  class Decoded {
    n = 1
  }
  assert.deepEqual(corrections(facts, [{ ...a, value: new Decoded(), revision: 3, retracted: false }], [a]), [])
})

test('another content is a correction, nothing a retraction, and what comes back a correction again', () => {
  const told = [{ ...a, revision: 3, retracted: false }]
  assert.deepEqual(corrections(facts, told, [{ ...a, value: null }]), [
    { ...a, value: null, revision: 4, retracted: false },
  ])
  const takenBack = corrections(facts, told, [])
  assert.deepEqual(takenBack, [{ ...a, revision: 4, retracted: true }])
  assert.deepEqual(corrections(facts, takenBack, []), [])
  assert.deepEqual(corrections(facts, takenBack, [a]), [{ ...a, revision: 5, retracted: false }])
})

test('of two drafts of one fact the first counts', () => {
  assert.deepEqual(corrections(facts, [], [a, { ...a, value: null }]).length, 1)
})

test('only a higher revision is news', () => {
  const fact = { revision: 2, retracted: false }
  assert.ok(isNews(fact, undefined) && isNews({ ...fact, revision: 3 }, fact))
  assert.ok(!isNews(fact, fact) && !isNews({ ...fact, revision: 1 }, fact))
})
