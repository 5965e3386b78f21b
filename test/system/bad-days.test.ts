/** Bad days of a running Milepost, with real processes. For kill -9 at random moments see chaos.test.ts. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { UNRECOVERABLE } from '../../app/supervise.ts'
import { processors } from '../../app/pipeline.ts'
import { readAll } from '../../app/read-topic.ts'
import type { TelematicsPosition, VehiclePosition } from '../../schemas/generated/events.ts'
import { telematicsPositions, vehiclePositions } from '../../schemas/topics.ts'
import { spawnGateway } from '../../sinks/clickhouse/gateway/spawn.ts'
import { LEASE_MS } from '../../streams/log/embedded/lease.ts'
import type { EmbeddedLog } from '../../streams/log/embedded/embedded.ts'
import type { Topic } from '../../streams/topic.ts'
import { tasksOf } from '../../streams/topology.ts'
import { countsOf, faultsOfLog } from '../../tools/chaos/ledger.ts'
import { childrenOf, commandOf } from '../../tools/chaos/processes.ts'
import { differences, outcomeOf, outcomeOfTruth, standingOf } from '../../tools/chaos/outcome.ts'
import { freePort } from '../../tools/ports.ts'
import type { Program } from '../../tools/chaos/program.ts'
import { send } from '../../tools/feeder/send.ts'
import { makeWorld } from '../../tools/feeder/world.ts'
import { installation, type OpenedFile, until } from '../support/installation.ts'
import { DAY, position, positions } from '../support/positions.ts'

const HOUR = 3_600_000
/** The positions in a topic, by name; each as often as it is there. */
const namesIn = (topic: Topic<string, TelematicsPosition | VehiclePosition>) => async (opened: OpenedFile) => {
  const all: string[] = []
  for await (const { event } of readAll(opened, topic)) all.push(nameOf(event.value))
  return all
}
const nameOf = ({ vehicleId, occurredAt }: { vehicleId: string; occurredAt: string | number }) =>
  `${vehicleId} ${new Date(occurredAt).toISOString()}`

suite('two owners', { concurrency: true }, () => {
  test('a second one of the same target is refused, and the first goes on', async t => {
    const { up, launch, post, caughtUp, withLog } = await installation(t)
    await up('ingest')
    const first = launch('processors')
    const sinks = launch('sinks')
    await until('the first has its tasks', () => withLog(({ log }) => log.isOwned('follow-vehicles/0')))
    const second = launch('processors')
    const { code } = await second.ended
    assert.equal(code, UNRECOVERABLE)
    assert.match(second.stderr, new RegExp(`is run by process ${first.pid} on this data directory`))
    assert.ok(first.lives && sinks.lives)
    await post(positions('v', 0, 10))
    await caughtUp()
  })

  test('one that was frozen for longer than its lease finds its tasks taken: fenced off, nothing is doubled', async t => {
    const world = makeWorld({ seed: 3, startAt: DAY, vehicles: 3, shipmentsPerVehicle: 1, fixEverySeconds: 60 })
    const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
    const { at, up, launch, caughtUp, withLog } = await installation(t, { partners })
    await up('ingest')
    launch('sinks')
    const frozen = launch('processors')
    const target = { url: at.url, token: await at.token(), secrets: at.secrets }
    const half = Math.floor(world.deliveries.length / 2)
    const feed = (from: number, to?: number) =>
      send(world.deliveries.slice(from, to), target, { withReceivedAt: true, batch: 50 })

    const isTakenBy = ({ pid }: Program) =>
      withLog(({ log }) => Promise.resolve(ownersIn(log).every(owner => owner === pid)))

    await feed(0, Math.floor(half / 2))
    await until('it runs', () => isTakenBy(frozen))
    const feeding = feed(Math.floor(half / 2), half)
    frozen.signal('SIGSTOP')
    // Whoever is frozen within a commit holds up everybody: then it was not the moment.
    while (!(await withLog(canWrite))) {
      frozen.signal('SIGCONT')
      await new Promise(resolve => setTimeout(resolve, 20))
      frozen.signal('SIGSTOP')
    }
    await feeding
    const heir = launch('processors')
    await until('the lease is over and the tasks are taken', () => isTakenBy(heir), 3 * LEASE_MS)
    const rest = feed(half)
    frozen.signal('SIGCONT')
    // On a machine that stalls for a lease the heir is the silent one, and the frozen one has them back: one gives up.
    const said = () => `frozen: ${frozen.stderr}\nheir: ${heir.stderr}`
    await until('one of them gives up', () => !frozen.lives || !heir.lives, 4 * LEASE_MS).catch((error: unknown) => {
      throw new Error(`both go on: ${said()}`, { cause: error })
    })
    const fenced = frozen.lives ? heir : frozen
    const { code } = await fenced.ended
    assert.equal(code, UNRECOVERABLE, `it notices, tries to have them back, and gives up: ${said()}`)
    assert.match(fenced.stderr, /Fenced/)
    await rest
    await at.moveClock(world.truth.finalTick)
    await caughtUp()
    assert.deepEqual(faultsOfLog(await withLog(countsOf), world.truth.totals), [])
    assert.deepEqual(differences('truth', outcomeOfTruth(world.truth), outcomeOf(await standingOf(at))), [])
  })
})

