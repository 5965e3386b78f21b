/**
 * The read model is a function of the set of records that it heard: batches may come again, in another order and cut
 * differently, and the rows are the same.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type * as Events from '../../../schemas/generated/events.ts'
import * as topics from '../../../schemas/topics.ts'
import { openReader } from '../../../sinks/control-tower/reader.ts'
import { KEPT } from '../../../sinks/control-tower/schema.ts'
import { openViews } from '../../../sinks/control-tower/views.ts'
import { type Instant, later, minutes } from '../../../streams/time.ts'
import {
  aCase,
  assignment,
  at,
  eta,
  heard,
  milestone,
  plan,
  position,
  sighting,
  tell,
  type Told,
  writer,
} from './telling.ts'

const START = at('2026-03-01T08:00:00Z')

/** What these hold is of the order in which things came. */
const BY_ORDER = ['meta', 'counted_batches', 'changes']

/** All rows of all tables after these batches, in this order. */
async function rowsAfter(batches: readonly Told[]): Promise<Record<string, unknown[]>> {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-replay-'))
  const views = openViews(dir, 'log-1')
  const reader = openReader(dir)
  try {
    await writer(views)(...batches)
    return reader.snapshot(at => {
      const tables = at.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
      const facts = tables.filter(({ name }) => !name.startsWith('sqlite_') && !BY_ORDER.includes(name))
      return Object.fromEntries(facts.map(({ name }) => [name, at.all(`SELECT * FROM ${name} ORDER BY 1, 2, 3`)]))
    })
  } finally {
    reader.close()
    views.close()
    rmSync(dir, { recursive: true })
  }
}

const shipmentId = fc.constantFrom('S-1', 'S-2')
const revision = fc.integer({ min: 1, max: 4 })
const retracted = fc.constantFrom(true, false, false)
const stopId = fc.constantFrom('a', 'b')
const when = fc.integer({ min: 0, max: 120 }).map(n => later(START, minutes(n)))

/** What one topic may say. A revision has one writer: its content follows from who says it, of what, and which one it is. */
const anything: fc.Arbitrary<Told> = fc.oneof(
  fc
    .record({
      shipmentId,
      revision,
      retracted,
      status: fc.constantFrom('active' as const, 'active' as const, 'cancelled' as const),
    })
    .map(({ shipmentId, ...more }) =>
      tell(
        topics.shipmentPlans,
        plan(shipmentId, { ...more, references: [{ scheme: 'po', value: `P${more.revision}` }] }),
      ),
    ),
  fc
    .record({ shipmentId, occurredAt: when, vehicleId: fc.constantFrom('V-1', 'V-2') })
    .map(({ shipmentId, ...more }) => tell(topics.shipmentRequests, plan(shipmentId, more))),
  fc
    .record({
      shipmentId,
      stopId,
      revision,
      retracted,
      occurredAt: when,
      code: fc.constantFrom('departed_pickup', 'departed_delivery'),
    })
    .map(({ shipmentId, stopId, code, occurredAt, ...more }) =>
      tell(topics.shipmentMilestones, milestone(shipmentId, stopId, code, occurredAt, more)),
    ),
  fc
    .record({ shipmentId, stopId, revision, retracted, occurredAt: when })
    .map(({ shipmentId, stopId, occurredAt, ...more }) =>
      tell(topics.shipmentEtas, eta(shipmentId, stopId, occurredAt, later(occurredAt, 1), more)),
    ),
  fc
    .record({ shipmentId, revision, retracted, occurredAt: when, vehicleId: fc.constantFrom('V-1', 'V-2') })
    .map(({ shipmentId, occurredAt, ...more }) =>
      tell(topics.shipmentSightings, sighting(shipmentId, 'progress', occurredAt, more)),
    ),
  fc
    .record({
      vehicleId: fc.constantFrom('V-1', 'V-2'),
      occurredAt: when,
      revision,
      retracted,
      flags: fc.constantFrom([], [], ['jump']),
    })
    .map(({ vehicleId, occurredAt, ...more }) =>
      tell(topics.vehiclePositions, position(vehicleId, occurredAt, { ...more, latitude: more.revision })),
    ),
  fc
    .record({ shipmentId, revision, retracted, vehicleId: fc.constantFrom('V-1', 'V-2') })
    .map(({ shipmentId, vehicleId, ...more }) =>
      tell(topics.vehicleAssignments, assignment(vehicleId, shipmentId, more)),
    ),
  fc
    .record({ shipmentId, revision, retracted, stopId, occurredAt: when })
    .map(({ shipmentId, occurredAt, ...more }) =>
      tell(topics.shipmentSightings, sighting(shipmentId, 'arrived', occurredAt, more)),
    ),
  fc
    .record({ shipmentId, revision, state: fc.constantFrom('open' as const, 'resolved' as const), openedAt: when })
    .map(({ openedAt, ...more }) => tell(topics.cases, aCase(`late-${more.shipmentId}`, openedAt, more))),
  fc.record({ occurredAt: when, reason: fc.constantFrom('x', 'y') }).map(({ occurredAt, reason }) =>
    tell(topics.refusals, {
      occurredAt,
      adapter: 'positions',
      reason,
      at: '$',
      contentType: null,
      raw: new Uint8Array(),
    } as Events.Refused),
  ),
)

