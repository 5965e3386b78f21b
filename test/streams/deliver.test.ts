/** A delivery, batch by batch, with a far side that notes what it gets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localWire } from '../../schemas/codec.ts'
import { audits, deadLetters } from '../../schemas/topics.ts'
import { Delivery, type SinkEngine } from '../../streams/deliver.ts'
import type { Event } from '../../streams/event.ts'
import { type Log, LogUnavailable, type ReadLimit } from '../../streams/log/log.ts'
import { type Disk, MemoryLog } from '../../streams/log/memory.ts'
import { type AnySink, type Batch, Unavailable, Unwritable } from '../../streams/sink.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { audit, engineOn, newDisk, write } from './disk.ts'

const AUDITS = `${audits.name}/0`
type Got = Batch<{ action: string }>

/** `refuse` may throw what the far side throws. */
function farSide(refuse: (batch: Got) => void = () => undefined): { sink: AnySink; got: Got[] } {
  const got: Got[] = []
  const take = (batch: Got) => {
    refuse(batch)
    got.push(batch)
  }
  const sink = {
    name: 'far',
    reads: audits as AnyTopic,
    write: (batch: Got) => Promise.resolve(batch).then(take),
  }
  return { sink, got }
}
const actions = (got: readonly Got[]) => got.map(({ events }) => events.map(({ value }) => value.action))

const sinkEngine = (disk: Disk, log: Log = new MemoryLog(disk)): SinkEngine => ({
  ...engineOn(disk, 10, log),
  ...{ records: 10, bytes: 1_000_000 },
})
const lettersOn = (disk: Disk): Event<{ reason: string; offset: number }>[] =>
  (disk.records.get(`${deadLetters.name}/0`) ?? []).map(({ value, cause }) => localWire.open(deadLetters, value, cause))
/** A record that nobody can read. */
const writeNoise = (disk: Disk) =>
  disk.append([{ topic: audits.name, partition: 0, key: 'k', value: Buffer.from('noise'), cause: null }])

/** A log whose first records are gone. */
class Trimmed extends MemoryLog {
  start = 0
  override read(topic: string, partition: number, from: number, limit: ReadLimit) {
    return super.read(topic, partition, Math.max(from, this.start), limit)
  }
}

test('each batch brings what came since the one before', async () => {
  const disk = newDisk()
  const { sink, got } = farSide()
  const delivery = await Delivery.claim(sinkEngine(disk), sink)
  write(disk, audit(1))
  await delivery.step()
  write(disk, audit(2))
  await delivery.step()
  assert.equal(await delivery.step(), false)
  assert.deepEqual(actions(got), [['1'], ['2']])
})

test('what is delivered again after a rewind is another batch', async () => {
  const disk = newDisk()
  const { sink, got } = farSide()
  write(disk, audit(1))
  const first = await Delivery.claim(sinkEngine(disk), sink)
  await first.step()
  await first.release()
  const second = await Delivery.claim(sinkEngine(disk), sink)
  await second.rewind()
  await second.step()
  assert.deepEqual(actions(got), [['1'], ['1']])
  assert.notEqual(got[0]?.token, got[1]?.token)
})

test('a batch that the far side could not take comes again, with its token, from whoever is next', async () => {
  const disk = newDisk()
  const tokens: string[] = []
  const { sink, got } = farSide(({ token }) => {
    if (tokens.push(token) === 1) throw new Unavailable('not now', 1)
  })
  write(disk, audit(1))
  const first = await Delivery.claim(sinkEngine(disk), sink)
  await assert.rejects(first.step(), Unavailable)
  await first.release()
  write(disk, audit(2))
  await (await Delivery.claim(sinkEngine(disk), sink)).step()
  assert.equal(tokens[0], tokens[1])
  assert.deepEqual(actions(got), [['1']])
})

test('the letter of a record that can’t be written says why', async () => {
  const disk = newDisk()
  const { sink, got } = farSide(({ events }) => {
    const bad = events.find(({ value }) => value.action === '2')
    if (bad) throw new Unwritable('column too narrow', bad.eventId)
  })
  const delivery = await Delivery.claim(sinkEngine(disk), sink)
  for (const n of [1, 2, 3]) write(disk, audit(n))
  while (await delivery.step());
  assert.deepEqual(actions(got), [['1', '3']])
  assert.deepEqual(
    lettersOn(disk).map(({ value: { reason, offset } }) => ({ reason, offset })),
    [{ reason: 'column too narrow', offset: 1 }],
  )
})

test('the letter of a record that can’t be read has the date of its batch', async () => {
  const disk = newDisk()
  const delivery = await Delivery.claim(sinkEngine(disk), farSide().sink)
  write(disk, audit(4_000))
  writeNoise(disk)
  write(disk, audit(5_000))
  await delivery.step()
  const [letter] = lettersOn(disk)
  assert.deepEqual([letter?.receivedAt, letter?.occurredAt], [5_000, 5_000])
})

test('where nothing of a batch can be read, the letters have the date of what came before', async () => {
  const disk = newDisk()
  const delivery = await Delivery.claim(sinkEngine(disk), farSide().sink)
  write(disk, audit(4_000))
  await delivery.step()
  writeNoise(disk)
  await delivery.step()
  assert.equal(lettersOn(disk)[0]?.receivedAt, 4_000)
})

test('what a sink counts it counts over all its batches', async () => {
  const disk = newDisk()
  const delivery = await Delivery.claim(sinkEngine(disk), farSide().sink)
  for (const n of [1, 2]) {
    writeNoise(disk)
    for (const more of [0, 1]) write(disk, audit(10 * n + more))
    await delivery.step()
  }
  const counters = disk.tasks.get('far')?.checkpoint.counters
  assert.deepEqual(counters, { in: 6, out: 4, deadLetters: 2, dropped: {} })
})

test('after a commit that failed a delivery must be claimed again', async () => {
  const disk = newDisk()
  let full = true
  const log = new MemoryLog(disk, doing => {
    if (doing === 'commit' && full) throw new LogUnavailable('full')
    return undefined
  })
  const delivery = await Delivery.claim(sinkEngine(disk, log), farSide().sink)
  write(disk, audit(1))
  await assert.rejects(delivery.step(), LogUnavailable)
  full = false
  await assert.rejects(delivery.step(), /must be claimed again/)
})

test('a batch starts at the first record that the log still holds', async () => {
  const disk = newDisk()
  const log = new Trimmed(disk)
  const ranges: unknown[] = []
  const { sink } = farSide(() => ranges.push(disk.tasks.get('far')?.checkpoint.intent?.ranges))
  for (const n of [0, 1, 2, 3]) write(disk, audit(n))
  log.start = 2
  await (await Delivery.claim(sinkEngine(disk, log), sink)).step()
  assert.deepEqual(ranges, [{ [AUDITS]: [2, 4] }])
})

test('a batch that is to come again but is no longer held as a whole is not written in part', async () => {
  const disk = newDisk()
  const log = new Trimmed(disk)
  let away = true
  const { sink, got } = farSide(() => {
    if (away) throw new Unavailable('not now', 1)
  })
  for (const n of [0, 1, 2, 3]) write(disk, audit(n))
  await assert.rejects((await Delivery.claim(sinkEngine(disk, log), sink)).step(), Unavailable)
  away = false
  log.start = 2
  const again = await Delivery.claim(sinkEngine(disk, log), sink)
  await assert.rejects(again.step(), /audit\.v1\/0 no longer holds offset 0/)
  assert.deepEqual(got, [])
})
