/** Which process runs which task: each runs in one at a time, whoever comes, goes, vanishes or comes back. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { deleteGroupsV2 } from '@platformatic/kafka'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { clusterIs, connection, door, installation, pause, skip, until } from './broker.ts'
import { inspect } from 'node:util'
import { Fenced } from '../../../../streams/log/log.ts'
import { API, type Fate } from './door.ts'

const SESSION_MS = 1_500
clusterIs({
  properties: {
    'group.consumer.session.timeout.ms': SESSION_MS,
    'group.consumer.heartbeat.interval.ms': 150,
    'group.min.session.timeout.ms': 500,
  },
})

const TASKS = Array.from({ length: 6 }, (_, n) => `task/${n}`)
type Work = (task: string, stop: AbortSignal) => Promise<void>
const stopped = (signal: AbortSignal) =>
  new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** What runs where, as the processes see it. */
class Floor {
  readonly running = new Map<string, string>()
  readonly begun: string[] = []
  readonly clashes: string[] = []

  work(process: string, stopMs = 30): Work {
    return async (task, stop) => {
      const other = this.running.get(task)
      if (other !== undefined) this.clashes.push(`${task} begins in ${process} and runs in ${other}`)
      if (stop.aborted) this.clashes.push(`${task} begins in ${process} after it was told to stop`)
      this.running.set(task, process)
      this.begun.push(`${process} ${task}`)
      await stopped(stop)
      await pause(stopMs)
      if (this.running.get(task) === process) this.running.delete(task)
    }
  }

  of(process: string): string[] {
    return [...this.running].filter(([, by]) => by === process).map(([task]) => task)
  }

  /** Until each of these runs so many, and all tasks run. */
  async spread(counts: Readonly<Record<string, number>>, withinMs = 15_000): Promise<void> {
    const wanted = Object.entries(counts).sort().join()
    const seen = () => Object.entries(Object.groupBy([...this.running.values()], process => process))
    const spread = () => seen().map(([process, all]) => [process, all?.length]).sort().join() // prettier-ignore
    await until(spread, is => is === wanted, withinMs)
  }
}

