/** What of a log on Kafka comes into a backup, by hand; and what is refused. With all that runs: test/system/backup-kafka.test.ts. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { join } from 'node:path'
import { putBack } from '../../app/backup/put-back.ts'
import { takeBackup } from '../../app/backup/take-backup.ts'
import type { Config } from '../../app/config.ts'
import { Book } from '../../app/migrate/book.ts'
import { readersOf } from '../../app/migrate/at-rest.ts'
import { openEnd, openExistingLog, openFor, type OurLog } from '../../app/open-log.ts'
import { localWire } from '../../schemas/codec.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { audits, deadLetters, telematicsPositions } from '../../schemas/topics.ts'
import { commit } from '../../streams/commit.ts'
import { place } from '../../streams/log/log.ts'
import { outgoing } from '../../streams/outgoing.ts'
import { KafkaLog } from '../../streams/log/kafka/kafka.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { type KafkaCluster, startKafka } from '../../tools/kafka/cluster.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { type Registry, startRegistry } from '../../tools/kafka/registry.ts'
import { append, contentOf, differing, placeFor, rest } from './migrating.ts'

const kafka = kafkaIsHere()
const TOPIC = telematicsPositions.name
const soon = () => (Date.now() + 60_000) as Instant
/** A processor that reads positions, and has a state. */
const TASK = 'follow-vehicles/1'