/** Which processes have the processors' tasks, all of them: one that is not taken yet, its former owner goes on with. */
const ownersIn = ({ db, partitionsOf }: EmbeddedLog): number[] =>
  processors
    .flatMap(processor => tasksOf(processor, partitionsOf))
    .map(task => Number.parseInt(String(db.prepare('SELECT owner FROM tasks WHERE task = ?').get(task)?.['owner'])))
// eslint-disable-next-line @typescript-eslint/require-await -- as withLog wants it
const canWrite = async ({ log: { db } }: OpenedFile): Promise<boolean> => {
  db.exec('PRAGMA busy_timeout = 300')
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return true
  } catch {
    return false
  }
}

test('ingest dies in the middle of requests: every 2xx is there afterwards', async t => {
  const { up, post, withLog } = await installation(t)
  const acknowledged = new Set<string>()
  let unanswered = 0
  for (let life = 0; life < 3; life++) {
    const ingest = await up('ingest')
    let n = 0
    const sender = async (vehicleId: string) => {
      for (;;) {
        const some = positions(`${vehicleId}-${life}`, n++ * 100, 100)
        const { status } = await post(some)
        assert.equal(status, 200)
        for (const each of some) acknowledged.add(nameOf(each))
      }
    }
    const done = Promise.allSettled(['a', 'b', 'c', 'd'].map(sender))
    const before = acknowledged.size
    await until('it is in full swing', () => acknowledged.size >= before + 1_500)
    await ingest.kill()
    unanswered += (await done).length
  }
  const there = new Set(await withLog(namesIn(telematicsPositions)))
  assert.ok(unanswered > 0)
  assert.deepEqual(
    [...acknowledged].filter(name => !there.has(name)),
    [],
  )
})

test('the supervisor dies by kill -9: its processes end, and a start right afterwards takes over', async t => {
  const { at, up, post, caughtUp, withLog } = await installation(t)
  const first = await up('all')
  await until('all targets run', () => childrenOf(first.pid).length === 3)
  assert.equal((await post(positions('v', 0, 500))).status, 200)
  const orphans = childrenOf(first.pid)
  await first.kill()
  const second = at.start('all')
  t.after(() => second.stop())
  await until('the former processes are gone', () => orphans.every(pid => !commandOf(pid).includes('app/main.ts')))
  await until(
    'the new ones serve',
    async () => (await fetch(`${at.url}/health/ready`).catch(() => undefined))?.ok === true,
  )
  assert.equal((await post(positions('v', 500, 500))).status, 200)
  await caughtUp()
  assert.ok(second.lives)
  const counts = await withLog(countsOf)
  assert.equal(counts.get(vehiclePositions.name)?.facts, 1_000)
})

