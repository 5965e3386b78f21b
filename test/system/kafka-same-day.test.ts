/** A small day on the embedded log and on Kafka; `node tools/same-day.ts` does the same with larger ones, cut in more ways. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeWorld } from '../../tools/feeder/world.ts'
import { kafkaIsHere } from '../../tools/kafka/install.ts'
import { sameDay } from '../../tools/same-day/compare.ts'
import { onKafka } from '../../tools/same-day/setups.ts'

const kafka = kafkaIsHere()

test(
  'one day comes to the same on the embedded log and on Kafka, whole and in six partitions with three processes',
  { skip: !kafka.here && kafka.why },
  async t => {
    const root = mkdtempSync(join(tmpdir(), 'milepost-same-day-'))
    t.after(() => rmSync(root, { recursive: true, force: true }))
    const startAt = Date.UTC(2026, 2, 2)
    const world = makeWorld({ seed: 6, startAt, vehicles: 3, shipmentsPerVehicle: 2, fixEverySeconds: 60 })
    const setups = [onKafka(1, 1), onKafka(6, 3)]
    const { ended, faults } = await sameDay({ world, setups, root, told: line => t.diagnostic(line) })
    assert.deepEqual(faults, [])
    for (const [name, { outcome, tasks }] of ended) {
      assert.ok((outcome['milestones'] ?? []).length > 0 && (outcome['open cases'] ?? []).length > 0, name)
      assert.ok(Math.min(...tasks) > 0, `${name}: a process had nothing to do: ${tasks.join(', ')}`)
    }
  },
)
