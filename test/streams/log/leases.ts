/** What a log must do that knows by itself who lives: whoever comes second is told so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOTHING_YET, Taken } from '../../../streams/log/log.ts'
import type { Installation } from './contract.ts'

export function leases(name: string, install: () => Promise<Installation>): void {
  void test(`${name}: a task has one owner; another waits until it is gone`, async () => {
    const installation = await install()
    const log = await installation.open()
    const held = await log.claim('task/0')
    assert.deepEqual(held.checkpoint, NOTHING_YET)
    assert.deepEqual([await log.isOwned('task/0'), await log.isOwned('task/1')], [true, false])
    const other = await installation.open()
    await assert.rejects(other.claim('task/0'), Taken)
    await held.release()
    assert.equal(await log.isOwned('task/0'), false)
    await other.claim('task/0')
    // What a former owner lets go of is not its own any more.
    await held.release()
    assert.equal(await log.isOwned('task/0'), true)
    await installation.kill(other)
    await log.claim('task/0')
    await log.close()
    await installation.remove()
  })
}