void suite('a backup of a log on Kafka', { skip: kafka.here ? false : kafka.why }, () => {
  let running: Promise<readonly [KafkaCluster, Registry]> | undefined
  let namespaces = 0
  /** An installation of two partitions where everything has been read. */
  async function filled(t: TestContext, more: (log: OurLog) => Promise<void> = () => Promise.resolve()) {
    const [cluster, registry] = await (running ??= Promise.all([startKafka(), startRegistry()]))
    const { root, config } = placeFor(t)
    const ours = config('data', {
      MILEPOST_KAFKA_BROKERS: cluster.bootstrap.join(),
      MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
      MILEPOST_NAMESPACE: `n${namespaces++}`,
      MILEPOST_PARTITIONS: '2',
      MILEPOST_CLICKHOUSE_URL: 'http://user:secret@clickhouse.example:8123',
    })
    const { log, wire } = await openFor(ours, 'processors')
    t.after(() => log.close())
    await append(log, 25)
    await rest(log, 1)
    await more(log)
    return { log, wire, ours, config, to: join(root, 'backup') }
  }
  const restored = async (t: TestContext, config: Config, from: string) => {
    await putBack(config, from)
    const log = openExistingLog(config)
    t.after(() => log.close())
    return log
  }
  const first = async (log: OurLog, topic: string, partition: number, from: number) =>
    (await log.read(topic, partition, from, { records: 1, bytes: 1 }))[0]
  /** A task is as far as this. */
  const moveTo = async (log: OurLog, task: string, offsets: Readonly<Record<string, number>>) => {
    const held = await log.claim(task)
    const before = held.checkpoint
    const checkpoint = { ...before, offsets: { ...before.offsets, ...offsets } }
    await commit(held, { outputs: [], deadLetters: [], changes: [], alarms: [], checkpoint })
  }

  test('has all of it, and every task is where it was, though offsets begin later and leave some out', async t => {
    const { log, wire, ours, config, to } = await filled(t)
    // What is written in transactions leaves offsets of no record.
    for (let n = 0; n < 3; n++) {
      const held = await log.claim(TASK)
      const [record, other] = [await first(log, TOPIC, 1, 0), await first(log, TOPIC, 1, 1)]
      assert.ok(record && other)
      await commit(held, {
        ...{ outputs: [record, other], deadLetters: [], changes: [], alarms: [] },
        checkpoint: held.checkpoint,
      })
    }
    await log.trim(TOPIC, 1, soon(), 40)
    const note = { occurredAt: 1 as Instant, actor: 'ann', action: 'looked', target: 'SHP-1', detail: null }
    const said = { source: 'test', emittedAt: null, receivedAt: 1 as Instant, cause: null }
    const record = { ...outgoing(wire, log.partitionsOf, audits as AnyTopic, note, said), offset: 0 }
    const { topic, value } = deadLetterOf({ hop: 'nobody', record, reason: 'poison', tick: 1 as Instant })
    await log.append([outgoing(wire, log.partitionsOf, topic as AnyTopic, value, said)])
    const { start, end } = await log.bounds(TOPIC, 1)
    assert.equal(start, 40)
    await moveTo(log, TASK, { [place(TOPIC, 1)]: end - 5 })
    const before = await contentOf(log)
    const readBy = async (of: OurLog) => {
      const next: Record<string, string | undefined> = {}
      for (const { task, reads } of readersOf(log).filter(({ task }) => !task.startsWith('clickhouse/')))
        for (const { topic, partition } of reads) {
          // Of letters see below.
          if (topic === deadLetters.name) continue
          const offset = (await of.checkpointOf(task))?.offsets[place(topic, partition)] ?? 0
          const found = await first(of, topic, partition, offset)
          next[`${task} ${topic}/${partition}`] = found && Buffer.from(found.value.subarray(5)).toString('hex')
        }
      return next
    }
    const then = await readBy(log)
    assert.ok(then[`${TASK} ${TOPIC}/1`] !== undefined, 'it has something to read')

    const reports: number[] = []
    const { manifest, heldMs } = await takeBackup(ours, to, (done, of) => reports.push(done / of))
    assert.ok(heldMs > 0 && heldMs < 5_000, `${heldMs} ms`)
    assert.ok(reports.length > 3 && reports.every((part, n) => part <= 1 && part >= (reports[n - 1] ?? 0)))
    assert.deepEqual(readdirSync(to).sort(), ['manifest.json', 'milepost.sqlite'])
    assert.equal(manifest.clickhouse.kind === 'external' && manifest.clickhouse.at, 'http://clickhouse.example:8123')
    const copy = await restored(t, config('restored'), to)
    const { records, state, counters } = await contentOf(copy)
    // What a letter holds is numbered otherwise: it is opened below.
    for (const all of [before.records, records]) all[deadLetters.name] = {}
    assert.deepEqual(differing(before, { records, state, counters }), [])
    assert.deepEqual(await readBy(copy), then)
    assert.equal((await copy.bounds(TOPIC, 1)).start, 0)
    const { end: letters } = await copy.bounds(deadLetters.name, 0)
    const letter = await first(copy, deadLetters.name, 0, letters - 1)
    assert.ok(letter)
    const opened = localWire.open(deadLetters as AnyTopic, letter.value, letter.cause) as { value: { raw: Uint8Array } }
    assert.deepEqual({ ...(localWire.open(audits as AnyTopic, opened.value.raw, null).value as object) }, note)
  })

  test('has what was there at its moment, however the log goes on while it is copied', async t => {
    const { log, ours, config, to } = await filled(t)
    const before = await contentOf(log)
    let going: Promise<void> | undefined
    await takeBackup(ours, to, () => {
      going ??= append(log, 25, 1_000).then(() => rest(log, 2))
    })
    await going
    assert.deepEqual(differing(before, await contentOf(await restored(t, config('restored'), to))), [])
  })

  test('lets go of what the retention takes meanwhile, unless a processor had not read it', async t => {
    const { log, ours, config, to } = await filled(t)
    const { end } = await log.bounds(TOPIC, 1)
    const trimming = (until: number) => async () => {
      await log.trim(TOPIC, 1, soon(), until)
    }
    const at = Object.fromEntries([[place(TOPIC, 1), 30]])
    await moveTo(log, TASK, at)
    const { manifest } = await held(t, ours, to, trimming(30))
    assert.ok(manifest)
    const copy = await restored(t, config('restored'), to)
    assert.equal((await copy.bounds(TOPIC, 1)).end, end - 30)
    assert.equal((await copy.checkpointOf(TASK))?.offsets[place(TOPIC, 1)], 0)
    const again = join(to, '..', 'again')
    await assert.rejects(
      held(t, ours, again, trimming(31)),
      /the retention took records of telematics\.position\.v1\/1 .*follow-vehicles\/1 had not read yet: try again/,
    )
    assert.deepEqual(readdirSync(again), [])
  })
  /** Do something between the moment and the copying. */
  const held = async (t: TestContext, ours: Config, to: string, work: () => Promise<void>) => {
    const cut = Object.getOwnPropertyDescriptor(KafkaLog.prototype, 'cut')?.value as KafkaLog['cut']
    const { mock } = t.mock.method(KafkaLog.prototype, 'cut', async function (this: KafkaLog, until: AbortSignal) {
      const done = await cut.call(this, until)
      await work()
      return done
    })
    try {
      return await takeBackup(ours, to)
    } finally {
      mock.restore()
    }
  }

  test('is not made of half a migration, nor where nothing is, and nothing is left of one that is broken off', async t => {
    const { ours, config, to } = await filled(t)
    const stop = new AbortController()
    const half = () => stop.abort(new Error('enough'))
    await assert.rejects(takeBackup(ours, to, half, stop.signal), /enough/)
    assert.deepEqual(readdirSync(to), [])

    const env = { ...ours, namespace: 'nowhere' }
    const elsewhere = join(to, '..', 'elsewhere')
    await assert.rejects(takeBackup(env, elsewhere), /there is no topic nowhere\./)
    assert.equal(existsSync(elsewhere), false)
    const target = await openEnd({ ...ours, namespace: 'half' }, 'to', config('scratch').data, 'to')
    t.after(() => target.log.close())
    await (await Book.open(target.log, 'another', [])).close()
    await assert.rejects(takeBackup({ ...ours, namespace: 'half' }, elsewhere), /half of a migration/)
    assert.equal(existsSync(elsewhere), false)
  })

  test('and the servers are gone', async () => {
    const [cluster, registry] = (await running) ?? []
    await Promise.all([cluster?.close(), registry?.close()])
  })
})
