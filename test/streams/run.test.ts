import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { json } from '../../schemas/codec.ts'
import { audits, lates } from '../../schemas/topics.ts'
import { type Disk, MemoryLog } from '../../streams/log/memory.ts'
import { processor } from '../../streams/processor.ts'
import { runSinks } from '../../streams/run-sinks.ts'
import { run } from '../../streams/run.ts'
import type { AnySink } from '../../streams/sink.ts'
import type { Instant } from '../../streams/time.ts'
import { type AnyTopic, emit } from '../../streams/topic.ts'
import { engineOn, newDisk, write } from './disk.ts'

/** One that lets others have their turn. */
class PatientLog extends MemoryLog {
  override async changed(seen: number): Promise<number> {
    await pause(1)
    return super.changed(seen)
  }
}

const audit = (n: number) =>
  emit(audits, { occurredAt: n as Instant, actor: 'ann', action: `${n}`, target: 'k', detail: null })

/** A processor that fails on every n-th record reads a thousand of them. Resolves to what it said of it, once it has read all or has stopped. */
async function fedPoison(everyNth: number): Promise<{ disk: Disk; troubles: string[]; owned: boolean }> {
  const disk = newDisk()
  const log = new PatientLog(disk)
  const [stop, troubles] = [new AbortController(), [] as string[]]
  const choosy = processor({ name: 'choosy', head: json(), keeps: [], emits: [] }).on(audits, (_, __, { value }) => {
    if (Number(value.action) % everyNth === 0) throw new Error('cannot be handled')
    return {}
  })
  for (let n = 0; n < 1_000; n++) write(disk, audit(n))
  const running = run(engineOn(disk, 100, log), [choosy], [choosy], stop.signal, {
    trouble: (task, { name, message }) => troubles.push(`${task} ${name} ${message}`),
  })
  for (let i = 0; i < 200; i++) await pause(1)
  const owned = await log.isOwned('choosy/0')
  stop.abort()
  await running
  return { disk, troubles, owned }
}

test('a processor that can’t handle what it reads stops, says why, and is not taken for one that runs', async () => {
  const { disk, troubles, owned } = await fedPoison(5)
  assert.equal(troubles.length, 1)
  assert.match(troubles[0] ?? '', /^choosy\/0 Poisoned .*100 of the last 500 records/)
  assert.equal(disk.tasks.get('choosy/0')?.checkpoint.counters.in, 500)
  assert.equal(owned, false)
})

test('some poison is no reason to stop', async () => {
  const { disk, troubles, owned } = await fedPoison(12)
  assert.deepEqual(troubles, [])
  assert.equal(disk.tasks.get('choosy/0')?.checkpoint.counters.in, 1_000)
  assert.equal(owned, true)
})

test('a sink that fails ends the run of all, and only after none of them writes any more', async () => {
  const disk = newDisk()
  write(disk, audit(0))
  write(
    disk,
    emit(lates, { occurredAt: 0 as Instant, processor: 'p', topic: 't', key: 'k', ofEventId: '', reason: 'r' }),
  )
  const open = Promise.withResolvers<undefined>()
  let writing = false
  const slow: AnySink = {
    name: 'slow',
    reads: lates as AnyTopic,
    write: async () => {
      writing = true
      open.resolve(undefined)
      await pause(20)
      writing = false
    },
  }
  const bad: AnySink = {
    name: 'bad',
    reads: audits as AnyTopic,
    write: async () => {
      await open.promise
      throw new Error('a bug')
    },
  }
  const sinks = [slow, bad].map(sink => ({ sink, lingerMs: 1 }))
  const engine = { ...engineOn(disk, 10, new PatientLog(disk)), records: 10, bytes: 1_000 }
  await assert.rejects(runSinks(engine, sinks, new AbortController().signal), /a bug/)
  assert.equal(writing, false)
})