suite('sharing tasks on Kafka', { skip, concurrency: true }, () => {
  /** Processes of one installation, each with a file of its own. */
  function processes(t: TestContext) {
    const directory = mkdtempSync(join(tmpdir(), 'milepost-share-'))
    t.after(() => {
      rmSync(directory, { recursive: true })
    })
    const { open, namespace } = installation(t)
    const groups = () => new Map([['task', TASKS]])
    const floor = new Floor()
    async function start(name: string, work: Work = floor.work(name), more: { brokers?: string[] } = {}) {
      const log = await open({ groups, store: { directory, name }, ...more })
      const stop = new AbortController()
      const done = log.share('task', TASKS, work, stop.signal)
      done.catch(() => undefined)
      t.after(async () => {
        stop.abort()
        await done.catch(() => undefined)
      })
      return { log, done, stop: () => (stop.abort(), done), vanish: () => vanish(log, done) }
    }
    async function vanish(log: KafkaLog, done: Promise<void>) {
      await log.close()
      await assert.rejects(done)
    }
    return { start, floor, open, namespace, groups }
  }

  void test('tasks are spread over those who come, and go to others when one leaves', async t => {
    const { start, floor } = processes(t)
    const a = await start('a')
    await floor.spread({ a: 6 })
    await start('b')
    await floor.spread({ a: 3, b: 3 })
    const stayed = floor.of('a')
    const c = await start('c')
    await floor.spread({ a: 2, b: 2, c: 2 })
    // Those that did not move were not disturbed.
    assert.ok(floor.of('a').every(task => stayed.includes(task)))
    assert.equal(floor.begun.length, 6 + 3 + 2)
    await c.stop()
    assert.deepEqual(floor.of('c'), [])
    await floor.spread({ a: 3, b: 3 })
    await a.stop()
    await floor.spread({ b: 6 })
    assert.deepEqual(floor.clashes, [])
  })

  void test('tasks of a process that vanishes are run by others soon', async t => {
    const { start, floor } = processes(t)
    const a = await start('a')
    await start('b')
    await floor.spread({ a: 3, b: 3 })
    await a.vanish()
    await floor.spread({ b: 6 })
    assert.deepEqual(floor.clashes, [])
  })

  void test('a process that comes back at once has its tasks again, and nobody else notices', async t => {
    const { start, floor } = processes(t)
    const a = await start('a')
    await start('b')
    await floor.spread({ a: 3, b: 3 })
    const before = floor.of('a').sort()
    await a.vanish()
    await until(
      () => floor.of('a').length,
      count => count === 0,
    )
    const begun = floor.begun.length
    const since = performance.now()
    await start('a')
    await floor.spread({ a: 3, b: 3 })
    const tookMs = performance.now() - since
    assert.deepEqual(floor.of('a').sort(), before)
    assert.equal(floor.begun.length, begun + 3)
    assert.ok(tookMs < SESSION_MS, `it took ${Math.round(tookMs)} ms`)
    assert.deepEqual(floor.clashes, [])
  })

  void test('a task begins elsewhere only when it has ended, however long that takes', async t => {
    const { start, floor } = processes(t)
    const a = await start('a', floor.work('a', SESSION_MS + 500))
    await floor.spread({ a: 6 })
    await start('b')
    await floor.spread({ a: 3, b: 3 })
    await a.stop()
    await floor.spread({ b: 6 })
    assert.deepEqual(floor.clashes, [])
  })

  void test('a task that fails ends the share with its error, after all others have stopped', async t => {
    const { start, floor } = processes(t)
    const fail = Promise.withResolvers<undefined>()
    const work = floor.work('a', 100)
    const a = await start('a', async (task, stop) => {
      if (task !== 'task/2') return work(task, stop)
      await fail.promise
      throw new Error('that one')
    })
    await floor.spread({ a: 5 })
    fail.resolve(undefined)
    await assert.rejects(a.done, /^Error: that one$/)
    assert.deepEqual([...floor.running], [])
    assert.equal(floor.begun.length, 5)
  })

  void test('others can tell whether a task has a living owner', async t => {
    const { start, open, groups } = processes(t)
    const looker = await open({ groups })
    assert.equal(await looker.isOwned('task/0'), false)
    const claims = new Set<string>()
    const logs: KafkaLog[] = []
    const work: Work = async (task, stop) => {
      const held = await logs[0]?.claim(task)
      claims.add(task)
      await stopped(stop)
      if (task === 'task/0') await held?.release()
    }
    const a = await start('a', async (task, stop) => {
      await until(
        () => logs.length,
        count => count > 0,
      )
      return work(task, stop)
    })
    logs.push(a.log)
    await until(
      () => claims.size,
      size => size === 6,
    )
    const both = async () => [await looker.isOwned('task/0'), await looker.isOwned('task/1')].join()
    await until(both, owned => owned === 'true,true')
    await a.stop()
    // One was let go of; of the other nobody knows better until its owner is missed.
    await until(both, owned => owned === 'false,true', SESSION_MS - 200)
    await until(both, owned => owned === 'false,false')
  })

  void test('answers that are lost delay, but confuse nobody', async t => {
    const { start, floor } = processes(t)
    const between = await door(t)
    await start('a')
    await floor.spread({ a: 6 })
    // Of the first heartbeats of the second each answer is lost: also the one that brought its tasks.
    let heard = 0
    between.answer = ({ api }) => (api === API.HEARTBEAT && heard++ % 2 === 0 && heard < 20 ? 'cut' : 'pass')
    const b = await start('b', floor.work('b'), { brokers: [between.address] })
    await floor.spread({ a: 3, b: 3 })
    assert.equal(floor.begun.length, 6 + 3)
    const c = await start('c')
    await floor.spread({ a: 2, b: 2, c: 2 })
    assert.ok(heard > 6)
    assert.equal(floor.begun.length, 6 + 3 + 2)
    await Promise.all([b.stop(), c.stop()])
    await floor.spread({ a: 6 })
    assert.deepEqual(floor.clashes, [])
  })

  void test('who was given up for dead stops, and joins again', async t => {
    const { start, floor, namespace } = processes(t)
    const between = await door(t)
    const raw = await connection(t)
    const claims: unknown[] = []
    const logs: KafkaLog[] = []
    const work = floor.work('a')
    const late: Work = async (task, stop) => {
      await work(task, stop)
      claims.push(await logs[0]?.claim(task).catch((error: unknown) => error))
    }
    const a = await start('a', late, { brokers: [between.address] })
    logs.push(a.log)
    await floor.spread({ a: 6 })
    const silent = async (meanwhile: () => Promise<unknown>) => {
      const released = Promise.withResolvers<undefined>()
      between.request = async ({ api }): Promise<Fate> => {
        if (api === API.HEARTBEAT) await released.promise
        return 'pass'
      }
      await pause(SESSION_MS + 500)
      await meanwhile()
      released.resolve(undefined)
    }
    const begun = floor.begun.length
    // Nobody else is there, and the whole group is forgotten.
    const group = `${namespace}.task`
    const remove = () => raw.askCoordinator('test', 'group', group, deleteGroupsV2.api, [group])
    await silent(remove)
    await until(
      () => floor.begun.length,
      count => count === begun + 6,
    )
    await floor.spread({ a: 6 })
    // Who knows that it is out takes nothing from those who may have it now.
    assert.equal(claims.filter(claim => claim instanceof Fenced).length, 6, inspect(claims))
    // Another is there: it takes over what it thinks nobody runs.
    const b = await start('b')
    await floor.spread({ a: 3, b: 3 })
    await silent(() =>
      until(
        () => floor.of('b').length,
        count => count === 6,
      ),
    )
    await until(
      () => floor.begun.length,
      count => count >= begun + 6 + 3 + 3 + 3,
    )
    await floor.spread({ a: 3, b: 3 })
    await b.stop()
    assert.ok(between.count(API.HEARTBEAT) < 300, `${between.count(API.HEARTBEAT)} heartbeats`)
  })
})
