/** One commit is one transaction: all of it is seen, once, or nothing, whoever dies or sleeps in the middle of it. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { offsetFetchV9 } from '@platformatic/kafka'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { Fenced, type Held, LogUnavailable, NOTHING_YET, type Outgoing } from '../../../../streams/log/log.ts'
import { ALL, connection, door, installation, noise, pause, record, texts, until } from './broker.ts'
import { API, type Fate } from './door.ts'

const rowsOf = (held: Held, key = 'k') =>
  held.state.load(key).map(({ list, bytes }) => `${list}=${Buffer.from(bytes).toString()}`)

/** Write a text to partition 1 of `a` and to the state, and how far `a/0` has been read. */
async function commit(held: Held, text: string, offset: number, outputs: readonly Outgoing[] = []): Promise<void> {
  const tx = await held.begin()
  try {
    await tx.fence()
    await tx.append([record('a', 1, text), ...outputs])
    await tx.change([{ key: 'k', list: text, at: 0, id: '', dense: false, bytes: Buffer.from(text) }])
    await tx.checkpoint({ ...NOTHING_YET, offsets: { 'a/0': offset, 'b/0': offset } })
    await tx.commit()
  } catch (error) {
    await tx.abort()
    throw error
  }
}

const offsetOf = (held: Held) => held.checkpoint.offsets['a/0'] ?? 0

async function outputs(log: KafkaLog, count: number): Promise<string[]> {
  const read = () => log.read('a', 1, 0, ALL)
  await until(read, records => records.length >= count)
  await pause(20)
  return texts(await read())
}

