/**
 * The laws on real brokers: the same journeys, disturbed on Kafka, come to what they come to in memory, undisturbed. A
 * few journeys of one seed that reach everything; as many new ones as you like, and what they reached:
 * `node test/laws/kafka.test.ts --runs 100`
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { processors } from '../../app/pipeline.ts'
import { followVehicles } from '../../processors/follow-vehicles.ts'
import { driveOn } from '../../streams/drive.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { options } from '../support/pipeline.ts'
import { Coverage } from './coverage.ts'
import { KafkaGrounds, type Restart } from './kafka-grounds.ts'
import {
  alarmsOnce,
  allAgain,
  anyBatches,
  anyOrder,
  anyPartitions,
  anyRestart,
  type Circumstances,
  nothingLost,
  wordsOnce,
} from './laws.ts'
import { outcome as outcomeOfVehicles } from './trucks.ts'
import { anyOrder as anyDay } from './vehicles.ts'
import { model } from './vehicles-model.ts'

const { values } = parseArgs({ options: { runs: { type: 'string' } } })
/** Of each law. */
const RUNS = Number(values.runs ?? 5)
assert.ok(Number.isInteger(RUNS) && RUNS > 0, '--runs: a whole number above 0')
/** That of the first law; the next has the next. In memory, its journeys reach each thing at least four times. */
const SEED = 1_100
/** Told one by one, each word would cost a commit of each task that hears of it. */
const TOGETHER = 8
const LEAST = 0.01

const kafka = kafkaIsHere()
describe('laws on Kafka', { skip: !kafka.here && kafka.why }, () => {
  const coverage = new Coverage()
  let grounds: KafkaGrounds
  let seed = SEED
  before(async () => {
    grounds = await KafkaGrounds.start(processors)
  })
  after(() => grounds[Symbol.asyncDispose]())

  const holds = <Told>(law: fc.IAsyncProperty<Told>) =>
    fc.assert(law, { numRuns: RUNS, unbiased: true, endOnFailure: true, ...(values.runs ? {} : { seed: seed++ }) })
  const on = <Told>(
    law: (pipeline: typeof processors, where: Circumstances) => fc.IAsyncProperty<Told>,
    restart: Restart = 'from the changelogs',
    partitions = 1,
  ) => {
    const somewhere = (count: number) => grounds.make(count, restart)
    return holds(law(processors, { on: somewhere, partitions, together: TOGETHER, coverage }))
  }

  test('any order, any number of times, and however time passes meanwhile: the outcome is that in memory', () =>
    on(anyOrder))
  test('restarts with nothing but the changelogs change nothing', () => on(anyRestart))
  test('restarts with the store that the process before left change nothing', () => on(anyRestart, 'from its store', 3))
  test('restarts on two machines in turn, each with a store that is behind, change nothing', () =>
    on(anyRestart, 'on two machines in turn'))
  test('hearing everything again changes not a word', () => on(allAgain))
  test('an alarm rings once', () => on(alarmsOnce))
  test('a record is written once', () => on(wordsOnce, 'on two machines in turn'))
  test('into however many partitions the work is cut, the outcome is that in memory', () => on(anyPartitions))
  test('in whatever batches it is read, and however little stays in memory, so is the outcome', () => on(anyBatches))
  test('nothing of all this is late, or a dead letter', () => on(nothingLost))

  test('what is believed of a vehicle in the end is what the rules say', () =>
    holds(
      fc.asyncProperty(anyDay, async deliveries => {
        const driver = await driveOn(await grounds.make(1, 'from the changelogs'), [followVehicles], options)
        for (let n = 0; n < deliveries.length; n += TOGETHER)
          await driver.feedTogether(...deliveries.slice(n, n + TOGETHER))
        assert.deepEqual(outcomeOfVehicles(driver), model(deliveries))
      }),
    ))

  test('these journeys reach everything that is to happen', t => {
    t.diagnostic(coverage.report)
    coverage.assertAtLeast(LEAST)
  })
})
