/** What a step comes to: its effects are taken over whole and in order, and what fails leaves none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../../schemas/codec.ts'
import { audits, clockTicks, deadLetters, lates } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import { known, type PlainList } from '../../streams/evidence.ts'
import { LogUnavailable } from '../../streams/log/log.ts'
import { MemoryLog } from '../../streams/log/memory.ts'
import { drop, processor, type Wake } from '../../streams/processor.ts'
import { Task } from '../../streams/task.ts'
import { hours, type Instant } from '../../streams/time.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { audit, engineOn, late, newDisk, write } from './disk.ts'

const t = (hour: number) => hours(hour) as Instant

test('a step that says what can’t be written changes nothing', async () => {
  const heads: unknown[] = []
  const babbler = processor({ name: 'babbler', head: json<number>(), keeps: [], emits: [lates] }).on(audits, head => {
    heads.push(head)
    const { value } = late(0)
    return { head: 1, emit: [emit(lates, { ...value, reason: 5 } as unknown as ReturnType<typeof lates.codec.decode>)] }
  })
  const driver = await drive([babbler], options)
  await driver.feed(audit(0), audit(1))
  assert.deepEqual(heads, [undefined, undefined])
  assert.equal(driver.written(deadLetters).length, 2)
})

test('a row that a step both removes and puts is there afterwards', async () => {
  const list: PlainList<string> = { name: 'list', codec: json() }
  const row = known(list, 'one', 'value')
  const found: boolean[] = []
  const replacer = processor({ name: 'replacer', head: json(), keeps: [list], emits: [] }).on(audits, (_, kept) => {
    found.push(kept.has(row))
    return { put: [row], remove: [row] }
  })
  const driver = await drive([replacer], options)
  await driver.feed(audit(0), audit(1))
  assert.deepEqual(found, [false, true])
})

/** Asks to be woken at one o'clock. */
const sleeper = (wake: Wake<unknown, string>) =>
  processor({ name: 'sleeper', head: json(), keeps: [], emits: [] })
    .on(audits, () => ({ wakeAt: t(1) }))
    .onWake(wake)

test('an alarm that can’t be handled leaves a letter and does not ring again', async () => {
  let rung = 0
  const failing = sleeper(() => {
    rung++
    throw new Error('cannot be woken')
  })
  const driver = await drive([failing], options)
  await driver.feed(audit(0))
  await driver.tick(t(2))
  await driver.tick(t(3))
  const letters = driver.written(deadLetters).map(({ value: { topic, key, reason } }) => ({ topic, key, reason }))
  assert.deepEqual(letters, [{ topic: clockTicks.name, key: 'k', reason: 'Error: cannot be woken' }])
  assert.equal(rung, 1)
})

test('who asks to be woken at the time that just rings is told of it', async () => {
  const driver = await drive([sleeper((_, __, at) => ({ wakeAt: at }))], options)
  await driver.feed(audit(0))
  await driver.tick(t(2))
  const [letter] = driver.written(deadLetters)
  assert.match(letter?.value.reason ?? '', /^Error: sleeper asks at \d+ to be woken at \d+$/)
})

test('what is derived from a record names it as its cause and has its date', async () => {
  const echo = processor({ name: 'echo', head: json(), keeps: [], emits: [lates] }).on(audits, () => ({
    emit: [late(0)],
  }))
  const driver = await drive([echo], options)
  await driver.feed({ ...audit(0), origin: { receivedAt: t(5) } })
  const [input] = driver.written(audits)
  const [output] = driver.written(lates)
  assert.deepEqual([output?.cause, output?.receivedAt, output?.source], [input?.eventId, t(5), 'echo'])
})

test('after a commit that failed a task must be claimed again', async () => {
  const disk = newDisk()
  let full = true
  const log = new MemoryLog(disk, doing => {
    if (doing === 'commit' && full) throw new LogUnavailable('full')
    return undefined
  })
  const listener = processor({ name: 'listener', head: json(), keeps: [], emits: [] }).on(audits, () => ({}))
  const task = await Task.claim(engineOn(disk, 10, log), listener, 0, [])
  write(disk, audit(0))
  await assert.rejects(task.step(), LogUnavailable)
  full = false
  await assert.rejects(task.step(), /must be claimed again/)
})

test('what a task counts it counts over all its batches', async () => {
  const moody = processor({ name: 'moody', head: json(), keeps: [], emits: [lates] }).on(audits, (_, __, { value }) => {
    if (value.target === 'dropped') return drop('not of interest')
    if (value.target === 'poison') throw new Error('cannot be handled')
    return { emit: [late(Number(value.action))] }
  })
  const disk = newDisk()
  const task = await Task.claim(engineOn(disk), moody, 0, [])
  for (const batch of [1, 2]) {
    for (const target of ['dropped', 'dropped', 'poison', 'said', 'said', 'said']) write(disk, audit(batch, target))
    await task.step()
  }
  assert.deepEqual(task.checkpoint.counters, { in: 12, out: 6, deadLetters: 2, dropped: { 'not of interest': 4 } })
})

test('who reads what it says itself does not wait for its own tick', async () => {
  const echo = processor({ name: 'echo', head: json(), keeps: [], emits: [audits] }).on(audits, (_, __, { value }) =>
    value.target === 'echo' ? drop('its own') : { emit: [audit(1, 'echo')] },
  )
  const driver = await drive([echo], options)
  await driver.feed(audit(0))
  await driver.tick(t(2))
  assert.equal(driver.disk.tasks.get('echo/0')?.checkpoint.tick, t(2))
})
