/**
 * The schemas that this program knows: the current ones (schemas/*.avsc) and everything that was ever released
 * (schemas/released/TOPIC/N.avsc). A schema's id here is made of its content, so that the same schema has the same
 * id in every installation without anybody handing out numbers; a Kafka installation uses its registry's ids instead.
 */
import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import avsc from 'avsc'

/** The fields that every record starts with, before its payload: see streams/event.ts. */
export const ENVELOPE_FIELDS = ['eventId', 'source', 'emittedAt', 'receivedAt'] as const

export interface RecordSchema {
  readonly type: 'record'
  readonly name: string
  readonly namespace: string
  readonly doc: string
  readonly fields: readonly { readonly name: string; readonly type: unknown; readonly doc?: string }[]
}

export interface KnownSchema {
  /** 31 bits of SHA-256 over the schema without its documentation. */
  readonly id: number
  readonly schema: RecordSchema
  readonly whole: avsc.Type
  readonly payload: avsc.Type
}

const FOLDER = import.meta.dirname

/** An Avro type of its own: names in one schema do not collide with those in another. */
const typeOf = (schema: unknown): avsc.Type =>
  avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: 'never', omitRecordMethods: true, registry: {} })

export const schemaOf = (text: string): KnownSchema => {
  const schema = JSON.parse(text) as RecordSchema
  const whole = typeOf(schema)
  const id = Number.parseInt(hash('sha256', JSON.stringify(whole.schema()), 'hex').slice(0, 8), 16) & 0x7f_ff_ff_ff
  const payload = typeOf({ ...schema, fields: schema.fields.slice(ENVELOPE_FIELDS.length) })
  return { id, schema, whole, payload }
}

export const envelopeType: avsc.Type = typeOf({
  type: 'record',
  name: 'Envelope',
  fields: schemaOf(readFileSync(join(FOLDER, 'clock.tick.v1.avsc'), 'utf8')).schema.fields.slice(
    0,
    ENVELOPE_FIELDS.length,
  ),
})

/** What a schema, or a part of one, says to a program: all but its documentation, whatever the order of its keys. */
export const meaningOf = (schema: unknown): string =>
  JSON.stringify(schema, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([name, said]) => name !== 'doc' || typeof said !== 'string')
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value,
  )

/** What a schema says of the envelope. */
export const envelopeOf = ({ schema }: KnownSchema): string =>
  meaningOf(schema.fields.slice(0, ENVELOPE_FIELDS.length).map(({ name, type }) => [name, type]))

/** The current schema of a topic. */
export const currentSchema = (topic: string): KnownSchema =>
  schemaOf(readFileSync(join(FOLDER, `${topic}.avsc`), 'utf8'))

/** Every released schema of a topic, the oldest first. */
export function releasedSchemas(topic: string): KnownSchema[] {
  const folder = join(FOLDER, 'released', topic)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map(file => schemaOf(readFileSync(join(folder, file), 'utf8')))
}

/** The topics that have a schema, by name. */
export const topicsWithSchema = (): string[] =>
  readdirSync(FOLDER)
    .filter(file => file.endsWith('.avsc'))
    .map(file => file.slice(0, -'.avsc'.length))
    .sort()
