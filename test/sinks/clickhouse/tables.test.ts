/** Every retained topic's table: its columns are the schema's fields, and what a sink writes can be queried. */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { connect } from '../../../sinks/clickhouse/client.ts'
import { migrate } from '../../../sinks/clickhouse/migrate.ts'
import { snakeCase, type AvroType } from '../../../sinks/clickhouse/rows.ts'
import { tables, tableSink, tableSinks, type Table } from '../../../sinks/clickhouse/tables.ts'
import { currentSchema, topicsWithSchema } from '../../../schemas/registry.ts'
import type { Event } from '../../../streams/event.ts'
import { Unwritable } from '../../../streams/sink.ts'
import { password, running } from './support.ts'

const gateway = await running()
const clickhouse = connect({ url: gateway.url, user: 'milepost', password })
after(() => clickhouse.close())
await migrate(clickhouse)
const analyst = connect({ url: gateway.url, user: 'analyst', password: '' })
after(() => analyst.close())

type Fields = Record<string, unknown>
const idOf = (n: number) => n.toString(16).padStart(32, '0')
/** A value of an Avro type; `full`: nothing is null or empty. */
function valueOf(type: AvroType, full: boolean): unknown {
  if (Array.isArray(type)) return full ? valueOf((type as AvroType[])[1] ?? 'null', full) : null
  if (typeof type === 'string')
    return {
      string: 'it’s\n\n"x"',
      double: -1.5,
      int: 7,
      long: 1234,
      boolean: full,
      bytes: Buffer.from([0, 10, 10, 255, 128]),
    }[type]
  const {
    type: kind,
    logicalType,
    items,
    fields,
    symbols,
  } = type as {
    type: string
    logicalType?: string
    items: AvroType
    fields: { name: string; type: AvroType }[]
    symbols: string[]
  }
  if (logicalType !== undefined) return 1_790_000_000_123
  if (kind === 'enum') return symbols.at(full ? -1 : 0)
  if (kind === 'array') return full ? [valueOf(items, true), valueOf(items, true)] : []
  if (kind === 'record') return Object.fromEntries(fields.map(field => [field.name, valueOf(field.type, full)]))
  return valueOf(kind, full)
}
const eventOf = (topic: string, n: number, fields: Fields = {}, full = true): Event<never> => {
  const value = Object.fromEntries(
    currentSchema(topic)
      .schema.fields.slice(4)
      .map(({ name, type }) => [name, valueOf(type as AvroType, full)]),
  )
  const envelope = {
    eventId: idOf(n),
    source: 'tester',
    emittedAt: full ? 1_790_000_000_100 : null,
    receivedAt: 1_790_000_000_400,
    cause: null,
  }
  const said = { ...value, ...fields } as { occurredAt: number }
  return { ...envelope, occurredAt: said.occurredAt, value: said } as unknown as Event<never>
}
const sinkOf = (name: string) => {
  const found = tables.find(one => one.name === name)
  assert.ok(found)
  return tableSink(found as unknown as Table<never>, clickhouse)
}
let written = 0
const write = (name: string, ...events: Event<never>[]) => sinkOf(name).write({ token: `${name}-${written++}`, events })

