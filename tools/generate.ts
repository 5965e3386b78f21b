/** Writes schemas/generated/events.ts from schemas/*.avsc: `npm run generate`. A test holds the file to the schemas. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { currentSchema, ENVELOPE_FIELDS, type RecordSchema, topicsWithSchema } from '../schemas/registry.ts'

type Avro =
  | string
  | Avro[]
  | {
      type: string
      name?: string
      logicalType?: string
      symbols?: string[]
      items?: Avro
      fields?: RecordSchema['fields']
    }

const primitives: Record<string, string> = {
  string: 'string',
  int: 'number',
  long: 'number',
  double: 'number',
  boolean: 'boolean',
  bytes: 'Uint8Array',
  null: 'null',
}

/** As prettier has it. */
function unionOf(name: string, symbols: readonly string[]): string {
  const line = `export type ${name} = ${symbols.map(s => `'${s}'`).join(' | ')}`
  return line.length <= LINE_CHARS ? line : `export type ${name} =${symbols.map(s => `\n  | '${s}'`).join('')}`
}
const LINE_CHARS = 120

/** The source text of the generated file. */
export function generated(): string {
  const named = new Map<string, string>()

  /** A type that several schemas have is the same in all of them. */
  function name(it: string, text: string): string {
    if ((named.get(it) ?? text) !== text) throw new Error(`${it} is one thing in one schema and another in another`)
    named.set(it, text)
    return it
  }

  function tsOf(type: Avro): string {
    if (typeof type === 'string') return primitives[type] ?? type
    if (Array.isArray(type))
      return [...type.filter(t => t !== 'null'), ...type.filter(t => t === 'null')].map(tsOf).join(' | ')
    if (type.logicalType === 'timestamp-millis') return 'Instant'
    if (type.type === 'array' && type.items) return `readonly ${bracketed(tsOf(type.items))}[]`
    if (type.type === 'enum' && type.name) return name(type.name, unionOf(type.name, type.symbols ?? []))
    if (type.type === 'record' && type.name && type.fields)
      return name(type.name, interfaceOf(type.name, undefined, type.fields))
    return tsOf(type.type)
  }

  function interfaceOf(name: string, doc: string | undefined, fields: RecordSchema['fields']): string {
    const lines = fields.map(f => `${f.doc ? `  /** ${f.doc} */\n` : ''}  readonly ${f.name}: ${tsOf(f.type as Avro)}`)
    return `${doc ? `/** ${doc} */\n` : ''}export interface ${name} {\n${lines.join('\n')}\n}`
  }

  const records = topicsWithSchema().map(topic => {
    const { schema } = currentSchema(topic)
    return interfaceOf(schema.name, schema.doc, schema.fields.slice(ENVELOPE_FIELDS.length))
  })
  return [
    '// Generated from schemas/*.avsc by `npm run generate`; do not edit.',
    "import type { Instant } from '../../streams/time.ts'",
    ...[...named.values(), ...records].map(text => `\n${text}`),
    '',
  ].join('\n')
}

const bracketed = (type: string): string => (type.includes(' ') ? `(${type})` : type)

if (import.meta.main) writeFileSync(join(import.meta.dirname, '..', 'schemas', 'generated', 'events.ts'), generated())
