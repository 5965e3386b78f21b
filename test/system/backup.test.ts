/** A backup of a running installation, restored into others. What is refused: test/app/backup.test.ts. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '../../app/backup/manifest.ts'
import { pipelineHealth } from '../../app/pipeline-health.ts'
import { deadLetterOf } from '../../schemas/dead-letters.ts'
import { telematicsPositions } from '../../schemas/topics.ts'
import { connect } from '../../sinks/clickhouse/client.ts'
import { spawnGateway } from '../../sinks/clickhouse/gateway/spawn.ts'
import type { Outgoing } from '../../streams/log/log.ts'
import { outgoing } from '../../streams/outgoing.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { countsOf, faultsOfLog, faultsOfTables } from '../../tools/chaos/ledger.ts'
import { differences, outcomeOf, outcomeOfTruth, standingOf } from '../../tools/chaos/outcome.ts'
import { childrenOf, commandOf } from '../../tools/chaos/processes.ts'
import type { Program } from '../../tools/chaos/program.ts'
import { freePort } from '../../tools/ports.ts'
import { viewsOf, viewsOfApi } from '../../tools/chaos/views.ts'
import { send } from '../../tools/feeder/send.ts'
import { makeWorld } from '../../tools/feeder/world.ts'
import { installation, type Laid, type OpenedFile, until } from '../support/installation.ts'
import { dense } from '../support/positions.ts'
import { positionsOf, takenIn } from '../support/records.ts'

const HOUR = 3_600_000
const world = makeWorld({
  seed: 6,
  startAt: Date.UTC(2026, 2, 2),
  vehicles: 2,
  shipmentsPerVehicle: 2,
  fixEverySeconds: 60,
})
const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
const END = Date.parse(world.truth.finalTick)
const LOAD = 'load'

const feed = ({ at }: Laid, token: string, until?: number) =>
  send(world.deliveries.slice(0, until), { url: at.url, token, secrets: at.secrets }, { withReceivedAt: true })
/** Post without pause; resolves, when told to stop, to how many positions were taken in. */
function load({ post }: Laid): () => Promise<number> {
  let [on, n] = [true, 0]
  const posting = (async () => {
    for (; on; n += 20) assert.equal((await post(dense(LOAD, n, 20))).status, 200)
  })()
  return async () => {
    on = false
    await posting
    return n
  }
}
const answer = async <T>({ at }: Laid, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<T> => {
  const { code, stdout, stderr } = await at.command([...args, '--json'], env)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}
const underWay = async ({ log }: OpenedFile): Promise<boolean> =>
  (await log.checkpointOf('clickhouse/vehicle_positions'))?.intent != null
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
/** The sinks stand still with a batch on its way, until told to go on. */
async function stopAmidBatch({ withLog }: Laid, all: Program): Promise<() => void> {
  const sinks = childrenOf(all.pid).find(pid => commandOf(pid).includes('--target sinks'))
  assert.ok(sinks)
  const goOn = () => process.kill(sinks, 'SIGCONT')
  for (;;) {
    await until('a batch is on its way', () => withLog(underWay))
    process.kill(sinks, 'SIGSTOP')
    // Whoever stands still within a commit holds up everybody: then it was not the moment.
    if ((await withLog(canWrite)) && (await withLog(underWay))) return goOn
    goOn()
    await sleep(20)
  }
}
/** As of a record that could not be handled, which itself would be in the way of those who count. */
function letter({ log, wire }: OpenedFile): Outgoing {
  const value = Buffer.from('poison')
  const record = { topic: telematicsPositions.name, partition: 1, offset: 0, key: 'v', cause: null, value }
  const { topic, value: dead } = deadLetterOf({ hop: 'follow-vehicles', record, reason: 'poison', tick: 0 as Instant })
  const said = { source: 'follow-vehicles', emittedAt: null, receivedAt: 0 as Instant, cause: null }
  return outgoing(wire, log.partitionsOf, topic as AnyTopic, dead, said)
}
/** A shipment due an hour after everything: what rings for it was set long before. */
const plan = {
  references: [{ scheme: 'bol', value: 'B-1' }],
  plannedAt: new Date(Date.UTC(2026, 2, 1)).toISOString(),
  stops: ['pickup', 'delivery'].map((kind, n) => ({
    ...{ stopId: kind, kind, place: { name: kind, latitude: 60 + n, longitude: 8 } },
    plannedArrival: new Date(END + HOUR).toISOString(),
  })),
}

test('a backup under load: restored, everything is there once that was acknowledged before it, and it goes on', async t => {
  const root = mkdtempSync(join(tmpdir(), 'milepost-backup-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const lap = laps(text => t.diagnostic(text))
  const [inside, outside] = [join(root, 'backup'), join(root, 'of-the-log')]

  // What a first installation has done and knows.
  const first = await installation(t, { root: join(root, 'first'), partners })
  const { at } = first
  const running = await first.up('all')
  const token = await at.token()
  await feed(first, token, Math.floor(world.deliveries.length / 2))
  assert.equal((await at.fetch('/v1/shipments/S-1', { method: 'PUT', body: JSON.stringify(plan) })).status, 200)
  await first.withLog(opened => opened.log.append([letter(opened)]))
  await first.caughtUp()
  const [open] = (await at.get<{ cases: { caseId: string }[] }>('/v1/cases?state=open')).cases
  assert.ok(open)
  await at.fetch(`/v1/cases/${open.caseId}/acknowledge`, { method: 'POST', body: '{"text":"mine"}' })
  const clickhouse = await at.clickhouse()
  await clickhouse.command('CREATE TABLE default.of_the_user (note String) ENGINE = MergeTree ORDER BY note')
  await clickhouse.command("INSERT INTO default.of_the_user VALUES ('kept')")
  lap('filled')

  // The backup, while it is busy.
  const shadow = join(at.data, 'clickhouse/database/shadow')
  // As killed backups may leave it: a pid that no process can have, and a counter without a number.
  mkdirSync(join(shadow, 'milepost_backup_4194305'), { recursive: true })
  writeFileSync(join(shadow, 'increment.txt'), '')
  const stop = load(first)
  await until('there is load', async () => (await first.withLog(opened => positionsOf(opened, LOAD))) > 500)
  const before = await first.withLog(takenIn)
  const goOn = await stopAmidBatch(first, running)
  const making = answer<{ unsettled: string[] }>(first, ['backup', '--to', inside])
  await until('it looks for its moment', () => existsSync(inside))
  await sleep(100)
  goOn()
  const made = await making
  t.diagnostic(JSON.stringify(made))
  assert.deepEqual(made.unsettled, [], 'no batch was on its way')
  const sameMachine = { MILEPOST_CLICKHOUSE_URL: `http://127.0.0.1:${at.clickhousePort}` }
  const password = readFileSync(join(at.data, 'clickhouse-password'), 'utf8').trim()
  const external = { ...sameMachine, MILEPOST_CLICKHOUSE_PASSWORD: password }
  await answer(first, ['backup', '--to', outside], external)
  const sent = await stop()
  await first.caughtUp()
  assert.deepEqual(readdirSync(shadow), ['increment.txt'], 'nothing is held on to, of killed ones neither')
  const [letters, tokens] = [await answer(first, ['dead-letters', 'list']), await answer(first, ['token', 'list'])]
  await clickhouse.close()
  await running.stop()
  lap('backed up')

  // Another machine.
  const second = await installation(t, { root: join(root, 'second'), partners })
  await answer(second, ['restore', '--from', inside])
  assert.match((await second.at.command(['restore', '--from', inside])).stderr, /is not empty, it holds/)
  assert.deepEqual(await answer(second, ['token', 'list']), tokens)
  await second.up('all')
  await second.caughtUp()
  const there = await second.withLog(takenIn)
  assert.deepEqual(
    [...before].filter(id => !there.has(id)),
    [],
    'all that was acknowledged is there',
  )
  const loaded = await second.withLog(opened => positionsOf(opened, LOAD))
  assert.ok(loaded >= 500 && loaded < sent, `${loaded} of ${sent}: it was made in the midst of it`)
  const asked = await fetch(`${second.at.url}/v1/cases/${open.caseId}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.equal(((await asked.json()) as { state: string }).state, 'acknowledged')
  assert.deepEqual(await answer(second, ['dead-letters', 'list']), letters)

  const tables = await second.at.clickhouse()
  t.after(() => tables.close())
  const agree = async () => [
    ...(await faultsOfTables(await second.withLog(countsOf), tables)),
    ...differences('ClickHouse beside the API', viewsOfApi(await standingOf(second.at)), await viewsOf(tables)),
  ]
  assert.deepEqual(await agree(), [], 'log, tables and read model are one, row by row')
  assert.deepEqual(await tables.query('SELECT note FROM default.of_the_user'), [{ note: 'kept' }])
  lap('restored')

  // It goes on: its senders send again what they had sent since, and all the rest.
  await feed(second, token)
  await second.at.moveClock(world.truth.finalTick)
  await second.caughtUp()
  const { totals } = world.truth
  const all = { ...totals, positions: totals.positions + loaded, plans: totals.plans + 1 }
  assert.deepEqual(faultsOfLog(await second.withLog(countsOf), all), [
    'log: records in dead-letter.v1: 0 expected, 1 found',
  ])
  const known = outcomeOf(await standingOf(second.at))
  assert.deepEqual(differences('truth', outcomeOfTruth(world.truth), known), [])
  assert.deepEqual(await agree(), [])
  await second.at.moveClock(new Date(END + 2 * HOUR).toISOString())
  await second.caughtUp()
  const { cases } = await second.at.get<{ cases: { kind: string; state: string }[] }>('/v1/cases?shipmentId=S-1')
  assert.ok(
    cases.some(({ kind, state }) => kind === 'late' && state === 'open'),
    'an alarm that was set before rings',
  )
  lap('gone on')

  // The log's machine is lost; ClickHouse is another's, and knows what has come since.
  const port = await freePort()
  const gateway = await spawnGateway({ data: join(at.data, 'clickhouse'), port, password, logLevel: 'silent' })
  t.after(() => gateway.stop())
  const third = await installation(t, {
    root: join(root, 'third'),
    env: { MILEPOST_CLICKHOUSE_URL: gateway.url, MILEPOST_CLICKHOUSE_PASSWORD: password },
  })
  const { takenAt, beforeStart } = await answer<{ takenAt: string; beforeStart: string[] }>(third, [
    'restore',
    ...['--from', outside],
  ])
  const server = connect({ url: gateway.url, user: 'milepost', password })
  t.after(() => server.close())
  const knows = async () => Number((await server.query<{ n: string }>(LOADED))[0]?.n)
  assert.equal(await knows(), sent, 'more than the log')
  // Here the clocks are the same: what was there before the moment may stay.
  const since = takenAt.replace('T', ' ').replace('Z', '')
  for (const statement of beforeStart) await server.command(statement.replace(/(?<=available_at >= ')[^']+/, since))
  assert.ok((await knows()) > 0)
  third.launch('sinks')
  const behind = ({ hop, lag }: { hop: string; lag: number }) => hop.startsWith('clickhouse/') && lag > 0
  await until('the tables have everything', async () => {
    const { hops } = await third.withLog(({ log }) => pipelineHealth(log))
    return !hops.some(behind)
  })
  assert.ok((await knows()) <= (await third.withLog(opened => positionsOf(opened, LOAD))), 'no more than the log')
  const faults = await faultsOfTables(await third.withLog(countsOf), server)
  assert.deepEqual(
    faults.filter(fault => !fault.includes('before merging')),
    [],
  )
  lap('beside a ClickHouse of later')
  assert.equal(existsSync(join(third.at.data, 'clickhouse')), false)
  const { manifest } = JSON.parse(readFileSync(join(outside, 'manifest.json'), 'utf8')) as { manifest: Manifest }
  assert.ok(manifest.files.every(({ path }) => !path.startsWith('clickhouse/')))
})

const LOADED = `SELECT count() AS n FROM vehicle_positions FINAL WHERE vehicle_id = '${LOAD}'`
/** How long each part took. */
function laps(tell: (text: string) => void): (what: string) => void {
  let begun = performance.now()
  return what => {
    tell(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
    begun = performance.now()
  }
}
