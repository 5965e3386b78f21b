import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { topicPartitions } from '../../../app/topics.ts'
import { localWire } from '../../../schemas/codec.ts'
import { vehiclePositions } from '../../../schemas/topics.ts'
import { EmbeddedLog } from '../../../streams/log/embedded/embedded.ts'
import { outgoing } from '../../../streams/outgoing.ts'
import type { Instant } from '../../../streams/time.ts'
import type { AnyTopic } from '../../../streams/topic.ts'
import { countsOf, faultsOfLog } from '../../../tools/chaos/ledger.ts'

const NOTHING_SENT = {
  ...{ vehicles: 0, shipments: 0, positions: 0, positionsSent: 0, carrierEvents: 0, carrierEventVersions: 0 },
  ...{ carrierEventsSent: 0, plans: 0, plansSent: 0 },
}

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
  assert.deepEqual(faultsOfLog(await countsOf({ log, wire: localWire }), totals), [
    'log: distinct positions: 1 expected, 0 found',
    'log: vehicle.position.v1: 1 records are there twice',
  ])
})

for (const topic of ['late.v1', 'refused.v1', 'dead-letter.v1'])
  test(`a record in ${topic} is one that should not be there`, () => {
    const counts = new Map([[topic, { records: 1, events: 1, facts: 1, first: 0 }]])
    assert.deepEqual(faultsOfLog(counts, NOTHING_SENT), [`log: records in ${topic}: 0 expected, 1 found`])
  })

test('what was sent and is not there is missed, kind by kind', () => {
  assert.deepEqual(faultsOfLog(new Map(), { ...NOTHING_SENT, positions: 3, plans: 2, carrierEventVersions: 1 }), [
    'log: distinct positions: 3 expected, 0 found',
    'log: distinct plans: 2 expected, 0 found',
    'log: distinct carrier events: 1 expected, 0 found',
    'log: cleaned positions: 3 expected, 0 found',
  ])
})
