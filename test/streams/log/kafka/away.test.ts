/** The broker goes away and comes back: who waits hears of it in time, and all goes on by itself, once. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Cluster } from '../../../../streams/log/kafka/cluster.ts'
import { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { LogUnavailable } from '../../../../streams/log/log.ts'
import { freePort } from '../../../../tools/ports.ts'
import { ALL, cluster, clusterIs, installation, optionsOf, pause, record, skip, texts, until } from './broker.ts'
import { Counting } from './counting.ts'

clusterIs({
  properties: {
    'group.consumer.session.timeout.ms': 3_000,
    'group.consumer.heartbeat.interval.ms': 200,
    // A broker that was killed is let in again when it has been missed.
    'broker.session.timeout.ms': 1_000,
  },
})
/** The appender's, and what a loaded machine adds. */
const PATIENCE_MS = 4_000
const GRACE_MS = 2_000

/** How long it took to reject with `LogUnavailable`. */
async function unavailable(appending: Promise<void>): Promise<number> {
  const since = performance.now()
  await assert.rejects(appending, LogUnavailable)
  return performance.now() - since
}

suite('a broker that goes away', { skip }, () => {
  void test('appends are refused in time, then at once; commits go on without loss or doubling, tasks stay where they are', async t => {
    const { open } = installation(t)
    const kafka = await cluster()
    const [log, other] = [await open(), await open()]
    const counting = new Counting('task/0')
    const stop = new AbortController()
    const begun: string[] = []
    const share = (by: string, process: KafkaLog) =>
      process.share(
        'task',
        ['task/0', 'task/1'],
        async (task, stop) => {
          begun.push(`${by} ${task}`)
          if (task === 'task/0') await counting.run(process, stop)
          else await new Promise(resolve => stop.addEventListener('abort', resolve))
        },
        stop.signal,
      )
    const shares = [share('one', log), share('two', other)]
    t.after(async () => {
      stop.abort()
      await Promise.allSettled(shares)
    })
    await until(
      () => new Set(begun.map(one => one.split(' ')[0])).size,
      count => count === 2,
    )
    await until(
      () => counting.committed,
      count => count > 5,
    )
    const before = begun.length
    const tail = log.tail('b', 0, 0)
    await log.append([record('b', 0, 'before')])
    kafka.freeze(1)
    // What it is about to answer, it may still answer.
    await pause(300)
    const first = await unavailable(log.append([record('b', 0, 'away')]))
    assert.ok(first > 1_000 && first < PATIENCE_MS + GRACE_MS, `${Math.round(first)} ms`)
    for (let n = 0; n < 20; n++) assert.ok((await unavailable(log.append([record('b', 0, 'away')]))) < 100)
    await kafka.kill(1)
    await pause(1_100)
    // One looks whether it is back; the others need not wait for what it finds.
    const looking = log.append([record('b', 0, 'looking')]).catch((error: unknown) => error)
    for (let n = 0; n < 5; n++) {
      await pause(20)
      assert.ok((await unavailable(log.append([record('b', 0, 'away')]))) < 100)
    }
    const while_ = counting.committed
    await kafka.start(1)
    assert.ok(((await looking) ?? new LogUnavailable()) instanceof LogUnavailable)
    await until(
      () => log.append([record('b', 0, 'after')]).then(() => true, () => false), // prettier-ignore
      appended => appended,
    )
    await until(
      () => counting.committed,
      count => count > while_ + 5,
      20_000,
    )
    // What was refused may be there too.
    const heard: string[] = []
    await until(
      async () => heard.push(...texts(await tail.take(ALL))),
      () => heard.includes('after'),
    )
    assert.equal(heard[0], 'before')
    assert.equal(begun.length, before, begun.join())
    stop.abort()
    await Promise.all(shares)
    await counting.assertOnce(other)
  })

  void test('a broker that falls silent for a while: what was under way is done, once', async t => {
    const { open } = installation(t)
    const kafka = await cluster()
    const log = await open()
    const counting = new Counting('task/0')
    const stop = new AbortController()
    const counted = counting.run(log, stop.signal)
    await until(
      () => counting.committed,
      count => count > 5,
    )
    kafka.freeze(1)
    const appended = log.append([record('b', 0, 'meanwhile')])
    await pause(1_000)
    const at = counting.committed
    kafka.thaw(1)
    await appended
    await until(
      () => counting.committed,
      count => count > at + 5,
    )
    stop.abort()
    await counted
    assert.deepEqual(counting.troubles, [])
    await counting.assertOnce(log)
    assert.deepEqual(texts(await log.read('b', 0, 0, ALL)), ['meanwhile'])
  })

  void test('a log that nobody answers for cannot be opened, and says where it asked', async () => {
    const port = await freePort()
    const nobody = new Cluster({ brokers: [`127.0.0.1:${port}`], clientId: 'test' })
    await assert.rejects(
      nobody.persist('look', () => nobody.topics([]), 300),
      (error: Error) => error instanceof LogUnavailable && error.message.includes(`127.0.0.1:${port}`),
    )
    await nobody.close()
    const options = await optionsOf('none', { mayMake: false })
    await assert.rejects(KafkaLog.open(options), /there is no topic none\.a/)
  })

  void test('whoever waits too long is told so, though there is no answer at all', async () => {
    const { bootstrap } = await cluster()
    const waiting = new Cluster({ brokers: bootstrap, clientId: 'test' })
    const since = performance.now()
    await assert.rejects(
      waiting.persist('wait', () => new Promise(() => undefined), 200),
      LogUnavailable,
    )
    assert.ok(performance.now() - since < 2_000)
    await waiting.close()
  })
})
