/** A backup of an installation that runs on Kafka, restored into a directory, and brought to Kafka again. What a hold is: test/streams/log/kafka/hold.ts. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { loadConfig } from '../../app/config.ts'
import { openFor, type Opened } from '../../app/open-log.ts'
import { settled } from '../../tools/chaos/caught-up.ts'
import { countsOf, faultsOfLog, faultsOfTables } from '../../tools/chaos/ledger.ts'
import { differences, outcomeOf, outcomeOfTruth, standingOf } from '../../tools/chaos/outcome.ts'
import { send } from '../../tools/feeder/send.ts'
import { makeWorld } from '../../tools/feeder/world.ts'
import { startKafka } from '../../tools/kafka/cluster.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { startRegistry } from '../../tools/kafka/registry.ts'
import { installation, type Laid, until } from '../support/installation.ts'
import { dense } from '../support/positions.ts'
import { letterOfNote, positionsOf, takenIn } from '../support/records.ts'

const world = makeWorld({
  seed: 17,
  startAt: Date.UTC(2026, 2, 2),
  vehicles: 2,
  shipmentsPerVehicle: 2,
  fixEverySeconds: 60,
})
const partners = [...new Set(world.deliveries.flatMap(each => (each.kind === 'carrier' ? [each.partner] : [])))]
const LOAD = 'load'
type Env = Readonly<Record<string, string>>

const withLog = async <T>(open: Promise<Opened>, look: (opened: Opened) => Promise<T>): Promise<T> => {
  const opened = await open
  try {
    return await look(opened)
  } finally {
    await opened.log.close()
  }
}
/** Post without pause; resolves, when told to stop, to how many positions were taken in, and how long the longest took. */
function load({ post }: Laid): () => Promise<{ sent: number; slowestMs: number }> {
  let [on, sent, slowestMs] = [true, 0, 0]
  const posting = (async () => {
    for (; on; sent += 20) {
      const since = performance.now()
      assert.equal((await post(dense(LOAD, sent, 20))).status, 200)
      slowestMs = Math.max(slowestMs, performance.now() - since)
    }
  })()
  return async () => {
    on = false
    await posting
    return { sent, slowestMs: Math.round(slowestMs) }
  }
}
const answer = async <T>({ at }: Laid, args: readonly string[], env?: Env): Promise<T> => {
  const { code, stdout, stderr } = await at.command([...args, '--json'], env)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as T
}