suite('every table', () => {
  test('has a topic, and every retained topic a table', () => {
    const passing = ['telematics.position.v1', 'carrier.claim.v1', 'shipment.request.v1', 'clock.tick.v1']
    assert.deepEqual(
      tables.map(({ reads }) => reads.name).sort(),
      topicsWithSchema().filter(topic => !passing.includes(topic)),
    )
    assert.deepEqual(
      tableSinks(clickhouse).map(({ name }) => name),
      tables.map(({ name }) => `clickhouse/${name}`),
    )
  })
  for (const { name, reads, renamed } of tables as readonly {
    name: string
    reads: { name: string }
    renamed: Record<string, string>
  }[]) {
    const { schema } = currentSchema(reads.name)
    test(`${name}: columns, types and comments are those of ${reads.name}`, async () => {
      const described = await analyst.query<{ name: string; type: string; comment: string }>(
        'SELECT name, type, comment FROM system.columns WHERE database = {d:String} AND table = {t:String} ORDER BY position',
        { d: 'milepost', t: name },
      )
      const own = described.filter(
        ({ name: column }) => !['available_at', ...(name === 'event_lag' ? ['pipeline_ms'] : [])].includes(column),
      )
      assert.deepEqual(
        own.map(column => column.name),
        schema.fields.map(field => renamed[field.name] ?? snakeCase(field.name)),
      )
      assert.deepEqual(
        own.map(column => column.comment),
        schema.fields.map(field => field.doc ?? ''),
      )
      for (const [index, field] of schema.fields.entries()) {
        const nullable = /^(?:LowCardinality\()?Nullable/.test(own[index]?.type ?? '')
        assert.equal(nullable, Array.isArray(field.type), `${name}.${field.name} is ${own[index]?.type ?? ''}`)
      }
      assert.ok(described.every(({ comment }) => comment !== ''))
      const availableAt = described.find(column => column.name === 'available_at')
      assert.equal(availableAt?.type, "DateTime64(3, 'UTC')")
      const about = await analyst.query<{ comment: string; engine_full: string }>(
        'SELECT comment, engine_full FROM system.tables WHERE database = {d:String} AND name = {t:String}',
        { d: 'milepost', t: name },
      )
      assert.match(about[0]?.comment ?? '', /^[A-Z].*\.$/)
      assert.match(about[0]?.engine_full ?? '', /^ReplacingMergeTree.*non_replicated_deduplication_window = \d{4}/)
    })
    test(`${name}: what the sink writes is what comes back, once`, async () => {
      const other = name === 'vehicle_positions' ? { positionId: 'other' } : {}
      const events = [eventOf(reads.name, 1), eventOf(reads.name, 2, other, false)]
      const sink = sinkOf(name)
      for (let times = 0; times < 2; times++) await sink.write({ token: `same-${name}`, events })
      // The same events in another batch: the table's key keeps one of each.
      await sink.write({ token: `other-${name}`, events: [...events] })
      const columns = schema.fields.map(field => renamed[field.name] ?? snakeCase(field.name))
      const rows = await analyst.query<Fields>(
        `SELECT ${columns.map(column => (column === 'raw' ? 'hex(raw) AS raw' : column)).join(', ')} FROM ${name} FINAL ORDER BY event_id`,
      )
      assert.deepEqual(
        rows,
        events.map(event => rowOf(event, schema.fields, renamed)),
      )
      await clickhouse.command(`TRUNCATE TABLE ${name}`)
    })
  }
})

/** As JSONEachRow shows it. */
function rowOf(
  event: Event<never>,
  fields: readonly { name: string; type: unknown }[],
  renamed: Record<string, string>,
): Fields {
  const { eventId, source, emittedAt, receivedAt } = event
  const all: Fields = { ...(event.value as Fields), eventId, source, emittedAt, receivedAt }
  return Object.fromEntries(
    fields.map(({ name, type }) => [renamed[name] ?? snakeCase(name), shown(all[name], type as AvroType)]),
  )
}
function shown(value: unknown, type: AvroType): unknown {
  if (value === null) return null
  if (Array.isArray(type)) return shown(value, (type as AvroType[])[1] ?? 'null')
  if (type === 'long') return (value as number).toFixed(0)
  if (type === 'bytes') return (value as Buffer).toString('hex').toUpperCase()
  if (typeof type === 'string') return value
  const { logicalType, items, fields } = type as {
    logicalType?: string
    items?: AvroType
    fields?: { name: string; type: AvroType }[]
  }
  if (logicalType !== undefined) return new Date(value as number).toISOString().replace('T', ' ').replace('Z', '')
  if (items !== undefined) return (value as unknown[]).map(one => shown(one, items))
  if (fields !== undefined)
    return Object.fromEntries(
      fields.map(field => [snakeCase(field.name), shown((value as Fields)[field.name], field.type)]),
    )
  return value
}

test('an event that is not what its schema says is Unwritable, by its id; its neighbours are not written', async () => {
  const bad = eventOf('shipment.eta.v1', 12, { p50: 'soon' })
  await assert.rejects(write('shipment_etas', eventOf('shipment.eta.v1', 11), bad), (error: unknown) => {
    assert.ok(error instanceof Unwritable)
    assert.equal(error.eventId, idOf(12))
    assert.match(error.message, /^shipment_etas: p50: not a whole number: soon$/)
    return true
  })
  assert.deepEqual(await analyst.query('SELECT count() AS c FROM shipment_etas'), [{ c: '0' }])
})

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
  test('vehicle_positions: the last revision of each position', async () => {
    const fix = (n: number, positionId: string, revision: number, more: Fields = {}) =>
      eventOf('vehicle.position.v1', n, { ...stands, positionId, vehicleId: 'w', revision, flags: [], ...more })
    await write('vehicle_positions', fix(1, 'p1', 1), fix(3, 'p2', 1))
    await write('vehicle_positions', fix(2, 'p1', 2, { flags: ['jump'] }))
    await clickhouse.command('OPTIMIZE TABLE vehicle_positions FINAL')
    assert.deepEqual(
      await analyst.query(
        "SELECT position_id, flags, revision FROM vehicle_positions WHERE vehicle_id = 'w' ORDER BY position_id",
      ),
      [
        { position_id: 'p1', flags: ['jump'], revision: 2 },
        { position_id: 'p2', flags: [], revision: 1 },
      ],
    )
    const contract =
      'vehicle_id, occurred_at, received_at, available_at, latitude, longitude, speed_mps, flags, source, event_id'
    await analyst.query(`SELECT ${contract} FROM vehicle_positions FINAL`)
  })
  test('a batch that spans centuries of event time is written', async () => {
    const events = Array.from({ length: 300 }, (_, n) =>
      eventOf('vehicle.position.v1', n, {
        positionId: `c${n}`,
        vehicleId: 'old',
        occurredAt: n * 10 * 86_400_000 * 3.5,
      }),
    )
    await write('vehicle_positions', ...events)
    assert.deepEqual(await analyst.query("SELECT count() AS c FROM vehicle_positions WHERE vehicle_id = 'old'"), [
      { c: '300' },
    ])
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
