/** The views: what holds, of every revision that was written. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Event } from '../../../streams/event.ts'
import { eventOf, idOf, migrated, type Fields } from './writing.ts'

const { analyst, sinkOf, write } = await migrated()

suite('views', () => {
  const stands = { retracted: false }
  test('current_shipments: the highest revision of each, unless it was taken back', async () => {
    const plan = (n: number, shipmentId: string, revision: number, more: Fields = {}) =>
      eventOf('shipment.plan.v1', n, { ...stands, shipmentId, revision, ...more })
    await write(
      'shipment_plans',
      plan(1, 's1', 1, { status: 'active' }),
      plan(3, 's1', 3, { status: 'cancelled' }),
      plan(2, 's1', 2),
      plan(4, 's2', 1),
      plan(5, 's2', 2, { retracted: true }),
    )
    assert.deepEqual(await analyst.query('SELECT shipment_id, revision, status FROM current_shipments'), [
      { shipment_id: 's1', revision: 3, status: 'cancelled' },
    ])
  })
  test('current_milestones: by shipment, stop, code and classifier; source is who made the claim', async () => {
    const milestone = (n: number, revision: number, more: Fields = {}) =>
      eventOf('shipment.milestone.v1', n, {
        ...stands,
        shipmentId: 's1',
        stopId: 'a',
        code: 'arrived_at_pickup',
        classifier: 'actual',
        claimedBy: 'positions:truck',
        revision,
        ...more,
      })
    await write(
      'shipment_milestones',
      milestone(1, 1),
      milestone(2, 2, { claimedBy: 'carrier:acme' }),
      milestone(3, 1, { classifier: 'planned' }),
    )
    await write(
      'shipment_milestones',
      milestone(4, 1, { stopId: null, code: 'delivered' }),
      milestone(5, 2, { stopId: null, code: 'delivered' }),
      milestone(6, 1, { stopId: 'b' }),
      milestone(7, 2, { stopId: 'b', retracted: true }),
    )
    const current = await analyst.query(
      'SELECT shipment_id, stop_id, code, classifier, source, revision, event_id FROM current_milestones ORDER BY event_id',
    )
    const common = { shipment_id: 's1', code: 'arrived_at_pickup' }
    assert.deepEqual(current, [
      { ...common, stop_id: 'a', classifier: 'actual', source: 'carrier:acme', revision: 2, event_id: idOf(2) },
      { ...common, stop_id: 'a', classifier: 'planned', source: 'positions:truck', revision: 1, event_id: idOf(3) },
      {
        ...common,
        stop_id: null,
        code: 'delivered',
        classifier: 'actual',
        source: 'positions:truck',
        revision: 2,
        event_id: idOf(5),
      },
    ])
    assert.equal(
      (await analyst.query("SELECT 1 FROM current_milestones WHERE shipment_id = 's1' AND occurred_at > '2000-01-01'"))
        .length,
      3,
    )
  })
  test('current_etas', async () => {
    const eta = (n: number, stopId: string, revision: number, more: Fields = {}) =>
      eventOf('shipment.eta.v1', n, { ...stands, shipmentId: 's1', stopId, revision, ...more })
    await write(
      'shipment_etas',
      eta(1, 'a', 1),
      eta(2, 'a', 2, { p50: 1_790_000_999_000, retracted: true }),
      eta(3, 'b', 1, { modelId: 'm' }),
    )
    assert.deepEqual(
      await analyst.query(
        "SELECT shipment_id, stop_id, p10 <= p90 AS sane, basis != '' AS based, model_id, as_of = occurred_at AS as_of FROM current_etas",
      ),
      [{ shipment_id: 's1', stop_id: 'b', sane: 1, based: 1, model_id: 'm', as_of: 1 }],
    )
  })
  test('open_cases', async () => {
    const aCase = (n: number, caseId: string, revision: number, more: Fields = {}) =>
      eventOf('case.v1', n, { ...stands, caseId, revision, state: 'open', ...more })
    await write(
      'cases',
      aCase(1, 'c1', 1),
      aCase(2, 'c1', 2, { state: 'acknowledged', owner: 'ann' }),
      aCase(3, 'c2', 1),
      aCase(4, 'c2', 2, { state: 'resolved' }),
      aCase(5, 'c3', 1),
      aCase(6, 'c3', 2, { state: 'withdrawn', retracted: true }),
      aCase(7, 'c4', 1),
    )
    assert.deepEqual(await analyst.query('SELECT case_id, state, owner FROM open_cases ORDER BY case_id'), [
      { case_id: 'c1', state: 'acknowledged', owner: 'ann' },
      { case_id: 'c4', state: 'open', owner: 'it’s\n\n"x"' },
    ])
    const contract =
      'case_id, kind, subject_kind, subject_id, shipment_id, stop_id, severity, state, owner, opened_at, closed_at, evidence'
    for (const name of ['cases', 'open_cases']) await analyst.query(`SELECT ${contract} FROM ${name}`)
  })
  test('lag_by_source: per kind and stage, positions among them; a clock that is ahead shows', async () => {
    const lag = (n: number, sourceMs: number | null, transferMs: number) =>
      eventOf('event.lag.v1', n, {
        ofSource: 'acme',
        kind: 'delivered',
        shipmentId: 's1',
        ofEventId: `e${n}`,
        sourceMs,
        transferMs,
      })
    await write('event_lag', ...Array.from({ length: 100 }, (_, n) => lag(n, n < 50 ? 1000 : null, 200 + n)))
    const fix = (n: number, revision = 1) => {
      const event = eventOf('vehicle.position.v1', n, {
        ...stands,
        positionId: `p${n}`,
        vehicleId: 'v',
        occurredAt: 1_790_000_000_000 + n,
        revision,
      })
      return {
        ...event,
        source: 'tracker',
        emittedAt: 1_790_000_001_000 + n,
        receivedAt: 1_790_000_000_400 + n,
      } as Event<never>
    }
    const fixes = Array.from({ length: 100 }, (_, n) => fix(n))
    await sinkOf('vehicle_positions').write({ token: 'fixes', events: fixes })
    await sinkOf('vehicle_positions').write({ token: 'fixes', events: fixes })
    await write('vehicle_positions', fix(5, 2))
    const rows = await analyst.query<Fields>(
      'SELECT source, kind, stage, count, p50_ms, p90_ms, clock_ahead_ms FROM lag_by_source ORDER BY source, stage',
    )
    const shown = rows.filter(({ stage }) => stage !== 'pipeline')
    assert.deepEqual(shown, [
      {
        source: 'acme',
        kind: 'delivered',
        stage: 'source',
        count: '50',
        p50_ms: 1000,
        p90_ms: 1000,
        clock_ahead_ms: 0,
      },
      {
        source: 'acme',
        kind: 'delivered',
        stage: 'transfer',
        count: '100',
        p50_ms: 249,
        p90_ms: 289,
        clock_ahead_ms: 0,
      },
      {
        source: 'tracker',
        kind: 'position',
        stage: 'source',
        count: '100',
        p50_ms: 1000,
        p90_ms: 1000,
        clock_ahead_ms: 600,
      },
      {
        source: 'tracker',
        kind: 'position',
        stage: 'transfer',
        count: '100',
        p50_ms: -600,
        p90_ms: -600,
        clock_ahead_ms: 600,
      },
    ])
    assert.equal(rows.length, 6)
    const [event] = await analyst.query<Fields>(
      'SELECT source, kind, shipment_id, occurred_at, source_ms, transfer_ms, pipeline_ms, available_at > received_at AS later FROM event_lag LIMIT 1',
    )
    assert.equal(event?.['source'], 'acme')
    assert.ok('pipeline_ms' in event)
  })
  test('each has a comment', async () => {
    const views = await analyst.query<{ name: string; comment: string }>(
      "SELECT name, comment FROM system.tables WHERE database = 'milepost' AND engine LIKE '%View' ORDER BY name",
    )
    assert.deepEqual(
      views.map(({ name }) => name),
      [
        'current_etas',
        'current_milestones',
        'current_shipments',
        'lag_by_source',
        'open_cases',
        'position_lag_of_inserts',
      ],
    )
    for (const { name, comment } of views) assert.notEqual(comment, '', name)
    const without = await analyst.query(
      "SELECT table, name FROM system.columns WHERE database = 'milepost' AND comment = '' AND table IN (SELECT name FROM system.tables WHERE database = 'milepost' AND engine NOT LIKE '%View')",
    )
    assert.deepEqual(without, [])
  })
})