const kafka = kafkaIsHere()
void suite('a backup on Kafka', { skip: kafka.here ? false : kafka.why }, () => {
  test('under load: restored, everything is there that was acknowledged before it, and it goes on, also on Kafka', async t => {
    const [cluster, registry] = await Promise.all([startKafka(), startRegistry()])
    t.after(() => Promise.all([cluster.close(), registry.close()]))
    const root = mkdtempSync(join(tmpdir(), 'milepost-backup-kafka-'))
    t.after(() => rmSync(root, { recursive: true, force: true }))
    const kafkaOf = (namespace: string, partitions: number): Env => ({
      MILEPOST_KAFKA_BROKERS: cluster.bootstrap.join(),
      MILEPOST_SCHEMA_REGISTRY_URL: registry.url,
      MILEPOST_NAMESPACE: namespace,
      MILEPOST_PARTITIONS: String(partitions),
    })
    const lap = laps(text => t.diagnostic(text))
    const backup = join(root, 'backup')

    const first = await installation(t, { root: join(root, 'first'), partners, env: kafkaOf('first', 4) })
    const { at } = first
    const running = await first.up('all')
    const token = await at.token()
    const feed = (to: Laid, from: number, until?: number) =>
      send(
        world.deliveries.slice(from, until),
        { url: to.at.url, token, secrets: to.at.secrets },
        { withReceivedAt: true },
      )
    const [third, end] = [Math.floor(world.deliveries.length / 3), world.deliveries.length]
    await withLog(at.open(), opened => opened.log.append([letterOfNote(opened)]))
    await feed(first, 0, third)
    lap('filled')

    // The backup, while everything is busy.
    const stop = load(first)
    const feeding = feed(first, third, 2 * third)
    await until('there is load', async () => (await withLog(at.open(), opened => positionsOf(opened, LOAD))) > 500)
    const before = await withLog(at.open(), takenIn)
    const [out, err] = [running.stdout.length, running.stderr.length]
    const made = await answer<{ heldMs: number; seconds: number }>(first, ['backup', '--to', backup])
    t.diagnostic(JSON.stringify(made))
    const names = ['clickhouse-password', 'manifest.json', 'milepost.sqlite', 'tokens.json']
    assert.deepEqual(readdirSync(backup).sort(), names)
    await feeding
    const { sent, slowestMs } = await stop()
    t.diagnostic(`${sent} positions beside, the slowest answer took ${slowestMs} ms`)
    await settled(at)
    const said = `${running.stdout.slice(out)}${running.stderr.slice(err)}`
    assert.match(said, /"level":30[^\n]*Fenced/, 'who had a task had to take it again')
    assert.deepEqual(said.match(/[^\n]*"level":[456]0[^\n]*/g) ?? [], [], 'and nobody was alarmed')
    const letters = await answer(first, ['dead-letters', 'list'])
    await running.stop()
    lap('backed up')

    // Into a directory.
    const second = await installation(t, { root: join(root, 'second'), partners })
    const refused = await second.at.command(['restore', '--from', backup], kafkaOf('second', 3))
    assert.match(refused.stderr, /without MILEPOST_KAFKA_BROKERS[^]*milepost restore[^]*milepost migrate --from/)
    assert.equal(existsSync(second.at.data), false)
    await answer(second, ['restore', '--from', backup])
    assert.deepEqual(await answer(second, ['dead-letters', 'list']), letters)
    const there = await second.withLog(takenIn)
    assert.deepEqual(
      [...before].filter(id => !there.has(id)),
      [],
      'all that was acknowledged is there',
    )
    const loaded = await second.withLog(opened => positionsOf(opened, LOAD))
    assert.ok(loaded >= 500 && loaded < sent, `${loaded} of ${sent}: it was made in the midst of it`)
    const up = await second.up('all')
    await second.caughtUp()
    assert.match((await second.at.command(['dead-letters', 'replay', '--all'])).stdout, /1 of 1 put back/)
    lap('restored')

    // It goes on: its senders send again what they had sent since, and all the rest.
    await feed(second, 0, end)
    await second.at.moveClock(world.truth.finalTick)
    await second.caughtUp()
    const { totals } = world.truth
    const all = { ...totals, positions: totals.positions + loaded }
    const dead = 'log: records in dead-letter.v1: 0 expected, 1 found'
    assert.deepEqual(faultsOfLog(await second.withLog(countsOf), all), [dead])
    const known = outcomeOf(await standingOf(second.at))
    assert.deepEqual(differences('truth', outcomeOfTruth(world.truth), known), [])
    const tables = await second.at.clickhouse()
    assert.deepEqual(await faultsOfTables(await second.withLog(countsOf), tables), [])
    await tables.close()
    await up.stop()
    lap('gone on')

    // And from there to Kafka.
    const env = kafkaOf('second', 3)
    const report = await answer<{ missing: string | null }>(second, ['migrate', '--from', second.at.data], env)
    assert.equal(report.missing, null)
    const ours = loadConfig({ MILEPOST_CONFIG: join(root, 'none'), MILEPOST_DATA: second.at.data, ...env })
    const counts = await withLog(openFor(ours, 'visitor'), countsOf)
    assert.deepEqual(faultsOfLog(counts, all), [dead])
    lap('on Kafka again')
  })
})

/** How long each part took. */
function laps(tell: (text: string) => void): (what: string) => void {
  let begun = performance.now()
  return what => {
    tell(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
    begun = performance.now()
  }
}
