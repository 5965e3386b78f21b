/** What must hold of the whole pipeline, whatever it decides. Add a processor to it, and it is held to this. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { processors } from '../../app/pipeline.ts'
import { deadLetters, lates } from '../../schemas/topics.ts'
import { Coverage } from './coverage.ts'
import { disordered, ends, journeys, times } from './journeys.ts'
import { alarmsOnce, anyOrder, wordsOnce } from './laws.ts'
import { outcome, tell, words } from './telling.ts'

const inDisorder = journeys.chain(disordered)

test('law: any order, any number of times, and however time passes meanwhile: the outcome is the same', async t => {
  const coverage = new Coverage()
  await fc.assert(anyOrder(processors, coverage), { numRuns: 500 })
  t.diagnostic(coverage.report)
  coverage.assertAtLeast(0.015)
})

test('law: a restart at any point changes not a word', async () => {
  await fc.assert(
    fc.asyncProperty(inDisorder, times, ends, fc.nat(40), async (said, time, end, restartAt) => {
      const undisturbed = words(await tell(processors, said, { time, end }))
      assert.deepEqual(words(await tell(processors, said, { time, end, restartAt })), undisturbed)
    }),
    { numRuns: 150 },
  )
})

test('law: hearing everything again changes not a word', async () => {
  await fc.assert(
    fc.asyncProperty(inDisorder, times, ends, async (said, time, end) => {
      const driver = await tell(processors, said, { time, end })
      const before = words(driver)
      await driver.feed(...said)
      assert.deepEqual(words(driver), before)
    }),
    { numRuns: 150 },
  )
})

test('law: an alarm rings once, and a record is written once', async () => {
  await fc.assert(alarmsOnce(processors), { numRuns: 150 })
  await fc.assert(wordsOnce(processors), { numRuns: 150 })
})

test('law: into however many partitions the work is cut, the outcome is the same', async () => {
  await fc.assert(
    fc.asyncProperty(inDisorder, times, ends, fc.integer({ min: 2, max: 4 }), async (said, time, end, partitions) => {
      const whole = await tell(processors, said, { time, end })
      const cut = await tell(processors, said, { time, end, partitions })
      assert.deepEqual(outcome(cut), outcome(whole))
    }),
    { numRuns: 60 },
  )
})

test('law: in whatever batches it is read, and however little stays in memory, the outcome is the same', async () => {
  const sizes = fc.record({
    together: fc.integer({ min: 2, max: 40 }),
    batch: fc.integer({ min: 1, max: 30 }),
    liveRows: fc.constantFrom(0, 5, 10_000),
  })
  await fc.assert(
    fc.asyncProperty(inDisorder, times, ends, sizes, async (said, time, end, sizes) => {
      const one = await tell(processors, said, { time, end })
      assert.deepEqual(outcome(await tell(processors, said, { time, end, ...sizes })), outcome(one))
    }),
    { numRuns: 150 },
  )
})

test('nothing of all this is late, or a dead letter', async () => {
  await fc.assert(
    fc.asyncProperty(inDisorder, times, ends, async (said, time, end) => {
      const driver = await tell(processors, said, { time, end })
      assert.deepEqual([driver.written(lates), driver.written(deadLetters)], [[], []])
    }),
    { numRuns: 50 },
  )
})
