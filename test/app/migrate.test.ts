/** An installation moved to other partitions, by hand, in files. On Kafka: migrate-kafka.test.ts; with all that runs: test/system/migrate.test.ts. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { migrate } from '../../app/commands/migrate.ts'
import type { Config } from '../../app/config.ts'
import { readersOf } from '../../app/migrate/at-rest.ts'
import { Book } from '../../app/migrate/book.ts'
import { checkTopics, copyTopic } from '../../app/migrate/copy-topics.ts'
import { differencesOf, Tally } from '../../app/copy/tally.ts'
import { openEnd, openFor, openLog, type OurLog } from '../../app/open-log.ts'
import { shipmentMilestones, telematicsPositions } from '../../schemas/topics.ts'
import { type Held, LogRefused, LogUnavailable, NOTHING_YET, place, type Transaction } from '../../streams/log/log.ts'
import { answerOf } from '../../tools/chaos/program.ts'
import { append, contentOf, differing, type Env, filled, four, moved, placeFor, rest, TICKS } from './migrating.ts'

const partitions = (n: number) => ({ MILEPOST_PARTITIONS: String(n) })
const contentIn = async (config: Config) => {
  const { log } = await openEnd(config, 'from', '', '')
  try {
    return await contentOf(log)
  } finally {
    await log.close()
  }
}

for (const [was, is] of [
  [4, 7],
  [4, 1],
  [3, 3],
] as const)
  test(`from ${was} partitions to ${is}: each key's records, rows, blocks and alarms go where it belongs now`, async t => {
    const { config } = placeFor(t)
    const [from, to] = [config('from', partitions(was)), config('to', partitions(is))]
    await filled(from)
    const before = await contentIn(from)
    const report = await moved(from, to)
    assert.equal(report.missing, null)
    assert.equal(report.records[telematicsPositions.name], 40 * 25)
    assert.deepEqual(report.facts, { shipments: 0, milestones: 40, etas: 0, cases: 0, openCases: 0 })
    assert.deepEqual(differing(before, await contentIn(to)), [])
    assert.deepEqual(differing(before, await contentIn(from)), [], 'and nothing of it has changed there')

    const { log } = await openFor(to, 'processors')
    for (const { task, reads } of readersOf(log)) {
      const { offsets, intent } = (await log.checkpointOf(task)) ?? NOTHING_YET
      for (const { topic, partition } of reads)
        assert.equal(offsets[place(topic, partition)], (await log.bounds(topic, partition)).end, task)
      if (task.includes('/') && !task.includes('click') && !task.includes('tower'))
        assert.equal(offsets['clock.tick.v1/0'], TICKS, task)
      assert.equal(intent, null)
      assert.equal(await log.isOwned(task), false)
    }
    await log.close()
  })

test('what comes while it is copied is copied in the end, and what has gone meanwhile is not kept', async t => {
  const { config } = placeFor(t)
  const [from, to] = [config('from', four), config('to', partitions(5))]
  await filled(from)
  const running = openLog(from)
  assert.match((await moved(from, to)).missing ?? '', /Milepost runs on .*: stop it/)
  await append(running, 10, 1_000)
  await rest(running, 2)
  const again = await moved(from, to)
  assert.match(again.missing ?? '', /stop it/)
  assert.equal(again.records[telematicsPositions.name], 40 * 35)
  await running.close()
  assert.equal((await moved(from, to)).missing, null)
  assert.deepEqual(differing(await contentIn(from), await contentIn(to)), [])
  // Once more: nothing happens any more, whatever the former log says since.
  const late = openLog(from)
  await append(late, 1, 5_000)
  await late.close()
  const before = await contentIn(to)
  assert.equal((await moved(from, to)).missing, null)
  assert.deepEqual(differing(before, await contentIn(to)), [])
})

test('it waits until the installation has been stopped, and goes on by itself', async t => {
  const { config } = placeFor(t)
  const [from, to] = [config('from', four), config('to', partitions(2))]
  await filled(from)
  const running = openLog(from)
  const told = Promise.withResolvers<string>()
  const moving = moved(from, to, { wait: true, told: told.resolve })
  assert.match(await told.promise, /stop it, all of it/)
  await append(running, 3, 1_000)
  await rest(running, 2)
  await running.close()
  assert.equal((await moving).missing, null)
  assert.deepEqual(differing(await contentIn(from), await contentIn(to)), [])
})

test('half of a migration is started by nobody, and goes on after the other log has', async t => {
  const { config } = placeFor(t)
  const [from, to] = [config('from', four), config('to', partitions(6))]
  await filled(from)
  // Broken off when the tasks have been filled already.
  const broken = new AbortController()
  const breaking = moved(from, to, {
    until: broken.signal,
    told: line => line === 'comparing' && broken.abort(new Error('killed')),
  })
  await assert.rejects(breaking, /killed/)
  for (const part of ['ingest', 'processors', 'sinks'] as const)
    await assert.rejects(openFor(to, part), { name: 'LogRefused', message: /half of a migration/ })
  await assert.rejects(moved(to, config('third', four)), /itself half of a migration/)
  const log = openLog(from)
  await append(log, 3, 1_000)
  await rest(log, 2)
  await log.close()
  assert.equal((await moved(from, to)).missing, null)
  assert.deepEqual(differing(await contentIn(from), await contentIn(to)), [])
  await (await openFor(to, 'processors')).log.close()
})

test('what is written after it was found at rest is noticed, and copied the next time', async t => {
  const { config } = placeFor(t)
  const [from, to] = [config('from', four), config('to', partitions(2))]
  await filled(from)
  let writing: Promise<void> | undefined
  const write = async () => {
    const log = openLog(from)
    await append(log, 2, 1_000)
    await log.close()
  }
  const report = await moved(from, to, { told: line => line === 'comparing' && void (writing = write()) })
  await writing
  assert.match(report.missing ?? '', /it has gone on meanwhile: stop it, all of it/)
  const log = openLog(from)
  await rest(log, 2)
  await log.close()
  assert.equal((await moved(from, to)).missing, null)
  assert.deepEqual(differing(await contentIn(from), await contentIn(to)), [])
})

test('milepost migrate asks where from and where to', async () => {
  const wrong = (args: readonly string[], message: RegExp) =>
    assert.rejects(migrate.run(args), { name: 'UsageError', message })
  await wrong([], /where from\?/)
  await wrong(['--from', 'x', '--from-namespace', 'y'], /where from\?/)
  await wrong(['--from', 'data'], /--from is MILEPOST_DATA itself: where to\?/)
  await wrong(['--from-namespace', 'y'], /set MILEPOST_KAFKA_BROKERS/)
})

test('milepost migrate tells what is in the way, and what comes next', async t => {
  const { root, config } = placeFor(t)
  const from = config('from', four)
  await filled(from)
  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('MILEPOST_'))
  const env = { ...Object.fromEntries(outside), MILEPOST_DATA: join(root, 'to'), MILEPOST_PARTITIONS: '2' }
  const say = (args: readonly string[], other: Env = {}) => answerOf(['migrate', ...args], { ...env, ...other }, root)
  const ahead = await say(['--from', 'from', '--dry-run', '--json'])
  const { records, target, runs } = JSON.parse(ahead.stdout) as { records: Env; target: string; runs: boolean }
  assert.deepEqual([ahead.code, records[telematicsPositions.name], target, runs], [0, 40 * 25, 'to be made', false])
  assert.equal(existsSync(join(root, 'to')), false, 'nothing was made')
  const running = openLog(from)
  const early = await say(['--from', 'from'])
  assert.match(
    `${early.code} ${early.stdout}`,
    /^1 .*copied and compared[^]*Next: Milepost runs on .*Then call this again/,
  )
  assert.match((await say(['--from', 'from', '--dry-run'])).stdout, /half filled[^]*Milepost runs/)
  await running.close()
  const done = await say(['--from', 'from'])
  assert.match(
    `${done.code} ${done.stdout}`,
    /^0 [^]*both logs say: 0 shipments, 40 milestones[^]*Move tokens\.json.*[^]*Start/,
  )
  assert.deepEqual(readdirSync(join(root, 'to')), ['milepost.sqlite'])
})

test('what somebody else has written to is refused, and so is another log halfway', async t => {
  const { config } = placeFor(t)
  const [from, to, used] = [config('from', four), config('to', partitions(2)), config('used', four)]
  await filled(from)
  await filled(used)
  await assert.rejects(moved(from, used), /somebody else has written to that log: choose another MILEPOST_NAMESPACE/)
  const running = openLog(from)
  await moved(from, to)
  await running.close()
  await assert.rejects(moved(used, to), /begun from another one/)
  await assert.rejects(moved(from, { ...to, partitions: 3 }), /has 2 partitions there, not 3/)

  // Somebody writes to what is half filled.
  const theirs = openLog(to)
  await append(theirs, 1)
  await theirs.close()
  await assert.rejects(moved(from, to), /is not what was copied \(.*\): somebody else has written to it/)
})

test('a log of an older release is refused before anything is made', async t => {
  const { config } = placeFor(t)
  const [from, to] = [config('from', four), config('to', four)]
  await filled(from)
  const file = new DatabaseSync(join(from.data, 'milepost.sqlite'))
  file.exec("DELETE FROM topics WHERE topic = 'audit.v1'")
  file.close()
  await assert.rejects(moved(from, to), (error: Error) => {
    assert.ok(error instanceof LogRefused)
    assert.match(error.message, /no topic audit\.v1: an older release wrote it\. Start this release on it once/)
    return true
  })
  assert.equal(existsSync(join(to.data, 'milepost.sqlite')), false)
  await assert.rejects(moved(config('none', four), to), /there is no .*milepost\.sqlite/)
})

test('state under a key of another partition is refused; a record of one is copied all the same', async t => {
  const { config } = placeFor(t)
  const [from, to, other] = [config('from', four), config('to', partitions(3)), config('other', partitions(3))]
  await filled(from)
  const log = openLog(from)
  const stray = {
    topic: telematicsPositions.name,
    partition: 1,
    key: 'key-0',
    value: Buffer.from('stray'),
    cause: null,
  }
  await log.append([{ ...stray, partition: 0 }, stray, { ...stray, partition: 2 }])
  await rest(log, 2)
  await log.close()
  assert.equal((await moved(from, to)).records[telematicsPositions.name], 40 * 25 + 3)

  const again = openLog(from)
  const held = await again.claim('follow-vehicles/1')
  const tx = await held.begin()
  await tx.setAlarms(['key-0', 'key-1'].map(key => ({ key, at: 1 as never })))
  await tx.commit()
  await again.close()
  await assert.rejects(moved(from, other), /follow-vehicles\/1 keeps key-\d, which belongs to another partition/)
})

test('a record that is lost, doubled, changed, misplaced or out of order is found', () => {
  const tallyOf = (adds: readonly (readonly [number, number, number])[]) => {
    const tally = new Tally(2, 3)
    for (const [from, to, checksum] of adds) tally.add(from, to, checksum)
    return tally.pairs()
  }
  const all = [
    [0, 1, 7],
    [0, 1, 8],
    [1, 1, 9],
    [1, 2, 7],
  ] as const
  const [a, b, c, d] = all
  const found = (adds: readonly (readonly [number, number, number])[], anyOrder = false) =>
    differencesOf(tallyOf(all), tallyOf(adds), anyOrder)
  assert.deepEqual(found(all), [])
  assert.deepEqual(found([c, a, d, b]), [], 'the order between pairs is nobody’s concern')
  assert.match(found([b, a, c, d])[0] ?? '', /partition 1, of the former 0: they are in another order/)
  assert.deepEqual(found([b, a, c, d], true), [])
  assert.match(found([a, c, d])[0] ?? '', /2 were copied, 1 are there/)
  assert.match(found([...all, d])[0] ?? '', /partition 2, of the former 1: 1 were copied, 2 are there/)
  assert.match(found([a, [0, 1, 99], c, d], true)[0] ?? '', /not those that were copied/)
  assert.equal(found([a, b, [0, 1, 9], d]).length, 2)
  // Kept and taken up again, it is the same.
  const half = new Tally(2, 3, tallyOf([a, b]))
  for (const [from, to, checksum] of [c, d]) half.add(from, to, checksum)
  assert.deepEqual(half.pairs(), tallyOf(all))
})

test('of two who migrate one finds that the other has taken over', async t => {
  const { config } = placeFor(t)
  const to = openLog(config('to', four))
  t.after(() => to.close())
  const [never, page] = [new AbortController().signal, { positions: [1], pairs: [], misplaced: 0, last: -1 }]
  const one = await Book.open(to, 'the other log', [])
  const write = (book: Book) => () =>
    book.write([], [{ topic: shipmentMilestones.name, column: 'copied', reached: page }])
  await one.persist(write(one), never)
  assert.deepEqual(one.of(shipmentMilestones.name, 'copied'), page)
  const two = await Book.open(to, 'the other log', [])
  assert.deepEqual(two.of(shipmentMilestones.name, 'copied'), page)
  await assert.rejects(one.persist(write(one), never), /another milepost migrate has taken over/)
})

test('a commit of which nobody knows whether it has been is made once', async t => {
  const { config } = placeFor(t)
  const [from, to] = [config('from', four), config('to', partitions(3))]
  await filled(from, 2_500)
  const [source, target] = [openLog(from), openLog(to)]
  t.after(() => Promise.all([source.close(), target.close()]))
  const until = new AbortController().signal
  const restamp = (value: Uint8Array) => value
  for (const has of [true, false]) {
    const book = await Book.open(unsure(target, has), source.id, [])
    const copying = { source, target, book, restamp, until, told: () => undefined }
    const topic = has ? telematicsPositions.name : shipmentMilestones.name
    await book.persist(() => copyTopic(topic, copying), until)
    assert.equal((await checkTopics([topic], copying))[topic], has ? 100_000 : 161)
  }
})

/** A log whose second commit fails, having been made or not. */
function unsure(log: OurLog, hasBeen: boolean): OurLog {
  let n = 0
  const begin = async (held: Held): Promise<Transaction> => {
    const tx = await held.begin()
    const commit = async () => {
      if (++n !== 2) return tx.commit()
      if (hasBeen) await tx.commit()
      throw new LogUnavailable('gone')
    }
    return new Proxy(tx, { get: (of, name) => (name === 'commit' ? commit : bound(of, name)) })
  }
  const claim = async (task: string) => {
    const held = await log.claim(task)
    return new Proxy(held, { get: (of, name) => (name === 'begin' ? () => begin(of) : bound(of, name)) })
  }
  return new Proxy(log, { get: (of, name) => (name === 'claim' ? claim : bound(of, name)) })
}
function bound(of: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(of, name, of)
  return typeof value === 'function' ? (value as () => unknown).bind(of) : value
}
