/**
 * What must hold of the whole pipeline, whatever it decides: each law for fast-check to try, on journeys that it makes up.
 * Planted bugs are held to some of them as well, and so is every kind of log.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { deadLetters, lates } from '../../schemas/topics.ts'
import type { Delivery, Driver } from '../../streams/drive.ts'
import type { Evidence } from '../../streams/evidence.ts'
import { type AnyProcessor, Processor } from '../../streams/processor.ts'
import type { Instant } from '../../streams/time.ts'
import type { Coverage } from './coverage.ts'
import { disordered, ends, journeys, times } from './journeys.ts'
import { assertAlike, tell, type Telling, words } from './telling.ts'

/** Where and how the journeys of a law are told, and who counts what they reach; absent: in memory, whole, one word after the other. */
export interface Circumstances extends Pick<Telling, 'on' | 'together' | 'partitions'> {
  readonly coverage?: Coverage
}
type Pipeline = readonly AnyProcessor[]

const inDisorder = journeys.chain(disordered)
const restarts = fc.array(fc.nat(40), { minLength: 1, maxLength: 3 })
const restarted = fc.tuple(inDisorder, times, ends, restarts)

/** Tell a journey where the law wants it. What it is compared with is told in memory. */
async function told(
  pipeline: Pipeline,
  said: readonly Delivery[],
  telling: Telling,
  { coverage, ...where }: Circumstances,
): Promise<Driver> {
  const driver = await tell(pipeline, said, { ...where, ...telling })
  coverage?.add(driver)
  return driver
}

/** The law that the rest follows from. */
export const anyOrder = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(
    journeys.chain(said => fc.tuple(fc.constant(said), disordered(said))),
    times,
    times,
    ends,
    async ([said, otherwise], some, others, end) => {
      const disturbed = await told(pipeline, otherwise, { time: others, end }, where)
      assertAlike(disturbed, await tell(pipeline, said, { time: some, end }))
    },
  )

/** Not a word is another; told together, tasks may say other words, which come to the same. */
export const anyRestart = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(restarted, async ([said, time, end, restartsAt]) => {
    const undisturbed = await tell(pipeline, said, { time, end })
    const disturbed = await told(pipeline, said, { time, end, restartsAt }, where)
    if (where.together === undefined) assert.deepEqual(words(disturbed), words(undisturbed))
    else assertAlike(disturbed, undisturbed)
  })

export const allAgain = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(inDisorder, times, ends, async (said, time, end) => {
    const driver = await told(pipeline, said, { time, end }, where)
    const before = words(driver)
    if (where.together === undefined) await driver.feed(...said)
    else await driver.feedTogether(...said)
    assert.deepEqual(words(driver), before)
  })

export const wordsOnce = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(restarted, async ([said, time, end, restartsAt]) => {
    for (const written of words(await told(pipeline, said, { time, end, restartsAt }, where))) {
      const ids = written.map(({ eventId }) => eventId)
      assert.deepEqual(ids, [...new Set(ids)])
    }
  })

export const alarmsOnce = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(restarted, async ([said, time, end, restartsAt]) => {
    const rung: string[] = []
    const heard = pipeline.map(processor => listenedTo(processor, alarm => rung.push(alarm)))
    await told(heard, said, { time, end, restartsAt }, where)
    assert.deepEqual(rung, [...new Set(rung)])
  })

export const anyPartitions = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(inDisorder, times, ends, fc.integer({ min: 2, max: 4 }), async (said, time, end, partitions) => {
    const whole = await tell(pipeline, said, { time, end })
    assertAlike(await told(pipeline, said, { time, end, partitions }, where), whole)
  })

const anySize = fc.record({
  together: fc.integer({ min: 2, max: 40 }),
  batch: fc.integer({ min: 1, max: 30 }),
  liveRows: fc.constantFrom(0, 5, 10_000),
})
export const anyBatches = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(inDisorder, times, ends, anySize, async (said, time, end, sizes) => {
    const one = await tell(pipeline, said, { time, end })
    assertAlike(await told(pipeline, said, { time, end, ...sizes }, where), one)
  })

export const nothingLost = (pipeline: Pipeline, where: Circumstances = {}) =>
  fc.asyncProperty(inDisorder, times, ends, async (said, time, end) => {
    const driver = await told(pipeline, said, { time, end }, where)
    assert.deepEqual([driver.written(lates), driver.written(deadLetters)], [[], []])
  })

function listenedTo(processor: AnyProcessor, heard: (alarm: string) => void): AnyProcessor {
  const { wake } = processor
  const same = likeness(processor)
  if (wake)
    same.onWake((head, kept, at: Instant, tick: Instant) => {
      heard(`${processor.name} ${keyIn(processor, kept)} ${at}`)
      return wake(head, kept, at, tick)
    })
  return same
}

/** Whatever tells one key from another: no two keep a row of the same id in their first list that has rows. */
const keyIn = ({ keeps }: AnyProcessor, kept: Evidence): string =>
  keeps.map(list => kept.last<unknown>(list)?.id).find(id => id !== undefined) ?? ''

/** The same processor, to be changed. */
export function likeness(processor: AnyProcessor): AnyProcessor {
  const same: AnyProcessor = new Processor<unknown, string>(processor)
  for (const [name, handler] of processor.handlers) same.handlers.set(name, handler)
  same.wake = processor.wake
  return same
}
