import assert from 'node:assert/strict'
import { syncBuiltinESMExports } from 'node:module'
import { test, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { json } from '../../schemas/codec.ts'
import { audits, lates } from '../../schemas/topics.ts'
import { type Held, LogUnavailable } from '../../streams/log/log.ts'
import { type Disk, MemoryLog } from '../../streams/log/memory.ts'
import { processor } from '../../streams/processor.ts'
import { runSinks, type SinkRun } from '../../streams/run-sinks.ts'
import { run, type RunReport } from '../../streams/run.ts'
import { aborted, together } from '../../streams/together.ts'
import type { AnySink } from '../../streams/sink.ts'
import type { Instant } from '../../streams/time.ts'
import { type AnyTopic, emit } from '../../streams/topic.ts'
import { audit, engineOn, newDisk, write } from './disk.ts'

/** One that lets others have their turn. */
class PatientLog extends MemoryLog {
  override async changed(seen: number): Promise<number> {
    await pause(1)
    return super.changed(seen)
  }
}

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

/** Tells when whoever runs on it has nothing left to do. */
class Telling extends MemoryLog {
  readonly idle = new AbortController()
  override changed(seen: number): Promise<number> {
    this.idle.abort()
    return super.changed(seen)
  }
}

test('a sink whose far side is empty gets everything again, once', async () => {
  const disk = newDisk()
  const written: string[] = []
  let rewound = 0
  const sink: AnySink = {
    name: 'far',
    reads: audits as AnyTopic,
    write: ({ events }) => {
      for (const { value } of events) written.push((value as { action: string }).action)
      return Promise.resolve()
    },
  }
  const runOn = (log: Telling, more: Pick<SinkRun, 'startOver'>) => {
    const engine = { ...engineOn(disk, 10, log), records: 1, bytes: 1_000 }
    return runSinks(engine, [{ sink, lingerMs: 1, ...more }], log.idle.signal)
  }
  for (const n of [1, 2]) write(disk, audit(n))
  await runOn(new Telling(disk), {})
  write(disk, audit(3))
  await runOn(new Telling(disk), { startOver: { isDue: () => rewound === 0, settled: () => rewound++ } })
  assert.deepEqual(written, ['1', '2', '1', '2', '3'])
  assert.equal(rewound, 1)
})

test('a job that fails stops the others; its error comes when all have ended', async () => {
  const ended: string[] = []
  const patient = async (stop: AbortSignal) => {
    await aborted(stop)
    await pause(1)
    ended.push('patient')
    throw new Error('of the patient one')
  }
  const failing = () => Promise.reject(new Error('of the first to fail'))
  await assert.rejects(together([patient, failing], new AbortController().signal), /of the first to fail/)
  assert.deepEqual(ended, ['patient'])
})

/** Time stands still but for what the test says, also to those who have imported the timers by name. */
function standstill(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.timers.reset()
    syncBuiltinESMExports()
  })
  return ms => t.mock.timers.tick(ms)
}
/** Everyone has had many turns. */
const manyTurns = async () => {
  for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
}
/** Nobody can claim anything of it. */
class Refusing extends MemoryLog {
  override async claim(): Promise<Held> {
    await new Promise(resolve => setImmediate(resolve))
    throw new LogUnavailable('full')
  }
}

const idler = processor({ name: 'idler', head: json(), keeps: [], emits: [] }).on(audits, () => ({}))
const nowhere: AnySink = { name: 'nowhere', reads: audits as AnyTopic, write: () => Promise.resolve() }
const runs = {
  'a processor': (disk: Disk, until: AbortSignal, report: RunReport) =>
    run(engineOn(disk, 10, new Refusing(disk)), [idler], [idler], until, report),
  'a sink': (disk: Disk, until: AbortSignal, report: RunReport) => {
    const engine = { ...engineOn(disk, 10, new Refusing(disk)), records: 10, bytes: 1_000 }
    return runSinks(engine, [{ sink: nowhere, lingerMs: 1 }], until, report)
  },
}
for (const [who, start] of Object.entries(runs))
  test(`${who} on a log that can’t be written waits a moment before it tries again`, async t => {
    const pass = standstill(t)
    const [stop, troubles] = [new AbortController(), [] as string[]]
    t.after(() => stop.abort())
    const running = start(newDisk(), stop.signal, { trouble: (_, { name }) => troubles.push(name) })
    await manyTurns()
    assert.deepEqual(troubles, ['LogUnavailable'])
    pass(1_000)
    await manyTurns()
    assert.deepEqual(troubles, ['LogUnavailable', 'LogUnavailable'])
    stop.abort()
    await running
  })
