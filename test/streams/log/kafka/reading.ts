/** What tails and reads give of a partition: committed records, all of them, soon, and in bounds. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { createTopicsV7 } from '@platformatic/kafka'
import type { KafkaLog } from '../../../../streams/log/kafka/kafka.ts'
import type { Recorded } from '../../../../streams/log/log.ts'
import type { Instant } from '../../../../streams/time.ts'
import { ALL, connection, door, installation, noise, pause, record, taken, texts, until } from './broker.ts'
import { API, type Fate } from './door.ts'
import { RawProducer } from './raw.ts'

/** How many milliseconds a request waits at the broker for news. */
const waits = (bytes: Buffer): number => bytes.readInt32BE(8 + 2 + bytes.readInt16BE(8) + 1)
/** What sleeps here sleeps for a second. */
const WITHOUT_A_PAUSE_MS = 600

/** All that reading on and on gives, and where it ends. */
async function readOn(log: KafkaLog, topic: string, partition: number, from = 0): Promise<Recorded[]> {
  const all: Recorded[] = []
  for (let next = from; ;) {
    const records = await log.read(topic, partition, next, ALL)
    const last = records.at(-1)
    if (!last) return all
    all.push(...records)
    next = last.offset + 1
  }
}

async function tailOn(log: KafkaLog, topic: string, partition: number, from: number, count: number): Promise<string[]> {
  const tail = log.tail(topic, partition, from)
  try {
    const records = texts(await taken(tail, count))
    await pause(30)
    return [...records, ...texts(await tail.take(ALL))]
  } finally {
    tail.close()
  }
}

