/** An installation that moves to Kafka in the midst of a world, and there to another number of partitions. What is refused, and kills: test/app/migrate*.test.ts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../app/config.ts'
import { openFor, type Opened } from '../../app/open-log.ts'
import { caughtUp } from '../../tools/chaos/caught-up.ts'
import type { Installation } from '../../tools/chaos/installation.ts'
import { countsOf, faultsOfLog, faultsOfTables } from '../../tools/chaos/ledger.ts'
import { differences, outcomeOf, outcomeOfTruth, standingOf } from '../../tools/chaos/outcome.ts'
import { Program } from '../../tools/chaos/program.ts'
import { viewsOf, viewsOfApi } from '../../tools/chaos/views.ts'
import { send } from '../../tools/feeder/send.ts'
import { makeWorld } from '../../tools/feeder/world.ts'
import { startKafka } from '../../tools/kafka/cluster.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { startRegistry } from '../../tools/kafka/registry.ts'
import { installation, until } from '../support/installation.ts'
import { letterOfNote } from '../support/records.ts'

const world = makeWorld({
  seed: 11,
  startAt: Date.UTC(2026, 2, 2),
  vehicles: 2,
  shipmentsPerVehicle: 2,
  fixEverySeconds: 60,
})
const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
type Env = Readonly<Record<string, string>>

interface Report {
  readonly missing: string | null
  readonly records: Readonly<Record<string, number>>
  readonly tasks: Readonly<Record<string, { readonly rows: number }>>
  readonly facts: { readonly milestones: number; readonly openCases: number }
  readonly seconds: object
}

/** `milepost migrate`, with the settings that are to be. */
function migrating(at: Installation, args: readonly string[], env: Env): Program {
  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('MILEPOST_'))
  const ours = { MILEPOST_DATA: at.data, MILEPOST_CLICKHOUSE_PORT: String(at.clickhousePort) }
  return new Program(['migrate', ...args], { ...Object.fromEntries(outside), ...ours, ...env }, at.root)
}

const kafka = kafkaIsHere()
test(
  'moved to Kafka and there to other partitions in the midst of a world, nothing is lost, doubled or said otherwise',
  { skip: kafka.here ? false : kafka.why },
  async t => {
    const [cluster, registry] = await Promise.all([startKafka(), startRegistry()])
    t.after(() => Promise.all([cluster.close(), registry.close()]))
    const laid = await installation(t, { partners })
    const { at } = laid
    const kafkaOf = (namespace: string, partitions: number): Env => ({
      MILEPOST_KAFKA_BROKERS: cluster.bootstrap.join(),
      MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
      MILEPOST_NAMESPACE: namespace,
      MILEPOST_PARTITIONS: String(partitions),
    })
    const token = await at.token()
    const third = Math.floor(world.deliveries.length / 3)
    const feed = (from: number, until?: number) =>
      send(world.deliveries.slice(from, until), { url: at.url, token, secrets: at.secrets }, { withReceivedAt: true })
    const lap = laps(text => t.diagnostic(text))

    const before = (['ingest', 'processors', 'sinks'] as const).map(target => laid.launch(target))
    await Promise.all(before.map(program => at.ready(program)))
    await feed(0, third - 100)
    await laid.withLog(opened => opened.log.append([letterOfNote(opened)]))
    await laid.caughtUp()
    const letters = (await at.command(['dead-letters', 'list', '--json'])).stdout
    lap('filled')

    // To Kafka, while it is busy, and stopped in the midst of it.
    const first = kafkaOf('first', 6)
    const ahead = await at.command(['migrate', '--from', at.data, '--dry-run'], first)
    assert.match(ahead.stdout, /the new log: to be made[^]*Milepost runs/)
    const moving = migrating(at, ['--from', at.data, '--wait', '--json'], first)
    await feed(third - 100, third - 50)
    await until('all but the last is copied', () => moving.stderr.includes('stop it'))
    await before[1]?.stop()
    await feed(third - 50, third)
    await Promise.all(before.map(program => program.stop()))
    lap('copied while it ran')
    const one = await reportOf(moving)
    assert.match(moving.stderr, /something to do \(.*\): that is finished first/)
    t.diagnostic(JSON.stringify([one.seconds, one.facts]))
    lap('moved')

    let running = laid.launch('all', first)
    await at.ready(running)
    assert.equal((await at.command(['dead-letters', 'list', '--json'], first)).stdout, letters)
    assert.match((await at.command(['dead-letters', 'replay', '--all'], first)).stdout, /1 of 1 put back/)
    await feed(third, 2 * third)
    await caughtUpOn(at, first)
    lap('gone on')

    // To other partitions: here ingest stops first, and processors and sinks when they have read all.
    await running.stop()
    const drained = [laid.launch('processors', first), laid.launch('sinks', first)]
    const second = kafkaOf('second', 3)
    const again = migrating(at, ['--from-namespace', 'first', '--wait', '--json'], second)
    await until('all is read', () => again.stderr.includes('stop processors and sinks'))
    await Promise.all(drained.map(program => program.stop()))
    const two = await reportOf(again)
    t.diagnostic(JSON.stringify([two.seconds, two.facts]))
    lap('moved again')
    assert.ok(two.facts.milestones > one.facts.milestones)

    running = laid.launch('all', second)
    await at.ready(running)
    await feed(2 * third)
    await at.moveClock(world.truth.finalTick)
    await caughtUpOn(at, second)
    const opened = await openOn(at, second)
    const clickhouse = await at.clickhouse()
    try {
      const counts = await countsOf(opened)
      const dead = 'log: records in dead-letter.v1: 0 expected, 1 found'
      assert.deepEqual(faultsOfLog(counts, world.truth.totals), [dead])
      assert.deepEqual(await faultsOfTables(counts, clickhouse), [])
      const known = await standingOf(at)
      assert.deepEqual(differences('truth', outcomeOfTruth(world.truth), outcomeOf(known)), [])
      assert.deepEqual(differences('ClickHouse beside the API', viewsOfApi(known), await viewsOf(clickhouse)), [])
    } finally {
      await clickhouse.close()
      await opened.log.close()
    }
    lap('ended')
  },
)

const openOn = (at: Installation, env: Env): Promise<Opened> =>
  openFor(loadConfig({ MILEPOST_CONFIG: join(at.root, 'none'), MILEPOST_DATA: at.data, ...env }), 'visitor')

async function caughtUpOn(at: Installation, env: Env): Promise<void> {
  const { log } = await openOn(at, env)
  try {
    await caughtUp(log)
  } finally {
    await log.close()
  }
}

async function reportOf(moving: Program): Promise<Report> {
  const { code } = await moving.ended
  await moving.silent
  assert.equal(code, 0, moving.stderr)
  return JSON.parse(moving.stdout) as Report
}

/** How long each part took. */
function laps(tell: (text: string) => void): (what: string) => void {
  let begun = performance.now()
  return what => {
    tell(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
    begun = performance.now()
  }
}
