/** Every retained topic's table: its columns are the schema's fields, and what a sink writes is what comes back. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { snakeCase, type AvroType } from '../../../sinks/clickhouse/rows.ts'
import { tables, tableSinks } from '../../../sinks/clickhouse/tables.ts'
import { currentSchema, topicsWithSchema } from '../../../schemas/registry.ts'
import type { Event } from '../../../streams/event.ts'
import { Unwritable } from '../../../streams/sink.ts'
import { eventOf, idOf, migrated, type Fields } from './writing.ts'

const { clickhouse, analyst, sinkOf, write } = await migrated()

suite('every table', () => {
  test('has a topic, and every retained topic a table', () => {
    const passing = [
      ...['telematics.position.v1', 'carrier.claim.v1', 'shipment.request.v1', 'odoo.change.v1'],
      ...['clock.tick.v1', 'lane.model.v1', 'lane.trip.v1', 'delivery.v1'],
      'shipment.merge.v1',
      'vehicle.jump.v1',
      'source.heard.v1',
    ]
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
  await assert.rejects(write('shipment_etas', eventOf('shipment.eta.v1', 13, { revision: 2 ** 31 })), Unwritable)
  assert.deepEqual(await analyst.query('SELECT count() AS c FROM shipment_etas'), [{ c: '0' }])
})

test('vehicle_positions: the last revision of each position', async () => {
  const fix = (n: number, positionId: string, revision: number, more: Fields = {}) =>
    eventOf('vehicle.position.v1', n, { retracted: false, positionId, vehicleId: 'w', revision, flags: [], ...more })
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
