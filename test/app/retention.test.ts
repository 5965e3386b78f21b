/** What is let go: old records of the topics that flood, and none that a task or a sink has still to read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepRetention } from '../../app/retention.ts'
import { type Checkpoint, LogUnavailable, NOTHING_YET, place } from '../../streams/log/log.ts'
import { hours } from '../../streams/time.ts'

const END = 100
/** A log of topics of three partitions (the clock: one), all of which all have read, unless told otherwise. */
async function trimmedOf(reads: Readonly<Record<string, Partial<Checkpoint>>>, failure?: Error) {
  const partitionsOf = (topic: string) => (topic === 'clock.tick.v1' ? 1 : 3)
  const trimmed = new Map<string, number>()
  const ages: number[] = []
  const warned: unknown[] = []
  const over = new AbortController()
  const all = { ...NOTHING_YET, offsets: new Proxy({}, { get: () => END }) }
  const log = {
    partitionsOf,
    bounds: () => Promise.resolve({ start: 0, end: END }),
    checkpointOf: (task: string) => Promise.resolve({ ...all, ...reads[task] }),
    trim(topic: string, partition: number, before: number, read: number) {
      if (failure) return Promise.reject(failure)
      trimmed.set(place(topic, partition), read)
      ages.push(Date.now() - before)
      return Promise.resolve(0)
    },
  }
  const logger = { warn: (said: unknown) => void warned.push(said) }
  // Nothing of this waits for anything but promises: a round is through before the next turn.
  setImmediate(() => over.abort())
  await keepRetention(log, 2, logger as never, over.signal)
  return { trimmed, ages, warned }
}

test('old records go up to where the slowest reader is, the batch that it has on its way included', async () => {
  const { trimmed, ages } = await trimmedOf({
    'follow-vehicles/2': { offsets: { 'telematics.position.v1/2': 40, 'clock.tick.v1/0': 70 } },
    'clickhouse/vehicle_positions': {
      offsets: { 'vehicle.position.v1/0': 90, 'vehicle.position.v1/1': 90 },
      intent: { token: 't', ranges: { 'vehicle.position.v1/1': [80, 90] }, excluded: [] },
    },
  })
  assert.equal(trimmed.get('telematics.position.v1/1'), END)
  assert.equal(trimmed.get('telematics.position.v1/2'), 40)
  assert.equal(trimmed.get('clock.tick.v1/0'), 70)
  assert.deepEqual(
    [0, 1, 2].map(partition => trimmed.get(`vehicle.position.v1/${partition}`)),
    [90, 80, 0],
    'what nobody says to have read stays',
  )
  assert.ok(ages.every(age => age >= hours(2)))
})

test('what a shipment’s answer is made of, and what could not be handled, stays', async () => {
  const { trimmed } = await trimmedOf({})
  const topics = new Set([...trimmed.keys()].map(each => each.replace(/\/\d+$/, '')))
  assert.deepEqual([...topics].sort(), [
    'clock.tick.v1',
    'delivery.v1',
    'event.lag.v1',
    'late.v1',
    'refused.v1',
    'shipment.sighting.v1',
    'source.heard.v1',
    'telematics.position.v1',
    'vehicle.position.v1',
  ])
})

test('a log that can’t be written is waited for; a bug is not', async () => {
  const { warned } = await trimmedOf({}, new LogUnavailable('the disk is full'))
  assert.deepEqual(warned, [{ reason: 'the disk is full' }])
  await assert.rejects(trimmedOf({}, new TypeError('a bug')), /a bug/)
})
