/** What every implementation of `Log` must do. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fenced, type Log, NOTHING_YET, type Outgoing, type StateChange } from '../../../streams/log/log.ts'
import type { Instant } from '../../../streams/time.ts'

/** One log that outlives its processes. */
export interface Installation {
  /** A process of its own: another connection to the same log. */
  open(): Promise<Log>
  /** The process dies without a word. */
  kill(log: Log): Promise<void>
  remove(): Promise<void>
}

/** Topic `a` has three partitions, `b` one; there are tasks `task/0` and `task/1`. */
export const TOPICS = new Map([
  ['a', 3],
  ['b', 1],
])

const bytes = (text: string) => Buffer.from(text)
const record = (topic: string, partition: number, text: string, cause: string | null = null): Outgoing => ({
  topic,
  partition,
  key: `key of ${text}`,
  value: bytes(text),
  cause,
})
const ALL = { records: 1_000, bytes: 1_000_000 }
const texts = (records: readonly { value: Uint8Array }[]) => records.map(({ value }) => Buffer.from(value).toString())
const row = (key: string, list: string, at: number, text: string | null, dense = false): StateChange => ({
  ...{ key, list, at, dense },
  id: dense ? '' : 'id',
  bytes: text === null ? null : bytes(text),
})

export function contract(name: string, install: () => Promise<Installation>): void {
  const on = (sentence: string, story: (log: Log, installation: Installation) => Promise<void>) => {
    void test(sentence, async () => {
      const installation = await install()
      const log = await installation.open()
      try {
        await story(log, installation)
      } finally {
        await log.close().catch(() => undefined)
        await installation.remove()
      }
    })
  }

  suite(`a log: ${name}`, () => {
    on('keeps records in the order of each partition, under offsets without gaps', async log => {
      await log.append([record('a', 0, 'x'), record('a', 1, 'y'), record('a', 0, 'z', 'ab'.repeat(16))])
      await log.append([record('a', 0, 'w')])
      const kept = await log.read('a', 0, 0, ALL)
      assert.deepEqual(texts(kept), ['x', 'z', 'w'])
      assert.deepEqual(
        kept.map(({ offset, key, cause }) => ({ offset, key, cause })),
        [
          { offset: 0, key: 'key of x', cause: null },
          { offset: 1, key: 'key of z', cause: 'ab'.repeat(16) },
          { offset: 2, key: 'key of w', cause: null },
        ],
      )
      assert.deepEqual(await log.bounds('a', 0), { start: 0, end: 3 })
      assert.deepEqual(await log.bounds('a', 2), { start: 0, end: 0 })
    })

    on('reads from any offset, within the limits, but at least one record', async log => {
      await log.append(['1', '22', '333', '4444'].map(text => record('b', 0, text)))
      await log.append([record('b', 0, '55555')])
      assert.deepEqual(texts(await log.read('b', 0, 1, { records: 2, bytes: 1_000 })), ['22', '333'])
      assert.deepEqual(texts(await log.read('b', 0, 3, ALL)), ['4444', '55555'])
      assert.deepEqual(texts(await log.read('b', 0, 2, { records: 9, bytes: 1 })), ['333'])
      assert.deepEqual(await log.read('b', 0, 5, ALL), [])
    })

    on('is the same log in every process and after all of them have gone', async (log, installation) => {
      await log.append([record('a', 2, 'x')])
      const other = await installation.open()
      assert.equal(other.id, log.id)
      assert.deepEqual(texts(await other.read('a', 2, 0, ALL)), ['x'])
      await other.append([record('a', 2, 'y')])
      assert.deepEqual(texts(await log.read('a', 2, 0, ALL)), ['x', 'y'])
      await other.close()
    })

    on('wakes those who wait for a change of what they read', async (log, installation) => {
      const other = await installation.open()
      const tail = log.tail('b', 0, 0)
      assert.deepEqual(await tail.take(ALL), [])
      const taken = (async () => {
        for (let seen = -1; ;) {
          seen = await log.changed(seen, 10_000)
          const records = await tail.take(ALL)
          if (records.length > 0) return records
        }
      })()
      const since = performance.now()
      await other.append([record('b', 0, 'x')])
      assert.deepEqual(texts(await taken), ['x'])
      assert.ok(performance.now() - since < 5_000, 'it was not woken')
      assert.equal(tail.position, 1)
      tail.close()
      await other.close()
    })

    on('wakes also those who wait in the process that writes', async log => {
      const held = await log.claim('task/0')
      const before = await log.changed(-1, 0)
      await log.append([record('b', 0, 'x')])
      const between = await log.changed(before, 0)
      assert.notEqual(between, before)
      const tx = await held.begin()
      await tx.append([record('b', 0, 'y')])
      await tx.commit()
      assert.notEqual(await log.changed(between, 0), between)
    })

    on('takes a partition up where a tail begins, within the limits', async log => {
      await log.append(['1', '22', '333', '4444'].map(text => record('b', 0, text)))
      const tail = log.tail('b', 0, 1)
      const records: string[] = []
      for (let seen = -1; records.length < 3; seen = await log.changed(seen, 100))
        for (let left = 3; left > 0; left--) {
          const taken = texts(await tail.take({ records: 2, bytes: 5 }))
          assert.ok(taken.length <= 2)
          records.push(...taken)
        }
      assert.deepEqual(records, ['22', '333', '4444'])
      assert.equal(tail.position, 4)
      tail.close()
    })

    on('lets a task go on in another process, under a higher epoch', async (log, installation) => {
      const held = await log.claim('task/0')
      assert.deepEqual(held.checkpoint, NOTHING_YET)
      await held.release()
      const other = await installation.open()
      const next = await other.claim('task/0')
      assert.ok(next.epoch > held.epoch)
      await installation.kill(other)
      assert.ok((await log.claim('task/0')).epoch > next.epoch)
    })

    on('commits outputs, state, alarms and checkpoint together', async (log, installation) => {
      const held = await log.claim('task/0')
      const checkpoint = { ...NOTHING_YET, offsets: { 'b/0': 7 }, tick: 5 as Instant }
      const write = async () => {
        const tx = await held.begin()
        await tx.fence()
        await tx.append([record('a', 1, 'out')])
        await tx.change([
          row('k', 'list', 3, 'row'),
          row('k', 'dense', 60, 'block', true),
          row('other', 'list', 1, 'no'),
        ])
        await tx.setAlarms([
          { key: 'k', at: 50 as Instant },
          { key: 'early', at: 40 as Instant },
        ])
        await tx.checkpoint(checkpoint)
        return tx
      }
      const withdrawn = await write()
      // Also to whoever reads by the same process: it waits, or does not see it.
      const meanwhile = Promise.all([
        log.read('a', 1, 0, ALL),
        log.bounds('a', 1),
        log.checkpointOf('task/0').then(last => last ?? NOTHING_YET),
      ])
      await withdrawn.abort()
      assert.deepEqual(await meanwhile, [[], { start: 0, end: 0 }, NOTHING_YET])
      assert.deepEqual(held.state.load('k'), [])
      await (await write()).commit()

      await installation.kill(log)
      const other = await installation.open()
      assert.deepEqual(texts(await other.read('a', 1, 0, ALL)), ['out'])
      assert.deepEqual(await other.checkpointOf('task/0'), checkpoint)
      const again = await other.claim('task/0')
      assert.deepEqual(again.checkpoint, checkpoint)
      assert.deepEqual(
        again.state.load('k').map(({ list, at, id, bytes }) => [list, at, id, Buffer.from(bytes).toString()]),
        [['list', 3, 'id', 'row']],
      )
      assert.equal(Buffer.from(again.state.block('k', 'dense', 60) ?? []).toString(), 'block')
      assert.deepEqual(again.state.alarms(49 as Instant, 10), [{ key: 'early', at: 40 }])
      assert.deepEqual(again.state.alarms(99 as Instant, 1), [{ key: 'early', at: 40 }])
      assert.deepEqual(
        again.state.alarms(99 as Instant, 9).map(a => a.key),
        ['early', 'k'],
      )
      await other.close()
    })

    on('changes and removes rows, blocks and alarms', async log => {
      const held = await log.claim('task/0')
      const commit = async (changes: StateChange[], alarm: number | null) => {
        const tx = await held.begin()
        await tx.fence()
        await tx.change(changes)
        await tx.setAlarms([{ key: 'k', at: alarm as Instant | null }])
        await tx.commit()
      }
      await commit(
        [row('k', 'l', 1, 'one'), row('k', 'l', 2, 'two'), ...[0, 60, 120].map(at => row('k', 'd', at, `${at}`, true))],
        9,
      )
      assert.equal(held.state.nextBlock('k', 'd', 60, -1)?.start, 0)
      assert.equal(held.state.nextBlock('k', 'd', 60, 1)?.start, 120)
      assert.equal(held.state.nextBlock('k', 'd', Number.POSITIVE_INFINITY, -1)?.start, 120)
      assert.equal(held.state.nextBlock('k', 'd', Number.NEGATIVE_INFINITY, 1)?.start, 0)
      assert.equal(Buffer.from(held.state.nextBlock('k', 'd', 60, 1)?.bytes ?? []).toString(), '120')
      assert.equal(held.state.nextBlock('k', 'other', 60, -1), undefined)
      await commit([row('k', 'l', 1, 'uno'), row('k', 'l', 2, null), row('k', 'd', 120, null, true)], null)
      assert.deepEqual(texts(held.state.load('k').map(({ bytes: value }) => ({ value }))), ['uno'])
      assert.equal(held.state.nextBlock('k', 'd', 60, 1), undefined)
      assert.equal(held.state.block('k', 'd', 120), undefined)
      assert.deepEqual(held.state.alarms(99 as Instant, 9), [])
    })

    on('keeps the state of tasks apart', async log => {
      const [one, two] = [await log.claim('task/0'), await log.claim('task/1')]
      const tx = await one.begin()
      await tx.change([row('k', 'l', 1, 'one')])
      await tx.commit()
      assert.equal(one.state.load('k').length, 1)
      assert.equal(two.state.load('k').length, 0)
    })

    on('fences off a former owner: nothing it still tries to write is seen', async (log, installation) => {
      const zombie = await log.claim('task/0')
      await zombie.release()
      const other = await installation.open()
      await other.claim('task/0')
      const tx = await zombie.begin()
      const write = async () => {
        await tx.fence()
        await tx.append([record('a', 0, 'x')])
        await tx.change([row('k', 'l', 1, 'one')])
        await tx.commit()
      }
      await assert.rejects(write(), Fenced)
      await tx.abort()
      assert.deepEqual(await log.read('a', 0, 0, ALL), [])
      const { state } = await other.claim('task/0')
      assert.deepEqual(state.load('k'), [])
      await other.close()
    })

    on('lets transactions of one process take turns', async log => {
      const [one, two] = [await log.claim('task/0'), await log.claim('task/1')]
      const write = async (held: typeof one, text: string) => {
        const tx = await held.begin()
        await new Promise(resolve => setTimeout(resolve, 2))
        await tx.append([record('b', 0, text)])
        await tx.commit()
      }
      await Promise.all([write(one, 'x'), write(two, 'y'), log.append([record('b', 0, 'z')])])
      await write(one, 'w')
      const all = texts(await log.read('b', 0, 0, ALL))
      assert.deepEqual([all.slice(0, 3).sort(), all[3]], [['x', 'y', 'z'], 'w'])
    })
  })
}