/** Batches of one topic put together, as another cut of the same log would. */
function recut(batches: readonly Told[]): Told[] {
  const byTopic = Map.groupBy(batches, ({ topic }) => topic)
  return [...byTopic].map(([topic, some]) => ({ topic, events: some.flatMap(({ events }) => events) }))
}

test('repeated, reordered and recut batches end in the same rows', async () => {
  const history = fc.array(anything, { minLength: 1, maxLength: 60, size: 'max' })
  const coverage = { cases: 0, delivered: 0, tombstones: 0 }
  await fc.assert(
    fc.asyncProperty(
      history.chain(batches =>
        fc.tuple(
          fc.constant(batches),
          fc.shuffledSubarray([...batches, ...batches], { minLength: batches.length * 2 }),
          fc.subarray(batches),
        ),
      ),
      async ([batches, shuffled, again]) => {
        const plain = await rowsAfter(batches)
        assert.deepEqual(await rowsAfter([...shuffled, ...again]), plain)
        assert.deepEqual(await rowsAfter([...recut(shuffled), ...again]), plain)
        const shipments = plain['shipments'] as { open_cases: number; phase: string; retracted: number }[]
        if (shipments.some(({ open_cases }) => open_cases > 0)) coverage.cases++
        if (shipments.some(({ phase }) => phase === 'delivered')) coverage.delivered++
        if (shipments.some(({ retracted }) => retracted === 1)) coverage.tombstones++
      },
    ),
    { numRuns: 40 },
  )
  for (const [what, runs] of Object.entries(coverage)) assert.ok(runs >= 3, `only ${runs} runs had ${what}`)
})

/** One event a batch: the hardest cut for what is bounded. */
const each = (told: Told): Told[] => told.events.map(event => ({ topic: told.topic, events: [event] }))
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

test('what is bounded keeps the same rows in any order', async () => {
  const told = [
    ...upTo(KEPT.etas + 30).map(revision =>
      tell(topics.shipmentEtas, eta('S-1', 'b', later(START, revision), later(START, 99), { revision })),
    ),
    ...upTo(KEPT.milestoneRevisions + 20).map(revision =>
      tell(topics.shipmentMilestones, milestone('S-1', 'a', 'departed_pickup', later(START, revision), { revision })),
    ),
    ...upTo(40).map(n =>
      tell(
        topics.shipmentSightings,
        sighting('S-1', 'progress', later(START, minutes(5 * n)), { retracted: n % 3 === 0 }),
      ),
    ),
  ]
  const inOrder = await rowsAfter(told)
  assert.equal(inOrder['eta_history']?.length, KEPT.etas)
  assert.equal(inOrder['milestone_revisions']?.length, KEPT.milestoneRevisions)
  assert.equal(inOrder['positions']?.length, KEPT.positions)
  assert.deepEqual(await rowsAfter(told.toReversed()), inOrder)
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2 }), async shuffled => {
      assert.deepEqual(await rowsAfter(shuffled), inOrder)
    }),
    { numRuns: 3 },
  )
})

test('of troubles the last are kept, and each is counted once however often its batch comes', async () => {
  const late = (n: number): Events.Late => ({
    ...{ occurredAt: later(START, n), processor: n % 2 === 0 ? 'follow-vehicles' : 'detect-milestones' },
    ...{ topic: 'telematics.position.v1', key: 'V-1', ofEventId: String(n), reason: 'older than 72 h' },
  })
  const all = upTo(KEPT.troubles + 200).map(n => heard(late(n)))
  const batches = [0, 1, 2, 3].map(i => ({ topic: topics.lates.name, events: all.slice(i * 300, (i + 1) * 300) }))
  const rows = await rowsAfter([...batches, ...batches.toReversed(), ...batches])
  assert.equal(rows['troubles']?.length, KEPT.troubles)
  const [oldest] = rows['troubles'] as { received_at: Instant }[]
  assert.equal(oldest?.received_at, later(START, 201))
  assert.deepEqual(
    rows['trouble_counts']?.map(row => ({ ...(row as object) })),
    [
      { topic: 'late.v1', found_by: 'detect-milestones', n: 600 },
      { topic: 'late.v1', found_by: 'follow-vehicles', n: 600 },
    ],
  )
})

test('a record that is kept is not counted again in a batch that was cut differently', async () => {
  const letter = (offset: number): Events.DeadLetter => ({
    ...{ occurredAt: START, hop: 'follow-vehicles', topic: 'telematics.position.v1', partition: 1, offset, key: 'V-1' },
    ...{ reason: 'record is cut short', raw: new Uint8Array([1]), recordCause: null },
  })
  const told = tell(topics.deadLetters, letter(1), letter(2))
  const rows = await rowsAfter([told, ...each(told)])
  assert.deepEqual(
    rows['trouble_counts']?.map(row => (row as { n: number }).n),
    [2],
  )
})
