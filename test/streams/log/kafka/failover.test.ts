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
  type Installation,
  noise,
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

interface Placed {
  readonly log: KafkaLog
  readonly open: Installation['open']
  readonly namespace: string
}

suite('failover on Kafka', { skip }, () => {
  /** Brokers that have a partition's copies: the first that lives leads. */
  async function copiesOf(t: TestContext, topic: string): Promise<readonly (readonly number[])[]> {
    const { topics } = await (await connection(t)).askAny(metadataV12.api, [topic], false, false)
    const partitions = topics[0]?.partitions ?? []
    return partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex).map(({ replicaNodes }) => replicaNodes)
  }

  /** Logs are laid out by chance: one that lies as it is needed. */
  async function placed<T>(t: TestContext, fits: (at: Placed) => Promise<T | undefined>): Promise<Placed & { fit: T }> {
    for (;;) {
      const { open, namespace } = installation(t)
      const at = { log: await open(), open, namespace }
      const fit = await fits(at)
      if (fit !== undefined) return { ...at, fit }
      await at.log.close()
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
    for (const name of ['a', 'task.changelog'])
      for (const copies of await copiesOf(t, `${namespace}.${name}`)) assert.equal(new Set(copies).size, 3)
  })

  void test('the leader of everything that matters is killed: nothing acknowledged is lost, nothing is doubled', async t => {
    const kafka = await cluster()
    // A tail that is full when its partition moves, to a broker that this process has asked nothing yet.
    const full = await placed(t, async ({ namespace }) => {
      const [home = []] = await copiesOf(t, `${namespace}.checkpoints`)
      const copies = await copiesOf(t, `${namespace}.a`)
      const partition = copies.findIndex(([, , third]) => third === home[0])
      const [doomed] = copies[partition] ?? []
      return doomed === undefined ? undefined : { partition, doomed }
    })
    const { partition, doomed } = full.fit
    const values = Array.from({ length: 25 }, () => noise(100_000))
    await full.log.append(values.map(value => record('a', partition, value)))
    const fullTail = full.log.tail('a', partition, 0)
    const { log, open } = await placed(t, async ({ namespace }) => {
      const [[leader] = []] = await copiesOf(t, `${namespace}.checkpoints`)
      return leader === doomed ? doomed : undefined
    })
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
    await kafka.kill(doomed)
    t.diagnostic(`went on after ${await moving()} ms`)
    // Not by its tail: somebody else of this process hears first that another leads.
    await until(
      () =>
        full.log.append([record('a', partition, 'new')]).then(
          () => true,
          () => false,
        ),
      appended => appended,
    )
    const seen = new Set(texts(await taken(fullTail, values.length + 1)))
    assert.deepEqual(seen, new Set([...values, 'new']))
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
})
