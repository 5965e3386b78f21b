/** A gateway with every table, and events of any topic to write into them. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { connect, type ClickHouse } from '../../../sinks/clickhouse/client.ts'
import { migrate } from '../../../sinks/clickhouse/migrate.ts'
import type { AvroType } from '../../../sinks/clickhouse/rows.ts'
import { tables, tableSink, type Table } from '../../../sinks/clickhouse/tables.ts'
import { currentSchema } from '../../../schemas/registry.ts'
import type { Event } from '../../../streams/event.ts'
import type { Sink } from '../../../streams/sink.ts'
import { password, running } from './support.ts'

export interface Migrated {
  readonly clickhouse: ClickHouse
  readonly analyst: ClickHouse
  readonly sinkOf: (table: string) => Sink<never>
  /** Each call is a batch of its own. */
  readonly write: (table: string, ...events: Event<never>[]) => Promise<void>
}

export async function migrated(): Promise<Migrated> {
  const { url } = await running()
  const clickhouse = connect({ url, user: 'milepost', password })
  after(() => clickhouse.close())
  await migrate(clickhouse)
  const analyst = connect({ url, user: 'analyst', password: '' })
  after(() => analyst.close())
  const sinkOf = (name: string) => {
    const found = tables.find(one => one.name === name)
    assert.ok(found)
    return tableSink(found as unknown as Table<never>, clickhouse)
  }
  let written = 0
  const write = (name: string, ...events: Event<never>[]) =>
    sinkOf(name).write({ token: `${name}-${written++}`, events })
  return { clickhouse, analyst, sinkOf, write }
}

export type Fields = Record<string, unknown>
export const idOf = (n: number) => n.toString(16).padStart(32, '0')
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
/** An event of a topic, with every field of its schema; `fields` are those that matter, `full`: nothing is null or empty. */
export const eventOf = (topic: string, n: number, fields: Fields = {}, full = true): Event<never> => {
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
