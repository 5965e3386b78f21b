/**
 * One simulated life of an installation: several processes run the real engine over one disk while they crash, stall
 * until another has taken their tasks and then go on, lose the answers to their commits, find the disk full, and the
 * clock jumps both ways. Everything that happens follows from the seed. In the end a process that nothing happens to
 * finishes the work, and the world is held to what it must be (`verify`). After the manner of FoundationDB's and
 * TigerBeetle's simulators.
 */
import type { CommitStep } from '../../streams/commit.ts'
import { Delivery } from '../../streams/deliver.ts'
import { Fenced, LogUnavailable, Taken } from '../../streams/log/log.ts'
import { Disk, MemoryLog, type Weather } from '../../streams/log/memory.ts'
import { outgoing } from '../../streams/outgoing.ts'
import { Unavailable } from '../../streams/sink.ts'
import { Task } from '../../streams/task.ts'
import { hours, type Instant, minutes } from '../../streams/time.ts'
import { partitionsOfProcessor, upstreamTasks } from '../../streams/topology.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { Random } from './random.ts'
import { clock, deadLetter, type Deed, deeds, Outside, processors, verify, wire } from './world.ts'

export interface Life {
  /** What happened, by kind: a simulation that nothing happens in proves nothing. */
  readonly happened: Readonly<Record<string, number>>
}

class Crash extends Error {}

/** What a process that stalls waits in; anywhere else it would hold the disk's only pen. */
const MAY_STALL = new Set(['begin', 'read', 'bounds', 'changed', 'checkpoint of'])
const MAY_FAIL = new Set([
  'append',
  'append answered',
  'begin',
  'outputs',
  'state',
  'commit',
  'commit answered',
  'claim',
])

export async function simulate(seed: number, steps?: readonly CommitStep[]): Promise<Life> {
  const random = new Random(seed)
  const partitions = 1 + random.below(3)
  const disk = new Disk(topic => (topic === clock.name ? 1 : partitions))
  const outside = new Outside()
  const happened: Record<string, number> = {}
  const note = (what: string) => (happened[what] = (happened[what] ?? 0) + 1)
  let calm = false
  let fed = false

  // Whoever waits here is let go in an order that the seed decides.
  const waiting: (() => void)[] = []
  const aside = () => new Promise<void>(resolve => waiting.push(resolve))
  const rates = {
    crash: random.next() * 0.01,
    fail: random.next() * 0.03,
    stall: random.next() * 0.02,
    slow: random.next() * 0.3,
  }

  function weatherOf(log: () => MemoryLog): Weather {
    return async doing => {
      if (calm) return
      if (random.chance(rates.slow)) await aside()
      if (random.chance(rates.crash)) {
        note(`crash at ${doing}`)
        log().alive = false
        throw new Crash(doing)
      }
      if (MAY_FAIL.has(doing) && random.chance(rates.fail)) {
        note(doing.endsWith('answered') ? `answer lost: ${doing}` : `refused: ${doing}`)
        throw new LogUnavailable(`${doing} failed`)
      }
      if (MAY_STALL.has(doing) && random.chance(rates.stall)) {
        note('stall')
        log().alive = false
        for (let i = random.below(60); i > 0; i--) await aside()
        log().alive = true
      }
    }
  }

  function newLog(): MemoryLog {
    const log: MemoryLog = new MemoryLog(
      disk,
      weatherOf(() => log),
    )
    return log
  }

  /** One process: claims what nobody has, and takes steps. */
  async function live(log: MemoryLog, until: () => boolean): Promise<void> {
    const engine = {
      log,
      wire,
      clock: clock as AnyTopic,
      deadLetter,
      batch: { records: 1 + random.below(8), bytes: 10_000 },
      liveRows: random.below(30),
      ...(steps ? { steps } : {}),
    }
    const sinks = { log, wire, deadLetter, records: 1 + random.below(8), bytes: 10_000, ...(steps ? { steps } : {}) }
    const jobs = [
      ...processors.flatMap(p =>
        Array.from(
          { length: partitionsOfProcessor(p, disk.partitionsOf) },
          (_, n) => () => Task.claim(engine, p, n, upstreamTasks(processors, p, disk.partitionsOf)),
        ),
      ),
      () =>
        Delivery.claim(
          sinks,
          outside.sink(random, () => calm),
        ),
    ].map(claim => ({ claim: claim, held: undefined as Task | Delivery | undefined }))
    let idle = 0
    while (!until() && (!calm || idle < 3)) {
      let busy = false
      for (const job of jobs) {
        try {
          job.held ??= await job.claim()
          busy = (await job.held.step()) || busy
        } catch (error) {
          if (error instanceof Fenced) note('fenced')
          if (error instanceof Unavailable) continue
          job.held = undefined
          if (!(error instanceof Fenced || error instanceof Taken || error instanceof LogUnavailable)) throw error
        }
      }
      idle = busy ? 0 : idle + 1
      if (!calm) await aside()
    }
  }

  /** Crashed processes are started again until the feeder has said all. */
  async function supervise(): Promise<void> {
    while (!fed) {
      const log = newLog()
      await live(log, () => fed || !log.alive).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      log.alive = false
      await aside()
    }
  }

  async function feed(): Promise<void> {
    const sources = Array.from({ length: 4 + random.below(30) }, (_, i): Deed => {
      const occurredAt = (minutes(random.below(300)) + i) as Instant
      return { occurredAt, key: `k${random.below(5)}`, amount: 1 + random.below(9), poison: random.chance(0.05) }
    })
    const ticks = Array.from({ length: random.below(6) }, () => ({ occurredAt: minutes(random.below(400)) as Instant }))
    const all = [
      ...sources.map(value => ({ topic: deeds as AnyTopic, value: value })),
      ...ticks.map(value => ({ topic: clock as AnyTopic, value })),
    ]
    const order = all.map(one => ({ one, at: random.next() })).sort((a, b) => a.at - b.at)
    for (const { one } of order) {
      const said = { source: 'sim', emittedAt: null, receivedAt: one.value.occurredAt, cause: null }
      const record = outgoing(wire, disk.partitionsOf, one.topic, one.value, said)
      for (let told = false; !told;) {
        try {
          await newLog().append([record])
          told = !random.chance(0.1)
          if (!told) note('said again')
        } catch {
          note('said again')
        }
        await aside()
      }
    }
    const final = outgoing(
      wire,
      disk.partitionsOf,
      clock,
      { occurredAt: hours(24) as Instant },
      { source: 'sim', emittedAt: null, receivedAt: hours(24) as Instant, cause: null },
    )
    disk.append([final])
    fed = true
  }

  const running = [feed(), ...Array.from({ length: 1 + random.below(3) }, supervise)]
  const end = { reached: false, error: undefined as unknown }
  void Promise.all(running)
    .catch((reason: unknown) => (end.error = reason))
    .finally(() => (end.reached = true))
  for (let turns = 0; !end.reached; turns++) {
    await new Promise(resolve => setImmediate(resolve))
    const next = waiting.splice(random.below(waiting.length), 1)[0]
    next?.()
    if (turns > 200_000) throw new Error(`seed ${seed} does not come to an end`)
  }
  if (end.error) throw end.error as Error
  calm = true
  for (const task of disk.tasks.values()) task.owner = undefined
  await live(new MemoryLog(disk), () => false)
  verify(disk, outside)
  return { happened }
}
