/** A small world while processes die by kill -9; `node tools/chaos.ts` does the same at length. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { localWire } from '../../schemas/codec.ts'
import { vehiclePositions } from '../../schemas/topics.ts'
import { EmbeddedLog } from '../../streams/log/embedded/embedded.ts'
import { outgoing } from '../../streams/outgoing.ts'
import type { Instant } from '../../streams/time.ts'
import type { AnyTopic } from '../../streams/topic.ts'
import { topicPartitions } from '../../app/topics.ts'
import { countsOf, faultsOfLog } from '../../tools/chaos/ledger.ts'
import { differences } from '../../tools/chaos/outcome.ts'
import { roundsOf, VICTIMS } from '../../tools/chaos/rounds.ts'
import { chaos } from '../../tools/chaos/run.ts'
import { makeWorld } from '../../tools/feeder/world.ts'

const SEED = 6
const ROUNDS = 8

test('whoever is killed whenever, the outcome is that of the truth and of an undisturbed run in order', async t => {
  const root = mkdtempSync(join(tmpdir(), 'milepost-chaos-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  assert.deepEqual(
    new Set(roundsOf(String(SEED), ROUNDS).map(({ victim }) => victim)),
    new Set(VICTIMS),
    'the seed lets each of them die',
  )
  const startAt = Date.UTC(2026, 2, 2)
  const world = makeWorld({ seed: SEED, startAt, vehicles: 3, shipmentsPerVehicle: 2, fixEverySeconds: 60 })
  const { faults, havoc, milestones, openCases, seconds } = await chaos({ world, rounds: ROUNDS, root })
  t.diagnostic(JSON.stringify({ kills: havoc.kills, retries: havoc.retries, milestones, openCases, seconds }))
  assert.deepEqual(faults, [])
  assert.equal(milestones, world.truth.milestones.length)
  assert.ok(milestones > 0 && openCases > 0, 'the world has something to conclude')
})

test('what is different is told, line by line', () => {
  const expected = { milestones: ['a', 'b', 'b'], cases: [] }
  const found = { milestones: ['b', 'c'], cases: [] }
  assert.deepEqual(differences('x', expected, found), [
    'x: milestones: missing: a',
    'x: milestones: missing: b',
    'x: milestones: unexpected: c',
  ])
  assert.deepEqual(differences('x', expected, expected), [])
})

test('a record that is there twice is found', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-ledger-'))
  const log = new EmbeddedLog({ directory, topics: topicPartitions(4) })
  t.after(async () => {
    await log.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const position = {
    ...{ occurredAt: 1 as Instant, positionId: 'p', vehicleId: 'v', latitude: 1, longitude: 1, speedMps: null },
    ...{ courseDeg: null, altitudeM: null, accuracyM: null, ignition: null, odometerM: null, attributes: null },
    ...{ flags: [], revision: 1, retracted: false },
  }
  const said = { source: 's', emittedAt: null, receivedAt: 1 as Instant, cause: null }
  const record = outgoing(localWire, log.partitionsOf, vehiclePositions as AnyTopic, position, said)
  await log.append([record, record])
  const totals = { ...NOTHING_SENT, positions: 1 }
  assert.deepEqual(faultsOfLog(await countsOf(log), totals), [
    'log: distinct positions: 1 expected, 0 found',
    'log: vehicle.position.v1: 1 records are there twice',
  ])
})

const NOTHING_SENT = {
  ...{ vehicles: 0, shipments: 0, positions: 0, positionsSent: 0, carrierEvents: 0, carrierEventVersions: 0 },
  ...{ carrierEventsSent: 0, plans: 0, plansSent: 0 },
}
