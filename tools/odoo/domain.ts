/** A search domain in Polish notation, the subset that is asked of the stand-in. */
import { FIELDS } from './fields.ts'
import { invalidField, userError } from './errors.ts'
import type { OdooStore, Row } from './store.ts'

type Holds = (row: Row) => boolean
type Term = readonly [path: string, operator: string, value: unknown]

/** Whether a row is in a domain. Throws what Odoo answers to one that it does not understand. */
export function inDomain(store: OdooStore, model: string, domain: unknown): Holds {
  const rest = [...(Array.isArray(domain) ? (domain as unknown[]) : [])]
  const next = (): Holds => {
    const token = rest.shift()
    if (token === '!') {
      const not = next()
      return row => !not(row)
    }
    if (token === '&' || token === '|') {
      const [a, b] = [next(), next()]
      return token === '&' ? row => a(row) && b(row) : row => a(row) || b(row)
    }
    if (!Array.isArray(token) || token.length !== 3)
      throw invalidField(`Domain() invalid item in domain: ${JSON.stringify(token)}`)
    return termOf(store, model, token as unknown as Term)
  }
  const all: Holds[] = []
  while (rest.length > 0) all.push(next())
  return row => all.every(holds => holds(row))
}

function termOf(store: OdooStore, model: string, [path, operator, value]: Term): Holds {
  const type = typeOf(model, path, JSON.stringify([path, operator, value]))
  const wanted = type === 'datetime' ? datesOf(value) : value
  const test = comparison(operator, wanted)
  return row => test(comparable(type, valueAt(store, model, row, path)))
}

function typeOf(model: string, path: string, term: string): string {
  const [name = '', ...rest] = path.split('.')
  const field = FIELDS[model]?.[name]
  if (!field)
    throw invalidField(`Invalid field ${model}.${name} in condition ${term.replace('[', '(').replace(/\]$/, ')')}`)
  return rest.length === 0 || field.relation === undefined ? field.type : typeOf(field.relation, rest.join('.'), term)
}

/** What a field says, through relations and related fields; false where nothing is there. */
export function valueAt(store: OdooStore, model: string, row: Row | undefined, path: string): unknown {
  const [name = '', ...rest] = path.split('.')
  if (!row) return false
  const field = FIELDS[model]?.[name]
  if (name === 'message_ids' && field)
    return store
      .rows('mail.message')
      .filter(message => message['model'] === model && message['res_id'] === row.id)
      .map(({ id }) => id)
  const value = field?.related === undefined ? row[name] : valueAt(store, model, row, field.related)
  if (rest.length === 0) return value ?? false
  const relation = field?.relation ?? ''
  return typeof value === 'number' ? valueAt(store, relation, store.row(relation, value), rest.join('.')) : false
}

/** Times are compared by the second. */
const comparable = (type: string, value: unknown): unknown =>
  type === 'datetime' && typeof value === 'number' ? Math.floor(value / 1_000) : value

function datesOf(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.\d+)?)?$/.exec(value)
  if (!match) throw invalidField(`Invalid term '${value}' in expression date: '${value}'`)
  return Date.parse(`${match[1] ?? ''}T${match[2] ?? '00:00:00'}Z`) / 1_000
}

function comparison(operator: string, wanted: unknown): (value: unknown) => boolean {
  const ordered = (test: (a: number, b: number) => boolean) => (value: unknown) =>
    typeof value === 'number' && typeof wanted === 'number' && test(value, wanted)
  const among = (value: unknown) =>
    Array.isArray(wanted) && (Array.isArray(value) ? value : [value]).some(one => wanted.includes(one))
  switch (operator) {
    case '=':
      return value => value === wanted
    case '!=':
      return value => value !== wanted
    case '<':
      return ordered((a, b) => a < b)
    case '<=':
      return ordered((a, b) => a <= b)
    case '>':
      return ordered((a, b) => a > b)
    case '>=':
      return ordered((a, b) => a >= b)
    case 'in':
      return among
    case 'not in':
      return value => !among(value)
    case '=like':
      return value => typeof value === 'string' && value.startsWith(String(wanted).replace(/%$/, ''))
    case 'ilike':
      return value => typeof value === 'string' && value.toLowerCase().includes(String(wanted).toLowerCase())
    default:
      throw invalidField(`Invalid operator '${operator}'`)
  }
}

/** In which order rows come: `write_date desc, id`; times by all that is kept of them. */
export function inOrderOf(store: OdooStore, model: string, order: string): (a: Row, b: Row) => number {
  const keys = order.split(',').map(part => {
    const match = /^\s*(\w+)(?:\s+(asc|desc))?\s*$/i.exec(part)
    if (!match)
      throw userError(
        `Invalid "order" specified (${order}). A valid "order" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)`,
      )
    const name = match[1] ?? ''
    const field = FIELDS[model]?.[name]
    if (!field) throw invalidField(`Invalid field '${name}' on '${model}'`)
    if (field.related !== undefined || field.computed)
      throw invalidField(`Cannot convert ${model}.${name} to SQL because it is not stored`)
    return { name, sign: match[2]?.toLowerCase() === 'desc' ? -1 : 1 }
  })
  return (a, b) => {
    for (const { name, sign } of keys) {
      const [x, y] = [valueAt(store, model, a, name), valueAt(store, model, b, name)] as [number, number]
      if (x !== y) return x < y ? -sign : sign
    }
    return 0
  }
}
