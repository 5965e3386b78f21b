import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipelineHealth } from '../../app/pipeline-health.ts'
import { type Log, NOTHING_YET } from '../../streams/log/log.ts'
import type { Instant } from '../../streams/time.ts'

/** A log of two partitions a topic, offsets 10 to 100; every task has read up to 30, but one that never ran. */
const log = (isOwned: (task: string) => boolean) =>
  ({
    partitionsOf: () => 2,
    bounds: () => Promise.resolve({ start: 10, end: 100 }),
    isOwned: (task: string) => Promise.resolve(isOwned(task)),
    checkpointOf: (task: string) =>
      Promise.resolve(
        task === 'claim-references/1'
          ? undefined
          : { ...NOTHING_YET, offsets: new Proxy({}, { get: () => 30 }), tick: 7 as Instant },
      ),
  }) as unknown as Log

test('it is ready when a living process runs every task of every hop', async () => {
  const { ready, hops, tick } = await pipelineHealth(log(() => true))
  assert.ok(ready)
  assert.equal(tick, 7)
  const claims = hops.find(({ hop }) => hop === 'claim-references')
  assert.equal(claims?.lag, 70 + 90, 'what was let go is nothing to read')
  assert.ok(hops.some(({ kind }) => kind === 'sink'))
})

test('one task that nobody runs stops its hop, and it is not ready', async () => {
  const { ready, hops } = await pipelineHealth(log(task => task !== 'follow-vehicles/1'))
  assert.ok(!ready)
  assert.deepEqual(
    hops.filter(({ state }) => state === 'stopped').map(({ hop, detail }) => [hop, detail]),
    [['follow-vehicles', 'no living process runs it']],
  )
})
