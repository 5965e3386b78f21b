/** The laws in memory, at length. Add a processor to the pipeline, and it is held to them. */
import { test } from 'node:test'
import fc from 'fast-check'
import { processors } from '../../app/pipeline.ts'
import { Coverage } from './coverage.ts'
import {
  alarmsOnce,
  allAgain,
  anyBatches,
  anyOrder,
  anyPartitions,
  anyRestart,
  nothingLost,
  wordsOnce,
} from './laws.ts'

test('law: any order, any number of times, and however time passes meanwhile: the outcome is the same', async t => {
  const coverage = new Coverage()
  await fc.assert(anyOrder(processors, { coverage }), { numRuns: 500 })
  t.diagnostic(coverage.report)
  coverage.assertAtLeast(0.015)
})

test('law: a restart at any point changes not a word', async () => {
  await fc.assert(anyRestart(processors), { numRuns: 150 })
})

test('law: hearing everything again changes not a word', async () => {
  await fc.assert(allAgain(processors), { numRuns: 150 })
})

test('law: an alarm rings once, and a record is written once', async () => {
  await fc.assert(alarmsOnce(processors), { numRuns: 150 })
  await fc.assert(wordsOnce(processors), { numRuns: 150 })
})

test('law: into however many partitions the work is cut, the outcome is the same', async () => {
  await fc.assert(anyPartitions(processors), { numRuns: 60 })
})

test('law: in whatever batches it is read, and however little stays in memory, the outcome is the same', async () => {
  await fc.assert(anyBatches(processors), { numRuns: 150 })
})

test('nothing of all this is late, or a dead letter', async () => {
  await fc.assert(nothingLost(processors), { numRuns: 50 })
})
