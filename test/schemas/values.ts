/** Arbitrary values of an Avro schema. */
import fc from 'fast-check'
import { ENVELOPE_FIELDS, type KnownSchema } from '../../schemas/registry.ts'

export type Avro =
  | string
  | readonly Avro[]
  | {
      readonly type: Avro
      readonly name?: string
      readonly logicalType?: string
      readonly size?: number
      readonly symbols?: readonly string[]
      readonly items?: Avro
      readonly fields?: readonly Field[]
    }
export interface Field {
  readonly name: string
  readonly type: Avro
  readonly default?: unknown
}

/** Any moment that a time of ours may say, a little before and long after the years that ingest takes. */
const instants = fc.integer({ min: -1, max: 253_402_300_799_999 })
const text = fc.string({ unit: 'binary', maxLength: 20 })
const bytesOf = (arbitrary: fc.Arbitrary<Uint8Array>) => arbitrary.map(bytes => Buffer.from(bytes))

const primitives: Readonly<Record<string, () => fc.Arbitrary<unknown>>> = {
  null: () => fc.constant(null),
  boolean: () => fc.boolean(),
  int: () => fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  // Beyond that avsc is inexact or refuses; none of our numbers comes near.
  long: () => fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  double: () => fc.double(),
  string: () => text,
  bytes: () => bytesOf(fc.uint8Array({ maxLength: 40 })),
}

/** `named` grows with the types that are met, which may be called by their name further on. */
export function valuesOf(type: Avro, named = new Map<string, Avro>()): fc.Arbitrary<unknown> {
  if (typeof type === 'string') {
    const primitive = primitives[type]
    if (primitive) return primitive()
    const known = named.get(type)
    if (known === undefined) throw new Error(`no type ${type} was met before`)
    return valuesOf(known, named)
  }
  if (Array.isArray(type)) return fc.oneof(...(type as readonly Avro[]).map(branch => valuesOf(branch, named)))
  const {
    type: kind,
    name,
    logicalType,
    size = 0,
    symbols = [],
    items,
    fields = [],
  } = type as Exclude<Avro, string | readonly Avro[]>
  if (name !== undefined) named.set(name, type)
  if (logicalType === 'timestamp-millis') return instants
  if (kind === 'enum') return fc.constantFrom(...symbols)
  if (kind === 'fixed') return bytesOf(fc.uint8Array({ minLength: size, maxLength: size }))
  if (kind === 'array') return fc.array(valuesOf(items ?? 'null', named), { maxLength: 4 })
  if (kind === 'record')
    return fc.record(Object.fromEntries(fields.map(field => [field.name, valuesOf(field.type, named)])))
  return valuesOf(kind, named)
}

/** Values of a topic's payload: its schema without the envelope. */
export const payloadsOf = ({ schema }: KnownSchema): fc.Arbitrary<Record<string, unknown>> =>
  valuesOf({ type: 'record', fields: schema.fields.slice(ENVELOPE_FIELDS.length) as readonly Field[] }) as fc.Arbitrary<
    Record<string, unknown>
  >

/** As it looks, whatever class a decoder made of it: records as plain objects, bytes as plain bytes. */
export const plain = (value: unknown): unknown => structuredClone(value)