export function transactions(): void {
  void suite('transactions on Kafka', { concurrency: true }, () => {
    /** Two logs of one namespace: the first behind a door. */
    async function opened(t: TestContext) {
      const at = installation(t)
      const between = await door(t)
      return { ...at, between, first: await at.open({ brokers: [between.address] }), second: await at.open() }
    }

    void test('what a killed owner left open is ended by who claims the task next', async t => {
      const { between, first, second, open } = await opened(t)
      const held = await first.claim('task/0')
      await commit(held, 'one', 1)
      const { held: reached } = between.hold(API.END_TXN)
      const killed = assert.rejects(commit(held, 'two', 2), LogUnavailable)
      await reached
      await first.close()
      await killed
      const next = await second.claim('task/0')
      assert.deepEqual([offsetOf(next), rowsOf(next)], [1, ['one=one']])
      const since = performance.now()
      await commit(next, 'three', 3)
      assert.deepEqual(await outputs(second, 2), ['one', 'three'])
      assert.ok(performance.now() - since < 5_000, 'it waited for the transaction to run out')
      assert.deepEqual(rowsOf(await (await open()).claim('task/0')).sort(), ['one=one', 'three=three'])
    })

    for (const [name, api] of Object.entries(API).filter(
      ([, api]) => api === API.PRODUCE || api > API.ADD_PARTITIONS - 1,
    ))
      if (api !== API.HEARTBEAT)
        void test(`a zombie is fenced off though its ${name} comes late`, async t => {
          const { between, first, second, open } = await opened(t)
          const zombie = await first.claim('task/0')
          await commit(zombie, 'one', 1)
          const { held: reached, release } = between.hold(api)
          const fenced = assert.rejects(commit(zombie, 'two', 2), Fenced)
          await reached
          const next = await second.claim('task/0')
          assert.deepEqual([offsetOf(next), rowsOf(next)], [1, ['one=one']])
          await commit(next, 'three', 3)
          release()
          await fenced
          await commit(next, 'four', 4)
          assert.deepEqual(await outputs(second, 3), ['one', 'three', 'four'])
          const again = await (await open()).claim('task/0')
          assert.deepEqual([offsetOf(again), rowsOf(again).sort()], [4, ['four=four', 'one=one', 'three=three']])
          await assert.rejects(commit(zombie, 'five', 5), Error)
          await assert.rejects(commit(next, 'six', 6), Fenced)
          assert.deepEqual(await outputs(second, 3), ['one', 'three', 'four'])
        })

    for (const [name, api] of Object.entries(API).filter(
      ([, api]) => api === API.PRODUCE || api >= API.INIT_PRODUCER_ID,
    ))
      if (api !== API.HEARTBEAT)
        void test(`a lost answer to ${name} neither loses nor doubles anything`, async t => {
          const { between, first, second } = await opened(t)
          let lost = between.loseAnswer(api)
          const held = await first.claim('task/0')
          if (api === API.INIT_PRODUCER_ID) await lost
          await commit(held, 'one', 1)
          lost = between.loseAnswer(api)
          if (api !== API.INIT_PRODUCER_ID) {
            await commit(held, 'two', 2)
            await lost
          } else await commit(held, 'two', 2)
          await commit(held, 'three', 3)
          assert.deepEqual(await outputs(second, 3), ['one', 'two', 'three'])
          const next = await second.claim('task/0')
          assert.deepEqual([offsetOf(next), rowsOf(next)], [3, ['one=one', 'three=three', 'two=two']])
          await commit(next, 'four', 4)
          assert.deepEqual(await outputs(second, 4), ['one', 'two', 'three', 'four'])
        })

    void test('who dies before the answer to its commit came learns by claiming again what holds', async t => {
      const { between, first, second } = await opened(t)
      const held = await first.claim('task/0')
      await commit(held, 'one', 1)
      const forwarded = Promise.withResolvers<undefined>()
      between.answer = async ({ api }): Promise<Fate> => {
        if (api !== API.END_TXN) return 'pass'
        forwarded.resolve(undefined)
        return new Promise(() => undefined)
      }
      const unknown = assert.rejects(commit(held, 'two', 2), LogUnavailable)
      await forwarded.promise
      await first.close()
      await unknown
      const next = await second.claim('task/0')
      assert.deepEqual([offsetOf(next), rowsOf(next)], [2, ['one=one', 'two=two']])
      assert.deepEqual(await outputs(second, 2), ['one', 'two'])
    })

    void test('where the end of one transaction is still being written, the next waits for it', async t => {
      const { between, first, second } = await opened(t)
      const held = await first.claim('task/0')
      // CONCURRENT_TRANSACTIONS, as the coordinator says it while it writes the markers. No tags, not throttled.
      const concurrent: Readonly<Record<number, Buffer>> = {
        [API.INIT_PRODUCER_ID]: Buffer.concat([Buffer.of(0, 0, 0, 0, 0, 0, 51), Buffer.alloc(10, 0xff), Buffer.of(0)]),
        [API.END_TXN]: Buffer.of(0, 0, 0, 0, 0, 0, 51, 0),
        [API.ADD_OFFSETS]: Buffer.of(0, 0, 0, 0, 0, 0, 51, 0),
      }
      for (const [api, answer] of Object.entries(concurrent)) {
        let left = 3
        between.instead = asked => (asked.api === Number(api) && left-- > 0 ? answer : undefined)
        if (Number(api) === API.INIT_PRODUCER_ID) await first.claim('task/1')
        else await commit(held, api, Number(api))
        assert.ok(left <= 0, `${api} was not asked`)
      }
      assert.deepEqual(await outputs(second, 2), [`${API.ADD_OFFSETS}`, `${API.END_TXN}`])
    })

    void test('a commit of many megabytes is one transaction; a record of eight passes', async t => {
      const { first, second, open } = await opened(t)
      const held = await first.claim('task/0')
      const many = Array.from({ length: 120 }, (_, n) => record('a', n % 40 === 0 ? 1 : 0, noise(115_000)))
      const large = record('a', 2, noise(8 << 20))
      const rows = Array.from({ length: 30 }, (_, n) => ({
        ...{ key: 'large', list: 'l', at: n, id: '', dense: false },
        bytes: Buffer.from(noise(n === 9 ? 3 << 20 : 60_000)),
      }))
      const tx = await held.begin()
      await tx.append([...many, large])
      await tx.change(rows)
      await tx.commit()
      for (const partition of [0, 1, 2]) {
        const wanted = [...many, large].filter(one => one.partition === partition)
        const seen: string[] = []
        const tail = second.tail('a', partition, 0)
        await until(
          async () => seen.push(...texts(await tail.take(ALL))),
          count => count >= wanted.length,
        )
        tail.close()
        assert.ok(seen.length === wanted.length && seen.every((one, n) => one === texts(wanted)[n]), `a/${partition}`)
      }
      const { end } = await second.bounds('a', 2)
      const [last] = await second.read('a', 2, end - 2, { records: 1, bytes: 1 })
      assert.ok(last && Buffer.from(last.value).equals(large.value))
      const { state } = await (await open()).claim('task/0')
      const restored = state.load('large').toSorted((a, b) => a.at - b.at)
      assert.ok(restored.length === 30 && restored.every(({ bytes }, n) => rows[n]?.bytes.equals(bytes)))
    })

    void test('what a commit that failed has written is not committed by what its owner does next', async t => {
      const { first, second } = await opened(t)
      const held = await first.claim('task/0')
      await commit(held, 'one', 1)
      const tooLarge = { ...record('b', 0, 'x'), value: Buffer.from(noise(13 << 20)) }
      await assert.rejects(commit(held, 'two', 2, [tooLarge]), Error)
      await held.release().catch(() => undefined)
      await assert.rejects(commit(held, 'three', 3), Error)
      const next = await second.claim('task/0')
      assert.deepEqual([offsetOf(next), rowsOf(next)], [1, ['one=one']])
      assert.deepEqual(await outputs(second, 1), ['one'])
    })

    void test('tools for Kafka see how far a group has read, but for what all of it reads', async t => {
      const { first, namespace } = await opened(t)
      const raw = await connection(t)
      const held = await first.claim('task/0')
      await commit(held, 'one', 41)
      await commit(held, 'two', 42)
      const topics = ['a', 'b'].map(topic => ({ name: `${namespace}.${topic}`, partitionIndexes: [0] }))
      const group = { groupId: `${namespace}.task`, memberId: null, memberEpoch: -1, topics }
      const { groups } = await until(
        () => raw.askCoordinator('test', 'group', group.groupId, offsetFetchV9.api, [group], false),
        ({ groups }) => groups[0]?.topics[0]?.partitions[0]?.committedOffset === 42n,
      )
      assert.equal(groups[0]?.topics[1]?.partitions[0]?.committedOffset, -1n)
    })

    void test('commits go on while others join, though the group has moved on before its member heard of it', async t => {
      const { between, first, second } = await opened(t)
      const stop = new AbortController()
      t.after(() => {
        stop.abort()
      })
      let committed = 0
      const errors: unknown[] = []
      const work = async (log: KafkaLog, task: string, until: AbortSignal) => {
        const held = await log.claim(task)
        for (let n = 1; !until.aborted; n++)
          try {
            await commit(held, `${task} ${n}`, n)
            if (log === first) committed++
          } catch (error) {
            errors.push(error)
            return
          }
      }
      // Whoever failed commits no more.
      const seen = () => {
        assert.deepEqual(errors, [])
        return committed
      }
      const shared = first.share('task', ['task/0', 'task/1'], (task, until) => work(first, task, until), stop.signal)
      await until(seen, count => count > 4)
      let late = 0
      between.answer = async ({ api }): Promise<Fate> => {
        if (api === API.HEARTBEAT) await pause(late++ < 4 ? 250 : 0)
        return 'pass'
      }
      const other = second.share('task', ['task/0', 'task/1'], (task, until) => work(second, task, until), stop.signal)
      await until(
        () => late,
        count => count > 4,
      )
      const before = committed
      await until(seen, count => count > before + 4)
      stop.abort()
      await Promise.all([shared, other])
      assert.deepEqual(errors, [])
    })
  })
}