test('ClickHouse away, twice: ingest and the control tower go on, then it catches up and nothing is doubled', async t => {
  const port = await freePort()
  const password = 'a-password'
  const { at, up, launch, post, withLog, caughtUp } = await installation(t, {
    env: { MILEPOST_CLICKHOUSE_URL: `http://127.0.0.1:${port}`, MILEPOST_CLICKHOUSE_PASSWORD: password },
  })
  const plan = {
    references: [{ scheme: 'bol', value: 'B-1' }],
    vehicleId: 'v',
    plannedAt: new Date(DAY).toISOString(),
    stops: ['pickup', 'delivery'].map((kind, n) => ({
      ...{ stopId: kind, kind, place: { name: kind, latitude: 50 + n, longitude: 8 } },
      plannedArrival: new Date(DAY + (n + 1) * HOUR).toISOString(),
    })),
  }
  const gateway = () => spawnGateway({ data: `${at.root}/clickhouse`, port, password, logLevel: 'silent' })
  const lives = await up('ingest').then(() => [launch('processors'), launch('sinks')])

  assert.equal((await at.fetch('/v1/shipments/S-1', { method: 'PUT', body: JSON.stringify(plan) })).status, 200)
  assert.equal((await post(positions('v', 0, 1_000))).status, 200)
  await until('the control tower shows it', async () => (await at.fetch('/v1/shipments/S-1')).status === 200)
  const first = await gateway()
  await caughtUp()
  first.process.kill('SIGKILL')
  assert.equal((await post(positions('v', 1_000, 1_000))).status, 200)
  await until('the tables fall behind', () => lives[1]?.stderr.includes('ECONNREFUSED') === true)
  const second = await gateway()
  t.after(() => second.stop())
  await caughtUp()

  const ask = (query: string) =>
    fetch(`${second.url}/?user=milepost&password=${password}`, { method: 'POST', body: query }).then(answer =>
      answer.text(),
    )
  const counts = await withLog(countsOf)
  const positionsThere = counts.get(vehiclePositions.name)
  assert.equal(positionsThere?.facts, 2_000)
  assert.equal(await ask('SELECT count() FROM milepost.vehicle_positions FINAL'), '2000\n')
  assert.equal(await ask('SELECT sum(positions) FROM milepost.position_lag'), `${positionsThere.first}\n`)
  assert.equal(await ask('SELECT count() FROM milepost.current_shipments'), '1\n')
  assert.ok(lives.every(program => program.lives))
})

test('a poison record: to the dead letters, shown, put back once; its neighbours are handled', async t => {
  const { at, up, launch, post, withLog, caughtUp } = await installation(t)
  await up('ingest')
  launch('processors')
  launch('sinks')
  assert.equal((await post(positions('v', 0, 50))).status, 200)
  const garbage = { topic: telematicsPositions.name, partition: 1, key: 'v', cause: null, value: Buffer.from('poison') }
  await withLog(({ log }) => log.append([garbage]))
  assert.equal((await post(positions('v', 50, 50))).status, 200)
  await caughtUp()

  const list = async () => {
    const { code, stdout } = await at.command(['dead-letters', 'list', '--json'])
    assert.equal(code, 0)
    return JSON.parse(stdout) as { number: number; hop: string; topic: string; reason: string; replayed: boolean }[]
  }
  const [letter, ...others] = await list()
  assert.deepEqual(others, [])
  assert.equal(letter?.hop, 'follow-vehicles')
  assert.equal(letter.topic, telematicsPositions.name)
  assert.match(letter.reason, /Confluent wire format/)

  for (const expected of [/1 of 1 put back/, /0 of 1 put back/])
    assert.match((await at.command(['dead-letters', 'replay', String(letter.number)])).stdout, expected)
  await caughtUp()
  const after = await list()
  assert.deepEqual(
    after.map(({ replayed }) => replayed),
    [true, false],
    'it came back once, and is still poison',
  )
  assert.equal(new Set(await withLog(namesIn(vehiclePositions))).size, 100)
})

test('a fix from 2099: flagged, and neither clock nor track follow it', async t => {
  const { at, up, launch, post, withLog, caughtUp } = await installation(t)
  await up('ingest')
  launch('processors')
  launch('sinks')
  assert.equal((await post(positions('v', 0, 50))).status, 200)
  assert.equal((await post([{ ...position('v', 50), occurredAt: '2099-01-01T00:00:00Z' }])).status, 200)
  assert.equal((await post(positions('v', 50, 50))).status, 200)
  await caughtUp()
  const flags = new Map<string, readonly string[]>()
  await withLog(async opened => {
    for await (const { event } of readAll(opened, vehiclePositions)) flags.set(nameOf(event.value), event.value.flags)
  })
  assert.deepEqual(flags.get('v 2099-01-01T00:00:00.000Z'), ['future'])
  assert.equal([...flags.values()].filter(some => some.length === 0).length, 100)
  const { tick, late } = await at.get<{ tick: string; late: { count: number } }>('/v1/health/pipeline')
  assert.equal(tick, position('v', 99).occurredAt)
  assert.equal(late.count, 0)
})
