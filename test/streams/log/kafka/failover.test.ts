/** Three brokers, of which one is lost at a time: what was acknowledged stays, and all goes on within seconds. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { describeConfigsV4, metadataV12 } from '@platformatic/kafka'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import { LogUnavailable, type Tail } from '../../../../streams/log/log.ts'
import {
  ALL,
  cluster,
  clusterIs,
  connection,
  installation,
  pause,
  record,
  skip,
  taken,
  texts,
  until,
} from './broker.ts'
import { Counting } from './counting.ts'

clusterIs({ brokers: 3, properties: { 'broker.session.timeout.ms': 2_000 } })
/** Until others take a broker's place: it is missed after 2 s. */
const SOON_MS = 25_000

/** Appends numbers, one request after the other; what is refused comes again. */
class Appending {
  readonly acknowledged: string[] = []
  readonly #partition: number

  constructor(partition: number) {
    this.#partition = partition
  }

  async run(log: KafkaLog, stop: AbortSignal): Promise<void> {
    for (let n = 0; !stop.aborted;) {
      try {
        await log.append([record('a', this.#partition, `${n}`)])
        this.acknowledged.push(`${n++}`)
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error
      }
      await pause(5)
    }
  }
}

suite('failover on Kafka', { skip }, () => {
  async function leaderOf(t: TestContext, topic: string, partition: number): Promise<number> {
    const raw = await connection(t)
    await raw.topics([topic])
    return raw.leaderOf(topic, partition)
  }

  void test('the leader of everything that matters is killed: nothing acknowledged is lost, nothing is doubled', async t => {
    const { open, namespace } = installation(t)
    const kafka = await cluster()
    const log = await open()
    const stop = new AbortController()
    const appending = new Appending(0)
    const [one, two] = [new Counting('task/0', 1), new Counting('task/1', 2)]
    const all = [appending.run(log, stop.signal), one.run(log, stop.signal), two.run(await open(), stop.signal)]
    t.after(() => {
      stop.abort()
    })
    const heard: string[] = []
    const tail = log.tail('a', 0, 0)
    const listening = listen(tail, heard, stop.signal)
    const moving = async (withinMs = SOON_MS) => {
      const before = [appending.acknowledged.length, one.committed, two.committed, heard.length]
      const now = () => [appending.acknowledged.length, one.committed, two.committed, heard.length]
      const since = performance.now()
      await until(now, counts => counts.every((count, n) => count > (before[n] ?? 0) + 5), withinMs)
      return Math.round(performance.now() - since)
    }
    await moving()
    const leader = await leaderOf(t, `${namespace}.checkpoints`, 0)
    await kafka.kill(leader)
    t.diagnostic(`went on after ${await moving()} ms`)
    await kafka.start(leader)
    await kafka.complete()
    await moving()
    stop.abort()
    await Promise.all([...all, listening])
    await one.assertOnce(log)
    await two.assertOnce(log)
    const { end } = await log.bounds('a', 0)
    await until(
      async () => (heard.push(...texts(await tail.take(ALL))), tail.position),
      position => position >= end,
    )
    // What was refused may be there too, and twice: whoever reads knows it again.
    const once = [...new Set(heard)]
    assert.deepEqual(
      appending.acknowledged.filter(text => !once.includes(text)),
      [],
    )
    assert.deepEqual(
      once,
      once.map((_, n) => `${n}`),
    )
    assert.ok(heard.length <= appending.acknowledged.length + 20, `${heard.length} of ${appending.acknowledged.length}`)
  })

  async function listen(tail: Tail, heard: string[], stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      heard.push(...texts(await tail.take(ALL)))
      await pause(5)
    }
  }

  void test('topics have three copies, of which two suffice, and Kafka deletes nothing of them by itself', async t => {
    const { open, namespace } = installation(t)
    await open()
    const raw = await connection(t)
    const kept = async (name: string) => {
      const resource = { resourceType: 2, resourceName: `${namespace}.${name}`, configurationKeys: null } as const
      const { results } = await raw.askAny(describeConfigsV4.api, [resource], false, false)
      const all = new Map(results[0]?.configs.map(({ name, value }) => [name, value]))
      const names = ['cleanup.policy', 'retention.ms', 'min.insync.replicas', 'message.timestamp.type']
      return names.map(name => all.get(name)).join()
    }
    assert.equal(await kept('a'), 'delete,-1,2,LogAppendTime')
    assert.equal(await kept('task.changelog'), 'compact,-1,2,LogAppendTime')
    assert.equal(await kept('checkpoints'), 'compact,-1,2,LogAppendTime')
    const { topics } = await raw.askAny(
      metadataV12.api,
      [`${namespace}.a`, `${namespace}.task.changelog`],
      false,
      false,
    )
    for (const { partitions } of topics) for (const { replicaNodes } of partitions) assert.equal(replicaNodes.length, 3)
  })

  // The last one: it leaves a broker stopped.
  void test('a tail that was full while its partition moved goes on', async t => {
    const { open, namespace } = installation(t)
    const kafka = await cluster()
    const log = await open()
    const values = Array.from({ length: 25 }, (_, n) => `${n}`.padEnd(100_000, '.'))
    const leaders = await Promise.all([0, 1, 2].map(partition => leaderOf(t, `${namespace}.a`, partition)))
    const home = await leaderOf(t, `${namespace}.checkpoints`, 0)
    const partition = leaders.findIndex(leader => leader !== home)
    const leader = leaders[partition] ?? 0
    await log.append(values.map(value => record('a', partition, value)))
    const tail = log.tail('a', partition, 0)
    await pause(500)
    await kafka.stop(leader)
    // Somebody else of this process hears of it first, and asks who leads now.
    await log.append([record('a', partition, 'new')])
    assert.deepEqual(texts(await taken(tail, 26)).slice(0, 26), [...values, 'new'])
    tail.close()
  })
})
