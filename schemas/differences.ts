/** What two Avro schemas say differently, field by field, for people to read. */
type Avro = string | readonly Avro[] | Complex
interface Complex {
  readonly type: Avro
  readonly name?: string
  readonly logicalType?: string
  readonly symbols?: readonly string[]
  readonly size?: number
  readonly items?: Avro
  readonly values?: Avro
  readonly fields?: readonly Field[]
}
interface Field {
  readonly name: string
  readonly type: Avro
  readonly default?: unknown
}
interface Said {
  readonly type: string
  readonly optional: boolean
}

const isUnion = (type: Avro): type is readonly Avro[] => Array.isArray(type)

function wordsFor(type: Avro): string {
  if (typeof type === 'string') return type
  if (isUnion(type)) return type.map(wordsFor).join(' or ')
  if (type.logicalType !== undefined) return `${wordsFor(type.type)} (${type.logicalType})`
  if (type.symbols) return `one of ${type.symbols.join(', ')}`
  if (type.size !== undefined) return `${type.size} bytes`
  if (type.items !== undefined) return `array of ${wordsFor(type.items)}`
  if (type.values !== undefined) return `map of ${wordsFor(type.values)}`
  return type.fields ? (type.name ?? 'record') : wordsFor(type.type)
}

/** Each field below a type by its path, such as `stops[].place.name`. */
function* fieldsOf(type: Avro, path: string): Generator<[path: string, Said]> {
  if (typeof type === 'string') return
  if (isUnion(type)) {
    for (const branch of type) yield* fieldsOf(branch, path)
    return
  }
  for (const field of type.fields ?? []) {
    const at = path === '' ? field.name : `${path}.${field.name}`
    yield [at, { type: wordsFor(field.type), optional: 'default' in field }]
    yield* fieldsOf(field.type, at)
  }
  for (const inside of [type.items, type.values]) if (inside !== undefined) yield* fieldsOf(inside, `${path}[]`)
}

/** A line for each field that only one of two schemas has, or that they write differently. */
export function differences(ours: unknown, theirs: unknown): string[] {
  const here = new Map(fieldsOf(ours as Avro, ''))
  const there = new Map(fieldsOf(theirs as Avro, ''))
  const lines: string[] = []
  const [our, their] = [ours, theirs].map(schema => (schema as Partial<Complex>).name ?? 'no record')
  if (our !== their) lines.push(`${our ?? ''} here, ${their ?? ''} there`)
  for (const [path, { type, optional }] of here) {
    const other = there.get(path)
    if (!other) lines.push(`${path}: only here (${type}, ${optional ? 'with' : 'without'} a default)`)
    else if (other.type !== type) lines.push(`${path}: ${type} here, ${other.type} there`)
    else if (other.optional !== optional)
      lines.push(`${path}: ${optional ? 'with' : 'without'} a default here, ${optional ? 'without' : 'with'} one there`)
  }
  for (const [path, { type }] of there) if (!here.has(path)) lines.push(`${path}: only there (${type})`)
  return lines
}
