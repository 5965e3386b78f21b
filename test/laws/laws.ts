/** The laws that planted bugs are held to as well. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Evidence } from '../../streams/evidence.ts'
import { type AnyProcessor, Processor } from '../../streams/processor.ts'
import type { Instant } from '../../streams/time.ts'
import type { Coverage } from './coverage.ts'
import { disordered, ends, journeys, times } from './journeys.ts'
import { outcome, tell, words } from './telling.ts'

/** The law that the rest follows from. */
export const anyOrder = (pipeline: readonly AnyProcessor[], coverage?: Coverage) =>
  fc.asyncProperty(
    journeys.chain(said => fc.tuple(fc.constant(said), disordered(said))),
    times,
    times,
    ends,
    async ([said, otherwise], some, others, end) => {
      const disturbed = await tell(pipeline, otherwise, { time: others, end })
      coverage?.add(disturbed)
      assert.deepEqual(outcome(disturbed), outcome(await tell(pipeline, said, { time: some, end })))
    },
  )

const restarted = fc.tuple(journeys.chain(disordered), times, ends, fc.nat(40))

export const wordsOnce = (pipeline: readonly AnyProcessor[]) =>
  fc.asyncProperty(restarted, async ([said, time, end, restartAt]) => {
    for (const written of words(await tell(pipeline, said, { time, end, restartAt }))) {
      const ids = written.map(({ eventId }) => eventId)
      assert.deepEqual(ids, [...new Set(ids)])
    }
  })

export const alarmsOnce = (pipeline: readonly AnyProcessor[]) =>
  fc.asyncProperty(restarted, async ([said, time, end, restartAt]) => {
    const rung: string[] = []
    const heard = pipeline.map(processor => listenedTo(processor, alarm => rung.push(alarm)))
    await tell(heard, said, { time, end, restartAt })
    assert.deepEqual(rung, [...new Set(rung)])
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
