import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { shipmentVersions, type Version, type VersionOf } from '../../ingest/shipment-versions.ts'
import type { Instant } from '../../streams/time.ts'

const version = (plannedAt: number, contentHash = 'x'): Version => ({ plannedAt: plannedAt as Instant, contentHash })
const kept = () => Promise.resolve()
const setUp = (
  versionOf: VersionOf = () => Promise.resolve(undefined),
  more: { rememberAtMost?: number; waitAtMostMs?: number } = {},
) => {
  const unknown: unknown[] = []
  return { unknown, versions: shipmentVersions({ versionOf, onUnknown: error => unknown.push(error), ...more }) }
}

describe('a version of a shipment', () => {
  test('is compared with the one in the read model', async () => {
    const { versions } = setUp(() => Promise.resolve(version(5)))
    assert.equal(await versions.take('s', version(4), kept), 'older')
    assert.equal(await versions.take('s', version(5), kept), 'repeated')
    assert.equal(await versions.take('s', version(5, 'y'), kept), 'conflict')
    assert.equal(await versions.take('s', version(6), kept), 'newer')
  })

  test('is compared with what was accepted here before the read model knew', async () => {
    const { versions } = setUp(() => Promise.resolve(version(1)))
    assert.equal(await versions.take('s', version(5), kept), 'newer')
    assert.equal(await versions.take('s', version(5), kept), 'repeated')
    assert.equal(await versions.take('s', version(5, 'y'), kept), 'conflict')
    assert.equal(await versions.take('s', version(4), kept), 'older')
    assert.equal(await versions.take('other', version(4), kept), 'newer')
  })

  test('is compared with the one in the read model where that is newer than what was accepted here', async () => {
    let theirs = version(1)
    const { versions } = setUp(() => Promise.resolve(theirs))
    assert.equal(await versions.take('s', version(5), kept), 'newer')
    theirs = version(9)
    assert.equal(await versions.take('s', version(7), kept), 'older')
  })

  test('is kept when it is newer or older, and only then', async () => {
    const { versions } = setUp(() => Promise.resolve(version(5)))
    const calls: string[] = []
    const keep = (standing: string) => Promise.resolve(void calls.push(standing))
    for (const it of [version(4), version(5), version(5, 'y'), version(6)]) await versions.take('s', it, keep)
    assert.deepEqual(calls, ['older', 'newer'])
  })

  test('waits for the one before it of the same shipment, and for no other', async () => {
    const { versions } = setUp()
    const gate = Promise.withResolvers<undefined>()
    const first = versions.take('s', version(5), () => gate.promise)
    const second = versions.take('s', version(5, 'y'), kept)
    assert.equal(await versions.take('other', version(5, 'y'), kept), 'newer')
    gate.resolve(undefined)
    assert.deepEqual(await Promise.all([first, second]), ['newer', 'conflict'])
  })

  test('that could not be kept is forgotten, and holds up no other', async () => {
    const { versions } = setUp()
    const failed = versions.take('s', version(5), () => Promise.reject(new Error('disk full')))
    const next = versions.take('s', version(5, 'y'), kept)
    await assert.rejects(failed, /disk full/)
    assert.equal(await next, 'newer')
  })

  test('is taken without the read model if that fails or does not answer', async () => {
    for (const versionOf of [() => Promise.reject(new Error('away')), () => new Promise<never>(() => undefined)]) {
      const { versions, unknown } = setUp(versionOf, { waitAtMostMs: 10 })
      assert.equal(await versions.take('s', version(5), kept), 'newer')
      assert.equal(await versions.take('s', version(4), kept), 'older')
      assert.equal(unknown.length, 2)
    }
  })

  test('is remembered for the latest shipments only', async () => {
    const { versions } = setUp(undefined, { rememberAtMost: 2 })
    for (const shipmentId of ['a', 'b', 'c']) await versions.take(shipmentId, version(5), kept)
    assert.equal(await versions.take('c', version(5), kept), 'repeated')
    assert.equal(await versions.take('b', version(5), kept), 'repeated')
    assert.equal(await versions.take('a', version(5), kept), 'newer')
  })
})
