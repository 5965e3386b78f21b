/** A hold: nobody commits while it lasts, whoever claims and whenever; and nobody waits for a holder that is dead. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { Fenced, type Held, LogUnavailable, NOTHING_YET } from '../../../../streams/log/log.ts'
import type { WholeState } from '../../../../streams/log/state/whole.ts'
import { ALL, connection, door, installation, type More, pause, record, texts, until } from './broker.ts'
import { API, type Asked, type Door, type Fate } from './door.ts'
import { RawProducer } from './raw.ts'

/** Write to partition 1 of `a`, to the state and to the checkpoint, that it is the nth. */
async function commit(held: Held, n: number, partition = 1): Promise<void> {
  const tx = await held.begin()
  await tx.append([record('a', partition, `${n}`)])
  await tx.change([{ key: 'k', list: 'l', at: 0, id: '', dense: false, bytes: Buffer.from(`${n}`) }])
  await tx.checkpoint({ ...NOTHING_YET, offsets: { 'a/0': n } })
  await tx.commit()
}
const kept = ({ rows }: WholeState) => [...rows()].map(({ bytes }) => Buffer.from(bytes).toString())
const forever = new AbortController().signal
const TASKS = 2

export function holding(): void {
  // One after the other: what is held is to be through within seconds, beside the other suites.
  void suite('a hold on Kafka', { concurrency: false }, () => {
    /** The holder is behind a door, which tells when all tasks are held, and until when. */
    async function opened(t: TestContext, more: More = {}) {
      const at = installation(t)
      const [before, between] = [await door(t), await door(t)]
      const holder = await at.open({ brokers: [before.address] })
      const owner = await at.open({ brokers: [between.address], ...more })
      const watch = watching(before)
      return { ...at, holder, owner, before: watch, between, cut: () => holder.cut(forever) }
    }

    /** Of the holder’s requests: the record that begins a hold, the tasks’ ids, what it does meanwhile, and the record that ends it. */
    function watching(before: Door) {
      const nothing = () => Promise.resolve()
      const events: Record<'record' | 'id' | 'held', () => Promise<void>> = {
        record: nothing,
        id: nothing,
        held: nothing,
      }
      const steps: ('record' | 'id' | 'held')[] = []
      const ids = new Set<string>()
      let [begun, looks] = [false, 0]
      before.request = async ({ api, bytes }: Asked): Promise<Fate> => {
        if (api === API.PRODUCE) {
          steps.push('record')
          if (!begun) await events.record()
          else {
            ids.clear()
            looks = 0
          }
          begun = !begun
        } else if (api === API.INIT_PRODUCER_ID && bytes.includes('.task.')) {
          steps.push('id')
          const isFirst = ids.size === 0
          ids.add(/\.task\.\d/.exec(bytes.toString('latin1'))?.[0] ?? '')
          if (isFirst) await events.id()
        } else if (api === API.LIST_OFFSETS && begun && ids.size === TASKS && ++looks === 2) {
          // The first look was where the checkpoints end.
          steps.push('held')
          await events.held()
        }
        return 'pass'
      }
      return { events, steps, isHeld: () => looks >= 2 }
    }

    void test('whoever had a task is fenced off, waits with claiming it again, and goes on once it is over', async t => {
      const { holder, owner, before, cut } = await opened(t)
      const held = await owner.claim('task/0')
      await commit(held, 1)
      let claimed: Promise<Held> | undefined
      let isClaimed = false
      before.events.held = async () => {
        await assert.rejects(commit(held, 2), Fenced)
        claimed = owner.claim('task/0')
        void claimed.then(() => (isClaimed = true))
        await pause(300)
        assert.ok(!isClaimed, 'it does not wait')
      }
      const { bounds, checkpoints, stateOf, heldMs, takenAt } = await cut()
      assert.ok(heldMs >= 300 && Math.abs(takenAt - Date.now()) < 10_000, `${heldMs} ms`)
      assert.deepEqual([...checkpoints.keys()], ['task/0'], 'nothing is told of one that has done nothing')
      assert.equal(checkpoints.get('task/0')?.offsets['a/0'], 1)
      assert.deepEqual(kept(stateOf('task/0')), ['1'])
      const again = await claimed
      assert.ok(again)
      assert.equal(again.checkpoint.offsets['a/0'], 1)
      await commit(again, 2)
      const all = await until(
        () => holder.read('a', 1, 0, ALL),
        records => records.length === 2,
      )
      assert.deepEqual(texts(all.filter(({ offset }) => offset < (bounds.get('a/1')?.end ?? 0))), ['1'])
    })

    /** Where the other is when the holder is told to go on, and from when on it goes on itself. */
    const races = {
      'a claim that looked before the hold was there': ({ before, between }, claim) => {
        before.events.record = async () => {
          const { held } = standing(between, before.isHeld)
          claim()
          await held
        }
      },
      'a claim that came when the hold was there and no task was taken': ({ before, between }, claim) => {
        before.events.id = async () => {
          const asked = between.count(API.LIST_OFFSETS)
          claim()
          await until(
            () => between.count(API.LIST_OFFSETS),
            count => count > asked,
          )
          await pause(100)
        }
      },
      'a claim whose id came late': async ({ before, between }, claim) => {
        const { held, release } = between.hold(API.INIT_PRODUCER_ID)
        claim()
        await held
        before.events.held = async () => {
          release()
          await pause(300)
        }
      },
    } satisfies Record<string, (all: Awaited<ReturnType<typeof opened>>, claim: () => void) => void | Promise<void>>
    /** Keep a claim before its first word to others, until it is so. */
    function standing(between: Door, isSo: () => boolean) {
      const held = Promise.withResolvers<undefined>()
      between.request = async ({ api }): Promise<Fate> => {
        if (api !== API.ADD_PARTITIONS) return 'pass'
        held.resolve(undefined)
        await until(isSo, so => so, 60_000)
        return 'pass'
      }
      return { held: held.promise }
    }
    for (const [what, race] of Object.entries(races))
      void test(`${what} commits nothing while it lasts`, async t => {
        const all = await opened(t)
        const { owner, before, cut } = all
        const slips: string[] = []
        let claiming = Promise.resolve()
        const claim = () => {
          claiming = (async () => {
            try {
              const held = await owner.claim('task/0')
              if (before.isHeld()) slips.push('it was claimed')
              await commit(held, 1)
              if (before.isHeld()) slips.push('it was committed to')
            } catch (error) {
              assert.ok(error instanceof Fenced || error instanceof LogUnavailable, String(error))
            }
          })()
        }
        await race(all, claim)
        await cut()
        await claiming
        assert.deepEqual(slips, [])
        assert.deepEqual(
          before.steps.filter((step, n, all) => step !== all[n - 1]),
          ['record', 'id', 'held', 'record'],
          'at the first try, in this order',
        )
      })

    void test('what is cut is of one moment, however much is committed before, meanwhile and after', async t => {
      const { open } = installation(t)
      const [holder, ...owners] = [await open(), await open(), await open()]
      const stop = new AbortController()
      t.after(() => {
        stop.abort()
      })
      const errors: unknown[] = []
      let fenced = 0
      let committed = 0
      const work = async (log: KafkaLog, task: string, partition: number): Promise<void> => {
        for (let held: Held | undefined, n = 0; !stop.signal.aborted;)
          try {
            if (!held) {
              held = await log.claim(task)
              n = held.checkpoint.offsets['a/0'] ?? 0
            }
            await commit(held, ++n, partition)
            committed++
          } catch (error) {
            if (!(error instanceof Fenced)) {
              errors.push(error)
              return
            }
            fenced++
            held = undefined
          }
      }
      const working = owners.map((log, n) => work(log, `task/${n}`, n))
      for (let n = 0; n < 5; n++) {
        const since = committed
        await until(
          () => committed,
          count => count > since + 20 || errors.length > 0,
          40_000,
        )
        assert.deepEqual(errors, [])
        const { bounds, checkpoints, stateOf } = await holder.cut(forever)
        for (const [task, partition] of [
          ['task/0', 0],
          ['task/1', 1],
        ] as const) {
          // prettier-ignore
          const count = checkpoints.get(task)?.offsets['a/0'] ?? 0
          assert.deepEqual(kept(stateOf(task)), [`${count}`])
          const records = (await holder.read('a', partition, 0, ALL)).filter(
            ({ offset }) => offset < (bounds.get(`a/${partition}`)?.end ?? 0),
          )
          assert.deepEqual(
            texts(records),
            Array.from({ length: count }, (_, n) => `${n + 1}`),
          )
        }
      }
      stop.abort()
      await Promise.all(working)
      assert.deepEqual(errors, [])
      // Once each time; and once more where it came back while its own open transaction was being ended.
      assert.ok(fenced >= 10 && fenced <= 20, `${fenced} times`)
    })

    void test('where a task is run all the same it is told, not taken for one moment', async t => {
      const { before, cut, namespace } = await opened(t)
      const stranger = await RawProducer.take(await connection(t), `${namespace}.stranger`)
      let left = 1
      before.events.held = async () => {
        if (left-- <= 0) return
        await stranger.write(`${namespace}.checkpoints`, 0, ['{}'])
        await stranger.end(true)
      }
      await cut()
      const times = () => before.steps.filter(step => step === 'held').length
      assert.equal(times(), 2, 'it is held again')
      left = Infinity
      await assert.rejects(cut(), (error: unknown) => {
        assert.ok(error instanceof LogUnavailable, String(error))
        assert.match(error.message, /could not be held: a task was run all the same/)
        return true
      })
      assert.equal(times(), 6)
    })

    void test('who is about to be fenced off may be told that the broker has failed: it asks again', async t => {
      const { owner, between } = await opened(t)
      const held = await owner.claim('task/0')
      let left = 2
      // UNKNOWN_SERVER_ERROR, behind no tags and not throttled.
      const failed = Buffer.of(0, 0, 0, 0, 0, 0xff, 0xff, 0)
      between.instead = ({ api }) => (api === API.END_TXN && left-- > 0 ? failed : undefined)
      await commit(held, 1)
      assert.ok(left <= 0)
    })

    /** What a holder that died has left. */
    async function leftBehind(t: TestContext, hold: object, holdWaitMs = 10_000) {
      const { open } = installation(t)
      const log = await open({ holdWaitMs })
      const words = await open({ topics: new Map([['checkpoints', 1]]), broadcast: [] })
      const value = Buffer.from(JSON.stringify({ id: 'x', by: 'nobody', at: Date.now(), over: false, ...hold }))
      await words.append([{ topic: 'checkpoints', partition: 0, key: 'hold', value, cause: null }])
      return { log, open }
    }
    const took = async (work: Promise<unknown>) => {
      const since = performance.now()
      await work
      return performance.now() - since
    }

    void test('a holder that is dead is waited for so long, once by each process', async t => {
      const { log } = await leftBehind(t, {}, 3_000)
      const first = await took(log.claim('task/0'))
      assert.ok(first >= 2_900, `${first} ms`)
      const second = await took(log.claim('task/1'))
      assert.ok(second < 2_900, `${second} ms`)
    })

    void test('one that died long ago is waited for by nobody', async t => {
      const { log } = await leftBehind(t, { at: Date.now() - 200_000 })
      const ms = await took(log.claim('task/0'))
      assert.ok(ms < 5_000, `${ms} ms`)
      const { log: other } = await leftBehind(t, { over: true })
      const over = await took(other.claim('task/0'))
      assert.ok(over < 5_000, `${over} ms`)
    })

    void test('a hold is seen though a dead process has left a transaction open before it', async t => {
      const { owner, before, cut, namespace } = await opened(t)
      const stranger = await RawProducer.take(await connection(t), `${namespace}.stranger`)
      await stranger.write(`${namespace}.checkpoints`, 0, ['{}'])
      let claimed: Promise<unknown> | undefined
      let isClaimed = false
      before.events.held = async () => {
        claimed = owner.claim('task/0').finally(() => (isClaimed = true))
        claimed.catch(() => undefined)
        await pause(300)
        assert.ok(!isClaimed, 'it does not wait')
      }
      await cut()
      await stranger.end(false)
      await claimed
    })
  })
}