export function reading(): void {
  void suite('reading on Kafka', { concurrency: true }, () => {
    async function opened(t: TestContext) {
      const at = installation(t)
      const log = await at.open()
      const raw = await connection(t)
      const producer = (name: string) => RawProducer.take(raw, `${at.namespace}.${name}`)
      const nameOf = (topic: string) => `${at.namespace}.${topic}`
      return { ...at, log, producer, nameOf }
    }

    void test('nothing of an aborted transaction is seen, however transactions lie', async t => {
      const { log, producer, nameOf } = await opened(t)
      const [one, two, three] = [await producer('one'), await producer('two'), await producer('three')]
      const large = Array.from({ length: 6 }, () => Buffer.from(noise(700_000)))
      const write = (by: RawProducer, ...values: string[]) => by.write(nameOf('b'), 0, values)
      // Aborted: more than one answer holds, with others committed in the middle of it.
      await write(one, 'gone 1')
      await log.append([record('b', 0, 'plain 1')])
      await one.write(nameOf('b'), 0, large)
      await write(two, 'kept 2')
      await two.end(true)
      await write(one, 'gone 3')
      await one.end(false)
      // Two aborted, and the same producer committed right after, all in one answer.
      await write(one, 'gone 4')
      await write(two, 'gone 5')
      await one.end(false)
      await write(one, 'kept 6')
      await two.end(false)
      await write(two, 'gone 7')
      await write(one, 'kept 8')
      await one.end(true)
      await two.end(false)
      // Open: nothing behind its first record.
      await write(three, 'open 9')
      await log.append([record('b', 0, 'plain 10')])
      const seen = ['plain 1', 'kept 2', 'kept 6', 'kept 8']
      const all = await readOn(log, 'b', 0)
      assert.deepEqual(texts(all), seen)
      assert.deepEqual(await tailOn(log, 'b', 0, 0, seen.length), seen)
      const { end } = await log.bounds('b', 0)
      // From any offset: an answer tells only of transactions that reach into it.
      for (let from = 0; from < end; from++) {
        const rest = all.filter(({ offset }) => offset >= from)
        assert.deepEqual(await readOn(log, 'b', 0, from), rest, `from ${from}`)
      }
      const tail = log.tail('b', 0, 0)
      assert.equal((await taken(tail, seen.length)).length, seen.length)
      await three.end(true)
      assert.deepEqual(texts(await taken(tail, 2)), ['open 9', 'plain 10'])
      tail.close()
    })

    void test('any history of transactions gives what was committed, and what lies before the first that is open', async t => {
      const { log, producer, nameOf } = await opened(t)
      const producers = await Promise.all(['x', 'y', 'z'].map(producer))
      let partition = 0
      const who = fc.nat({ max: 2 })
      const step = fc.oneof(
        fc.record({ kind: fc.constant('write' as const), who, count: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ kind: fc.constant('end' as const), who, committed: fc.boolean() }),
        fc.record({ kind: fc.constant('plain' as const) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async steps => {
          const at = partition++ % 3
          const { end: start } = await log.bounds('a', at)
          const tail = log.tail('a', at, start)
          const written: { text: string; by: number; fate: 'open' | 'kept' | 'gone' }[] = []
          for (const step of steps) {
            const text = `${written.length}`
            if (step.kind === 'plain') {
              await log.append([record('a', at, text)])
              written.push({ text, by: -1, fate: 'kept' })
            } else if (step.kind === 'write') {
              const all = Array.from({ length: step.count }, (_, n) => `${text}.${n}`)
              await producers[step.who]?.write(nameOf('a'), at, all)
              for (const text of all) written.push({ text, by: step.who, fate: 'open' })
            } else {
              const ours = written.filter(({ by, fate }) => by === step.who && fate === 'open')
              if (ours.length === 0) continue
              await producers[step.who]?.end(step.committed)
              for (const one of ours) one.fate = step.committed ? 'kept' : 'gone'
            }
          }
          const visible = () => {
            const open = written.findIndex(({ fate }) => fate === 'open')
            const stable = open < 0 ? written : written.slice(0, open)
            return stable.filter(({ fate }) => fate === 'kept').map(({ text }) => text)
          }
          const heard = texts(await taken(tail, visible().length))
          assert.deepEqual(heard, visible())
          await until(
            () => readOn(log, 'a', at, start),
            read => read.length === visible().length,
          )
          assert.deepEqual(texts(await readOn(log, 'a', at, start)), visible())
          for (const [by, producer] of producers.entries())
            if (written.some(one => one.by === by && one.fate === 'open')) {
              await producer.end(by !== 1)
              for (const one of written) if (one.by === by && one.fate === 'open') one.fate = by !== 1 ? 'kept' : 'gone'
            }
          heard.push(...texts(await taken(tail, visible().length - heard.length)))
          assert.deepEqual(heard, visible())
          const { end } = await log.bounds('a', at)
          await until(
            () => tail.position,
            position => position >= end,
          )
          assert.deepEqual(await tail.take(ALL), [])
          tail.close()
        }),
        { numRuns: 6 },
      )
    })

    void test('the position of a tail passes what is no record', async t => {
      const { log, producer, nameOf } = await opened(t)
      const one = await producer('one')
      const tail = log.tail('b', 0, 0)
      await one.write(nameOf('b'), 0, ['gone'])
      await one.end(false)
      await until(
        () => tail.position,
        position => position === 2,
      )
      await one.write(nameOf('b'), 0, ['kept', 'kept too'])
      await one.end(true)
      const [record] = await until(
        () => tail.take({ records: 1, bytes: 1 }),
        records => records.length > 0,
      )
      assert.deepEqual([record?.offset, tail.position], [2, 3])
      assert.deepEqual(texts(await tail.take(ALL)), ['kept too'])
      assert.equal(tail.position, (await log.bounds('b', 0)).end)
      tail.close()
    })

    void test('whoever commits reads at once what was committed', async t => {
      const { log } = await opened(t)
      const held = await log.claim('task/0')
      for (let n = 1; n <= 60; n++) {
        const tx = await held.begin()
        await tx.append([record('b', 0, `${n}`)])
        await tx.commit()
        assert.equal((await log.read('b', 0, 0, ALL)).length, n)
      }
    })

    void test('where compaction left gaps, both give what is left', async t => {
      const at = installation(t)
      const raw = await connection(t)
      const name = `${at.namespace}.b`
      const config = { 'cleanup.policy': 'compact', 'segment.ms': '50', 'min.cleanable.dirty.ratio': '0.01' }
      const configs = Object.entries(config).map(([name, value]) => ({ name, value }))
      const wanted = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }
      await raw.askAny(createTopicsV7.api, [wanted], 10_000, false)
      const log = await at.open()
      const write = (...keys: string[]) => log.append(keys.map(key => ({ ...record('b', 0, key), key })))
      for (let n = 0; n < 6; n++) {
        await write('old', 'older', `only ${n}`, 'old')
        await pause(60)
      }
      await write('old', 'older')
      const left = await until(
        () => readOn(log, 'b', 0),
        records => records.length <= 10,
        20_000,
      )
      const { end } = await log.bounds('b', 0)
      assert.equal(end, 26)
      for (let from = 0; from <= end; from += 3) {
        const rest = left.filter(({ offset }) => offset >= from)
        assert.deepEqual(await readOn(log, 'b', 0, from), rest)
        const tail = log.tail('b', 0, from)
        assert.deepEqual(await taken(tail, rest.length), rest)
        await until(
          () => tail.position,
          position => position >= end,
        )
        tail.close()
      }
    })

    void test('what is no longer kept is passed over', async t => {
      const { log } = await opened(t)
      await log.append(Array.from({ length: 10 }, (_, n) => record('b', 0, `${n}`)))
      assert.equal(await log.trim('b', 0, (Date.now() - 60_000) as Instant, 6), 0)
      assert.equal(await log.trim('b', 0, (Date.now() + 60_000) as Instant, 6), 6)
      assert.deepEqual(await log.bounds('b', 0), { start: 6, end: 10 })
      assert.deepEqual(texts(await log.read('b', 0, 2, ALL)), ['6', '7', '8', '9'])
      const tail = log.tail('b', 0, 2)
      assert.deepEqual(texts(await taken(tail, 4)), ['6', '7', '8', '9'])
      assert.equal(tail.position, 10)
      assert.deepEqual(await log.read('b', 0, 11, ALL), [])
      // All of it gone, and nothing has come since.
      assert.equal(await log.trim('b', 0, (Date.now() + 60_000) as Instant, 10), 4)
      assert.deepEqual(await log.read('b', 0, 3, ALL), [])
      const late = log.tail('b', 0, 3)
      await until(
        () => late.position,
        position => position === 10,
      )
      await log.append([record('b', 0, 'new')])
      assert.deepEqual(texts(await taken(late, 1)), ['new'])
      tail.close()
      late.close()
    })

    void test('a tail that stands behind the end of all waits there, and holds up no other', async t => {
      const between = await door(t)
      const { open } = installation(t)
      const log = await open({ brokers: [between.address] })
      await log.append([record('b', 0, 'x')])
      const beyond = log.tail('b', 0, 7)
      const other = log.tail('a', 0, 0)
      await pause(300)
      assert.deepEqual(await beyond.take(ALL), [])
      const before = between.count(API.FETCH)
      await pause(1_000)
      assert.ok(between.count(API.FETCH) - before < 18, 'it asks without a pause')
      await log.append([record('a', 0, 'y')])
      assert.deepEqual(texts(await taken(other, 1)), ['y'])
      beyond.close()
      other.close()
    })

    void test('a tail holds about a megabyte, and goes on when it is taken from', async t => {
      const between = await door(t)
      const { open } = installation(t)
      const log = await open({ brokers: [between.address] })
      const values = Array.from({ length: 90 }, () => noise(100_000))
      for (let n = 0; n < 90; n += 30) await log.append(values.slice(n, n + 30).map(value => record('a', 0, value)))
      const fetchedBytes = () => between.answeredBytes.get(API.FETCH) ?? 0
      const before = fetchedBytes()
      const idle = log.tail('a', 0, 0)
      await until(fetchedBytes, bytes => bytes - before > 900_000)
      await pause(200)
      assert.ok(fetchedBytes() - before < 3_000_000, `${fetchedBytes() - before} bytes were fetched`)
      // Nobody takes from that one: others go on, of other partitions and of the same.
      await log.append([record('a', 1, 'other')])
      const [other, same] = [log.tail('a', 1, 0), log.tail('a', 0, 0)]
      assert.deepEqual(texts(await taken(other, 1)), ['other'])
      assert.deepEqual(texts(await taken(same, 90)), values)
      const few: string[] = []
      while (few.length < 90)
        few.push(...texts(await idle.take({ records: 7, bytes: 1_000_000 })), ...(await wait(log)))
      assert.deepEqual(few, values)
      for (const tail of [idle, other, same]) tail.close()
    })
    const wait = (log: KafkaLog): Promise<string[]> =>
      log
        .changed(-1, 0)
        .then(() => pause(1))
        .then(() => [])

    void test('a log that can not be opened leaves nothing behind that asks', async t => {
      const between = await door(t)
      const { open } = installation(t)
      between.instead = ({ api }) => (api === API.LIST_OFFSETS ? Buffer.of() : undefined)
      await assert.rejects(open({ brokers: [between.address] }), Error)
      const { length } = between.asked
      await pause(300)
      assert.equal(between.asked.length, length)
    })

    void test('a log whose tasks are not as many as the partitions of their changelog is refused', async t => {
      const { open } = installation(t)
      await open()
      for (const count of [1, 3])
        await assert.rejects(
          open({ groups: () => new Map([['task', ['task/0', 'task/1', 'task/2'].slice(0, count)]]) }),
          {
            name: 'LogRefused',
            message: /task\.changelog has 2 partitions for [13] tasks/,
          },
        )
    })

    void test('two tails of a partition go their own ways', async t => {
      const { log } = await opened(t)
      const early = log.tail('b', 0, 0)
      const late = log.tail('b', 0, 3)
      for (let n = 0; n < 6; n++) await log.append([record('b', 0, `${n}`)])
      assert.deepEqual(texts(await taken(late, 3)), ['3', '4', '5'])
      assert.deepEqual(texts(await taken(early, 6)), ['0', '1', '2', '3', '4', '5'])
      assert.deepEqual([early.position, late.position], [6, 6])
      early.close()
      await log.append([record('b', 0, '6')])
      assert.deepEqual(texts(await taken(late, 1)), ['6'])
      late.close()
    })

    void test('a new tail does not wait for those that wait for news', async t => {
      const between = await door(t)
      const { open } = installation(t)
      const log = await open({ brokers: [between.address] })
      await log.append([record('a', 0, 'x')])
      const never = Promise.withResolvers<undefined>()
      between.request = async ({ api, bytes }): Promise<Fate> => {
        if (api === API.FETCH && waits(bytes) > 0) await never.promise
        return 'pass'
      }
      const tail = log.tail('a', 0, 0)
      assert.deepEqual(texts(await taken(tail, 1)), ['x'])
      never.resolve(undefined)
      tail.close()
    })

    void test('a burst is brought in without pauses', async t => {
      const between = await door(t)
      const { open } = installation(t)
      const [writer, log] = [await open(), await open({ brokers: [between.address] })]
      const values = Array.from({ length: 30 }, () => noise(100_000))
      const tail = log.tail('a', 0, 0)
      const took: number[] = []
      // A busy machine delays many, but one that sleeps sleeps each time.
      while (took.length < 12 && !took.some(ms => ms < WITHOUT_A_PAUSE_MS)) {
        // It waits for news while all of it is written.
        const written = Promise.withResolvers<undefined>()
        between.answer = async ({ api, bytes }): Promise<Fate> => {
          if (api === API.FETCH && waits(bytes) > 0) await written.promise
          return 'pass'
        }
        await writer.append(values.map(value => record('a', 0, value)))
        // Whoever sleeps, sleeps from now on.
        const other = log.tail('a', 1, 0)
        await pause(50)
        const since = performance.now()
        written.resolve(undefined)
        await taken(tail, values.length)
        took.push(Math.round(performance.now() - since))
        other.close()
      }
      assert.ok(Math.min(...took) < WITHOUT_A_PAUSE_MS, `it took ${took.join(', ')} ms`)
      tail.close()
    })
  })
}
