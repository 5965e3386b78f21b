/** A task, step by step, while others go on writing to what it reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../../schemas/codec.ts'
import { audits, clockTicks, lates, deadLetters } from '../../schemas/topics.ts'
import { type Held, LogUnavailable } from '../../streams/log/log.ts'
import { MemoryLog } from '../../streams/log/memory.ts'
import { processor } from '../../streams/processor.ts'
import { Task } from '../../streams/task.ts'
import { hours, type Instant } from '../../streams/time.ts'
import { audit, engineOn, late, newDisk, tick, write } from './disk.ts'

/** Notes what it hears, and when it is woken, which it asks for two o'clock. */
function listener(heard: string[]) {
  return processor({ name: 'listener', head: json<number>(), keeps: [], emits: [] })
    .on(audits, (head = 0) => {
      heard.push('audit')
      return { head: head + 1, ...(head === 0 ? { wakeAt: hours(2) as Instant } : {}) }
    })
    .on(lates, () => {
      heard.push('late')
      return {}
    })
    .onWake((_, __, at) => {
      heard.push(`woken at ${at / hours(1)}`)
      return {}
    })
}

test('an alarm rings though records never cease to come', async () => {
  const [disk, heard] = [newDisk(), [] as string[]]
  const task = await Task.claim(engineOn(disk), listener(heard), 0, [])
  write(disk, audit(0))
  await task.step()
  tick(disk, hours(3) as Instant)
  for (let n = 1; n < 10; n++) {
    write(disk, audit(n))
    await task.step()
  }
  assert.ok(heard.includes('woken at 2'), heard.join(', '))
})

test('a flood in one topic leaves the others their place', async () => {
  const [disk, heard] = [newDisk(), [] as string[]]
  const task = await Task.claim(engineOn(disk, 2), listener(heard), 0, [])
  for (let n = 0; n < 20; n++) write(disk, audit(n))
  for (let n = 0; n < 20; n++) write(disk, late(n))
  for (let n = 0; n < 4; n++) await task.step()
  assert.deepEqual(heard.toSorted(), [...Array<string>(4).fill('audit'), ...Array<string>(4).fill('late')])
})

test('however many alarms are due, each of them rings', async () => {
  const [disk, heard] = [newDisk(), [] as string[]]
  const task = await Task.claim(engineOn(disk, 10_000), listener(heard), 0, [])
  for (let n = 0; n < 2_500; n++) write(disk, audit(n, `k${n}`))
  tick(disk, hours(3) as Instant)
  while (await task.step());
  assert.equal(heard.filter(what => what === 'woken at 2').length, 2_500)
  assert.equal(task.checkpoint.tick, hours(3))
})

test('a tick is heard only after those upstream have heard it, and never one lower than before', async () => {
  const [disk, heard] = [newDisk(), [] as string[]]
  const upstream = processor({ name: 'upstream', head: json(), keeps: [], emits: [] }).on(audits, () => ({}))
  const first = await Task.claim(engineOn(disk), upstream, 0, [])
  const task = await Task.claim(engineOn(disk), listener(heard), 0, ['upstream/0'])
  write(disk, audit(0))
  tick(disk, hours(3) as Instant)
  while (await task.step());
  assert.deepEqual(heard, ['audit'])
  while (await first.step());
  while (await task.step());
  assert.deepEqual(heard, ['audit', 'woken at 2'])
  tick(disk, hours(1) as Instant)
  while ((await first.step()) || (await task.step()));
  assert.deepEqual([task.checkpoint.tick, task.checkpoint.offsets[`${clockTicks.name}/0`]], [hours(3), 2])
})

test('a tick is heard only after what was written before it', async () => {
  const [disk, heard] = [newDisk(), [] as string[]]
  const task = await Task.claim(engineOn(disk, 1), listener(heard), 0, [])
  write(disk, audit(0))
  write(disk, late(1))
  tick(disk, hours(3) as Instant)
  while (await task.step());
  assert.deepEqual(heard.at(-1), 'woken at 2')
  assert.equal(heard.length, 3)
})

test('a state that can’t be read now is nothing of the record’s: it is no dead letter', async () => {
  const disk = newDisk()
  class Unreadable extends MemoryLog {
    override async claim(task: string): Promise<Held> {
      const held = await super.claim(task)
      const load = () => {
        throw new LogUnavailable('not now')
      }
      Object.assign(held, { state: { ...held.state, load } })
      return held
    }
  }
  const task = await Task.claim(engineOn(disk, 10, new Unreadable(disk)), listener([]), 0, [])
  write(disk, audit(0))
  await assert.rejects(task.step(), LogUnavailable)
  assert.equal(disk.records.get(`${deadLetters.name}/0`), undefined)
})
