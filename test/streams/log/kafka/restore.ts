/** A task that is claimed has the state that was committed, whatever this machine still knows of it. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { createTopicsV7 } from '@platformatic/kafka'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { type AlarmChange, type Held, NOTHING_YET, type StateChange } from '../../../../streams/log/log.ts'
import type { Instant } from '../../../../streams/time.ts'
import { ALL, connection, door, installation, type More, pause, until } from './broker.ts'
import { API, type Fate } from './door.ts'
import { RawProducer } from './raw.ts'

const DAY_MS = 86_400_000

async function commit(held: Held, state: readonly StateChange[], alarms: readonly AlarmChange[] = [], tick = 0) {
  const tx = await held.begin()
  await tx.change(state)
  await tx.setAlarms(alarms)
  await tx.checkpoint({ ...NOTHING_YET, tick: tick as Instant })
  await tx.commit()
}

const row = (key: string, id: string, text: string | null): StateChange => ({
  ...{ key, list: 'l', at: 1, id, dense: false },
  bytes: text === null ? null : Buffer.from(text),
})
const rows = ({ state }: Held, key = 'k') =>
  state
    .load(key)
    .map(({ id, bytes }) => `${id}=${Buffer.from(bytes).toString()}`)
    .sort()

export function restoring(): void {
  void suite('restoring on Kafka', { concurrency: true }, () => {
    /** An installation whose processes keep their state in one folder. */
    function stored(t: TestContext) {
      const directory = mkdtempSync(join(tmpdir(), 'milepost-restore-'))
      t.after(() => {
        rmSync(directory, { recursive: true })
      })
      const at = installation(t)
      const store = { directory, name: 's' }
      const file = join(directory, 's-0.sqlite')
      /** Change the file of the first process, while nobody has it. */
      const tamper = (sql: string) => {
        const db = new DatabaseSync(file)
        db.exec(sql)
        db.close()
      }
      // What no changelog says: whoever has it has it from the file.
      const plantGhost = () => {
        tamper("INSERT OR REPLACE INTO state SELECT id, 'k', 'l', 1, 'ghost', x'21' FROM tasks WHERE task = 'task/0'")
      }
      return { ...at, directory, file, tamper, plantGhost, reopen: (more?: More) => at.open({ store, ...more }) }
    }
    /** Commit by one process that then goes. */
    async function write(log: KafkaLog, ...commits: StateChange[][]): Promise<void> {
      const held = await log.claim('task/0')
      for (const [n, state] of commits.entries()) await commit(held, state, [], n + 1)
      await log.close()
    }
    const GHOST = 'ghost=!'

    void test('from the changelog alone, and from what is kept with the tail of the changelog', async t => {
      const { open, reopen, plantGhost } = stored(t)
      await write(await reopen(), [row('k', 'a', '1'), row('k', 'b', '2'), row('o', 'c', '3')], [row('k', 'a', null)])
      plantGhost()
      const other = await open()
      const elsewhere = await other.claim('task/0')
      assert.deepEqual(rows(elsewhere), ['b=2'])
      assert.equal(elsewhere.checkpoint.tick, 2)
      await commit(elsewhere, [row('k', 'b', '4'), row('k', 'd', '5'), row('o', 'c', null)], [], 9)
      const back = await (await reopen()).claim('task/0')
      assert.deepEqual(rows(back), ['b=4', 'd=5', GHOST])
      assert.deepEqual(rows(back, 'o'), [])
      assert.equal(back.checkpoint.tick, 9)
    })

    void test('what is kept is used without reading the changelog again', async t => {
      const { open, reopen } = stored(t)
      await write(await reopen(), [row('k', 'a', 'x'.repeat(500_000))], [row('k', 'b', '1')])
      const between = await door(t)
      const log = await reopen({ brokers: [between.address] })
      const before = between.answeredBytes.get(API.FETCH) ?? 0
      assert.equal(rows(await log.claim('task/0')).length, 2)
      assert.ok((between.answeredBytes.get(API.FETCH) ?? 0) - before < 100_000, 'all of it was read again')
      await open()
    })

    void test('what is older than deletions are remembered is read anew', async t => {
      const { reopen, plantGhost } = stored(t)
      const start = Date.now()
      await write(await reopen({ now: () => start }), [row('k', 'a', '1')])
      plantGhost()
      const soon = await reopen({ now: () => start + 6 * DAY_MS })
      const held = await soon.claim('task/0')
      assert.deepEqual(rows(held), ['a=1', GHOST])
      await soon.close()
      plantGhost()
      const late = await reopen({ now: () => start + 14 * DAY_MS })
      const anew = await late.claim('task/0')
      assert.deepEqual(rows(anew), ['a=1'])
      assert.equal(anew.checkpoint.tick, 1)
      await commit(anew, [row('k', 'a', null)], [], 2)
      await late.close()
      // Each commit says that it is up to date.
      const later = await (await reopen({ now: () => start + 20 * DAY_MS })).claim('task/0')
      assert.deepEqual(rows(later), [])
    })

    void test('what another log left is forgotten', async t => {
      const { reopen, directory, plantGhost } = stored(t)
      await write(await reopen(), [row('k', 'a', '1')])
      plantGhost()
      const other = installation(t)
      await write(await other.open(), [row('k', 'o', '1')], [row('k', 'o', '2')], [row('k', 'o', '3')])
      const held = await (await other.open({ store: { directory, name: 's' } })).claim('task/0')
      assert.deepEqual([rows(held), held.checkpoint.tick], [['o=3'], 3])
    })

    void test('what stands behind the end of the changelog is forgotten', async t => {
      const { reopen, plantGhost, tamper } = stored(t)
      await write(await reopen(), [row('k', 'a', '1')])
      plantGhost()
      tamper("UPDATE tasks SET position = 1000000, checkpoint = '{}'")
      const held = await (await reopen()).claim('task/0')
      assert.deepEqual(rows(held), ['a=1'])
      assert.equal(held.checkpoint.tick, 1)
    })

    void test('what was committed just before a process died is there, though it never reached its file', async t => {
      const { reopen, directory, file } = stored(t)
      const log = await reopen()
      const held = await log.claim('task/0')
      await commit(held, [row('k', 'a', '1'), row('k', 'b', '1')], [{ key: 'k', at: 5 as Instant }], 1)
      await log.close()
      const kept = mkdtempSync(join(tmpdir(), 'milepost-kept-'))
      cpSync(directory, kept, { recursive: true })
      const next = await reopen()
      const again = await next.claim('task/0')
      await commit(again, [row('k', 'a', '2'), row('k', 'b', null)], [{ key: 'k', at: null }], 2)
      await next.close()
      for (const name of readdirSync(directory)) rmSync(join(directory, name))
      cpSync(kept, directory, { recursive: true })
      rmSync(kept, { recursive: true })
      const db = new DatabaseSync(file)
      assert.equal(db.prepare('SELECT count(*) AS n FROM alarms').get()?.['n'], 1)
      db.close()
      const last = await (await reopen()).claim('task/0')
      assert.deepEqual([rows(last), last.checkpoint.tick], [['a=2'], 2])
      assert.deepEqual(last.state.alarms(99 as Instant, 9), [])
    })

    void test('where the answer to a write was lost, nothing is missing from what is kept', async t => {
      const { open, reopen } = stored(t)
      const between = await door(t)
      const log = await reopen({ brokers: [between.address] })
      const held = await log.claim('task/0')
      await commit(held, [row('k', 'a', '1')], [], 1)
      const lost = between.loseAnswer(API.PRODUCE)
      await commit(held, [row('k', 'b', '2')], [], 2)
      await lost
      assert.deepEqual(rows(held), ['a=1', 'b=2'])
      await log.close()
      const elsewhere = await (await open()).claim('task/0')
      await commit(elsewhere, [row('k', 'a', null)], [], 3)
      const back = await (await reopen()).claim('task/0')
      assert.deepEqual([rows(back), back.checkpoint.tick], [['b=2'], 3])
    })

    void test('nothing reaches the local state before it is committed', async t => {
      const { reopen } = stored(t)
      const between = await door(t)
      const log = await reopen({ brokers: [between.address] })
      const held = await log.claim('task/0')
      await commit(held, [row('k', 'a', '1')], [], 1)
      const { held: reached, release } = between.hold(API.END_TXN)
      const committed = commit(held, [row('k', 'b', '2')], [{ key: 'k', at: 1 as Instant }], 2)
      await reached
      await pause(20)
      assert.deepEqual([rows(held), held.state.alarms(9 as Instant, 9)], [['a=1'], []])
      release()
      await committed
      assert.deepEqual([rows(held), held.state.alarms(9 as Instant, 9).length], [['a=1', 'b=2'], 1])
    })

    void test('a task is taken before its changelog is read: what its former owner writes last is not missed', async t => {
      const { open } = installation(t)
      const between = await door(t)
      const [first, second] = [await open(), await open({ brokers: [between.address] })]
      const held = await first.claim('task/0')
      await commit(held, [row('k', 'a', '1')], [], 1)
      // As late as it can, just before the next owner fences it off.
      let late: Promise<unknown> | undefined
      between.request = async ({ api }): Promise<Fate> => {
        if (api === API.INIT_PRODUCER_ID)
          await (late ??= commit(held, [row('k', 'b', '2')], [], 2).catch((error: unknown) => error))
        return 'pass'
      }
      const next = await second.claim('task/0')
      assert.equal(await late, undefined)
      assert.deepEqual([rows(next), next.checkpoint.tick], [['a=1', 'b=2'], 2])
      await assert.rejects(commit(held, [row('k', 'c', '3')]), Error)
      assert.deepEqual(rows(await (await open()).claim('task/0')), ['a=1', 'b=2'])
    })

    void test('a restore waits for what lies behind a transaction that is still open', async t => {
      const { open, namespace } = installation(t)
      const held = await (await open()).claim('task/0')
      await commit(held, [row('k', 'a', '1')], [], 1)
      const stranger = await RawProducer.take(await connection(t), `${namespace}.stranger`)
      await stranger.write(`${namespace}.task.changelog`, 0, ['x'])
      await commit(held, [row('k', 'b', '2')], [], 2)
      let claimed = false
      const claiming = (await open()).claim('task/0').finally(() => (claimed = true))
      await pause(150)
      assert.ok(!claimed)
      await stranger.end(false)
      const next = await claiming
      assert.deepEqual([rows(next), next.checkpoint.tick], [['a=1', 'b=2'], 2])
    })

    void test('a restore passes what compaction took', async t => {
      const at = installation(t)
      const raw = await connection(t)
      const name = `${at.namespace}.task.changelog`
      const config = { 'cleanup.policy': 'compact', 'segment.ms': '50', 'min.cleanable.dirty.ratio': '0.01' }
      const configs = Object.entries({ ...config, 'delete.retention.ms': '0' }).map(([name, value]) => ({
        name,
        value,
      }))
      const wanted = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs }
      await raw.askAny(createTopicsV7.api, [wanted], 10_000, false)
      const log = await at.open()
      const held = await log.claim('task/0')
      for (let n = 0; n < 8; n++) {
        await commit(held, [row('k', 'same', `${n}`), row('k', `${n}`, `${n}`), row('k', `${n - 2}`, null)], [], n)
        await pause(60)
      }
      // As a topic of its own it can be read like any other.
      const topics = new Map([['changelog', 2]])
      const looker = await at.open({ namespace: `${at.namespace}.task`, topics, groups: () => new Map() })
      await until(
        async () => (await looker.read('changelog', 0, 0, ALL))[0]?.offset ?? 0,
        first => first > 20,
        20_000,
      )
      const again = await (await at.open()).claim('task/0')
      assert.deepEqual([rows(again), again.checkpoint.tick], [['6=6', '7=7', 'same=7'], 7])
    })

    void test('who opens a log knows at once how far all tasks are', async t => {
      const { open } = installation(t)
      const held = await (await open()).claim('task/0')
      for (let tick = 1; tick <= 5; tick++) {
        await commit(held, [], [], tick)
        const other = await open()
        assert.equal((await other.checkpointOf('task/0'))?.tick, tick)
        assert.equal(await other.checkpointOf('task/1'), undefined)
      }
    })

    void test('whatever was committed, all ways to restore come to it', async t => {
      const { open, reopen } = stored(t)
      const ids = fc.constantFrom('', 'a', 'ä', '\u{1F69A}')
      const change = fc.record({
        key: fc.constantFrom('k', 'key two', 'ключ'),
        list: fc.constantFrom('', 'l', 'länge'),
        at: fc.constantFrom(-5, 0, 1, 1_700_000_000_000),
        id: ids,
        dense: fc.boolean(),
        bytes: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null, freq: 3 }),
      })
      const alarm = fc.record({
        key: fc.constantFrom('k', 'key two', 'ключ'),
        at: fc.option(fc.integer({ min: -9, max: 9 }), { nil: null }),
      })
      const batch = fc.record({ state: fc.array(change, { maxLength: 8 }), alarms: fc.array(alarm, { maxLength: 3 }) })
      const history = fc.array(
        fc.record({ batches: fc.array(batch, { minLength: 1, maxLength: 4 }), how: fc.nat(2) }),
        {
          minLength: 2,
          maxLength: 4,
        },
      )
      const state = new Map<string, Uint8Array>()
      const alarms = new Map<string, number>()
      let tick = 0
      const memory = await open()
      await fc.assert(
        fc.asyncProperty(history, async owners => {
          for (const { batches, how } of owners) {
            const log = how === 0 ? memory : how === 1 ? await open() : await reopen()
            const held = await log.claim('task/0')
            assert.equal(held.checkpoint.tick, tick)
            assertIs(held)
            for (const { state: changes, alarms: set } of batches) {
              const all = changes.map(one => (one.dense ? { ...one, id: '' } : one))
              await commit(
                held,
                all.map(one => ({ ...one, bytes: one.bytes && Buffer.from(one.bytes) })),
                set.map(({ key, at }) => ({ key, at: at as Instant | null })),
                ++tick,
              )
              for (const { key, list, at, id, dense, bytes } of all) {
                const name = JSON.stringify([dense, key, list, at, id])
                if (bytes) state.set(name, bytes)
                else state.delete(name)
              }
              for (const { key, at } of set)
                if (at === null) alarms.delete(key)
                else alarms.set(key, at)
            }
            assertIs(held)
            if (how !== 0) await log.close()
          }
        }),
        { numRuns: 6 },
      )
      const fresh = await (await open()).claim('task/0')
      assertIs(fresh)
      assert.ok(state.size > 3, 'the histories left nothing to compare')

      function assertIs({ state: reader }: Held): void {
        const seen = new Map<string, Uint8Array>()
        for (const key of ['k', 'key two', 'ключ']) {
          for (const { list, at, id, bytes } of reader.load(key))
            seen.set(JSON.stringify([false, key, list, at, id]), bytes)
          for (const list of ['', 'l', 'länge'])
            for (let block = reader.nextBlock(key, list, -Infinity, 1); block;) {
              seen.set(JSON.stringify([true, key, list, block.start, '']), block.bytes)
              block = reader.nextBlock(key, list, block.start, 1)
            }
        }
        const plain = (all: ReadonlyMap<string, Uint8Array>) =>
          [...all].map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]).sort()
        assert.deepEqual(plain(seen), plain(state))
        assert.deepEqual(new Map(reader.alarms(99 as Instant, 99).map(({ key, at }) => [key, at as number])), alarms)
      }
    })

    void test('tasks of one process keep their states and their checkpoints apart', async t => {
      const { reopen } = stored(t)
      const log = await reopen()
      const [one, two] = [await log.claim('task/0'), await log.claim('task/1')]
      await commit(one, [row('k', 'a', 'one')], [{ key: 'k', at: 1 as Instant }], 1)
      await commit(two, [row('k', 'b', 'two')], [{ key: 'k', at: 2 as Instant }], 2)
      await log.close()
      for (const next of [await reopen(), await installation(t).open()].slice(0, 1)) {
        const [again, other] = [await next.claim('task/0'), await next.claim('task/1')]
        assert.deepEqual([rows(again), rows(other)], [['a=one'], ['b=two']])
        assert.deepEqual([again.checkpoint.tick, other.checkpoint.tick], [1, 2])
      }
    })
  })
}
