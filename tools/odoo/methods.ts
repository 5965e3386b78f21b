/** What may be called on the stand-in by JSON-2. */
import {
  accessError,
  invalidField,
  missing,
  missingArgument,
  noMethod,
  noModel,
  otherCompanies,
  privateMethod,
  unreadableField,
  userError,
} from './errors.ts'
import { CASE_ANSWER, CASE_MODEL } from '../../odoo/names.ts'
import { inDomain, inOrderOf, valueAt } from './domain.ts'
import { type Fields, FIELDS, OF_MODULE, TITLES } from './fields.ts'
import { importModule, isInstalled, removeModule } from './data-module.ts'
import { load, type Loaded } from './load.ts'
import type { OdooStore, Row, Vals } from './store.ts'

export interface User {
  readonly id: number
  /** Models that it may not read. */
  readonly hidden?: readonly string[]
  readonly companies: readonly number[]
  /** May import modules. */
  readonly isAdmin?: boolean
}
export type Body = Readonly<Record<string, unknown>>
interface Specification {
  readonly [field: string]: { readonly fields?: Specification }
}

interface Call {
  readonly store: OdooStore
  readonly user: User
  readonly model: string
  readonly body: Body
  readonly context: Readonly<Record<string, unknown>>
}

/** Models that only an administrator may use. */
const ADMINS: ReadonlySet<string> = new Set(['base.import.module', 'ir.module.module', 'ir.model.data'])

const need = (body: Body, name: string): unknown => {
  if (!(name in body)) throw missingArgument(name)
  return body[name]
}
const fieldsOf = (model: string): Fields => FIELDS[model] ?? {}
const idsIn = ({ ids }: Body): number[] => (Array.isArray(ids) ? (ids as number[]) : [])

/** The result, as it goes into the answer. Throws an `OdooError`. */
export function callMethod(store: OdooStore, user: User, model: string, method: string, body: Body): unknown {
  const context = (body['context'] ?? {}) as Readonly<Record<string, unknown>>
  const allowed = context['allowed_company_ids']
  if (Array.isArray(allowed) && allowed.some(company => !user.companies.includes(company as number)))
    throw otherCompanies()
  if (OF_MODULE.has(model) && !isInstalled(store)) throw noModel(model)
  if (method.startsWith('_')) throw privateMethod(model, method)
  const found = METHODS[method]
  if (!found) throw noMethod(model, method)
  if (method !== 'context_get') mayRead(user, model)
  return found({ store, user, model, body, context })
}

const mayRead = ({ hidden = [], isAdmin }: User, model: string): void => {
  if (hidden.includes(model) || (ADMINS.has(model) && isAdmin !== true))
    throw accessError(TITLES[model] ?? model, model)
}

const METHODS: Readonly<Record<string, (call: Call) => unknown>> = {
  context_get: ({ user }) => ({ lang: 'en_US', tz: false, uid: user.id }),
  fields_get: ({ model }) =>
    Object.fromEntries(
      Object.entries(fieldsOf(model)).map(([name, { type, relation, selection, help }]) => [
        name,
        { type, ...(relation !== undefined && { relation }), ...(selection && { selection }), ...(help && { help }) },
      ]),
    ),
  search_count: call => {
    need(call.body, 'domain')
    return searched(call).length
  },
  search: call => {
    need(call.body, 'domain')
    return page(call).map(({ id }) => id)
  },
  web_search_read: call => {
    need(call.body, 'domain')
    const specification = need(call.body, 'specification') as Specification
    const records = page(call).map(row => shown(call, call.model, row, specification))
    return { length: searched(call).length, records }
  },
  search_read: call => {
    const names = call.body['fields'] as readonly string[] | undefined
    if (!names) throw unreadableField(call.model)
    return page({ ...call, body: { domain: [], ...call.body } }).map(row => flat(call, row, names))
  },
  read: call => {
    const rows = idsIn(call.body).flatMap(id => call.store.row(call.model, id) ?? [])
    return rows.map(row => flat(call, row, (call.body['fields'] as readonly string[] | undefined) ?? []))
  },
  web_read: call => {
    const specification = need(call.body, 'specification') as Specification
    const rows = idsIn(call.body).flatMap(id => call.store.row(call.model, id) ?? [])
    return rows.map(row => shown(call, call.model, row, specification))
  },
  has_access: () => true,
  load: ({ store, model, body }): Loaded =>
    load(store, model, body['fields'] as readonly string[], body['data'] as readonly (readonly string[])[]),
  import_module: ({ store, body }) => importModule(store, idsIn(body)[0] ?? 0),
  button_immediate_uninstall: ({ store }) => removeModule(store),
  create: ({ store, user, model, body }) => {
    if (ADMINS.has(model) && user.isAdmin !== true) throw accessError(TITLES[model] ?? model, model)
    const all = need(body, 'vals_list') as Vals[]
    return store.do(tx => all.map(vals => tx.create(model, stored(model, vals))))
  },
  write: ({ store, model, body }) => {
    const vals = stored(model, need(body, 'vals') as Vals)
    store.do(tx => {
      tx.write(model, idsIn(body), assigned(store, model, vals, idsIn(body)))
    })
    return true
  },
  unlink: ({ store, model, body }) => {
    const ids = idsIn(body)
    if (model === 'stock.picking' && ids.some(id => store.row(model, id)?.['state'] === 'done'))
      throw userError(
        "You cannot cancel a stock move that has been set to 'Done'. Create a return in order to reverse the moves which took place.",
      )
    for (const id of ids) if (!store.row(model, id)) throw missing(model, id)
    store.do(tx => {
      tx.unlink(model, ids)
    })
    return true
  },
}

/** What the module computes when only the assignee is written. */
function assigned(store: OdooStore, model: string, vals: Vals, [id = 0]: readonly number[]): Vals {
  if (model !== CASE_MODEL || !(CASE_ANSWER.assignee in vals)) return vals
  const is = Boolean(vals[CASE_ANSWER.assignee])
  const at = is ? Math.floor(store.now() / 1_000) * 1_000 : false
  const basis = is ? (store.row(model, id)?.['x_basis'] ?? false) : false
  return { [CASE_ANSWER.assignedAt]: at, [CASE_ANSWER.assignedBasis]: basis, ...vals }
}

/** The rows of a search, without its limit. Other companies' are hidden, and archived ones unless they are asked for. */
function searched({ store, user, model, body, context }: Call): Row[] {
  const holds = inDomain(store, model, body['domain'])
  const fields = fieldsOf(model)
  const archivedToo = context['active_test'] === false || !('active' in fields)
  const companies = (context['allowed_company_ids'] as number[] | undefined) ?? user.companies
  return store.rows(model).filter(row => {
    const company = 'company_id' in fields ? valueAt(store, model, row, 'company_id') : false
    if (company !== false && !companies.includes(company as number)) return false
    return (archivedToo || row['active'] !== false) && holds(row)
  })
}

function page(call: Call): Row[] {
  const { order, limit, offset } = call.body as { order?: string; limit?: number; offset?: number }
  const rows = searched(call)
  if (order !== undefined) rows.sort(inOrderOf(call.store, call.model, order))
  return rows.slice(offset ?? 0, limit === undefined ? undefined : (offset ?? 0) + limit)
}

/** A row as the specification wants it. */
function shown(call: Call, model: string, row: Row, specification: Specification): Record<string, unknown> {
  const said: Record<string, unknown> = { id: row.id }
  for (const [name, { fields: inner }] of Object.entries(specification)) {
    const field = fieldsOf(model)[name]
    if (!field) throw invalidField(`Invalid field '${name}' on '${model}'`)
    const value = valueAt(call.store, model, row, name)
    said[name] = value
    if (field.type === 'one2many' && Array.isArray(value) && inner) {
      const rows = (value as number[]).flatMap(id => call.store.row(field.relation ?? '', id) ?? [])
      said[name] = rows.map(one => shown(call, field.relation ?? '', one, inner))
      continue
    }
    if (name === 'display_name') said[name] = nameOf(row)
    else if (field.type === 'datetime' && typeof value === 'number') said[name] = timeOf(value)
    else if (field.relation !== undefined && inner && typeof value === 'number') {
      // The name of what one may not read is shown nevertheless.
      if (Object.keys(inner).some(other => other !== 'display_name')) mayRead(call.user, field.relation)
      const to = call.store.row(field.relation, value)
      said[name] = to ? shown(call, field.relation, to, inner) : false
    }
  }
  return said
}

/** A row as `search_read` has it: a many2one is its id and its name. */
function flat(call: Call, row: Row, names: readonly string[]): Record<string, unknown> {
  const said = shown(call, call.model, row, Object.fromEntries(names.map(name => [name, {}])))
  for (const name of names) {
    const relation = fieldsOf(call.model)[name]?.relation
    const id = said[name]
    const to = relation !== undefined && typeof id === 'number' ? call.store.row(relation, id) : undefined
    if (to) said[name] = [to.id, nameOf(to)]
  }
  return said
}

const nameOf = ({ name, license_plate }: Row): unknown => name || license_plate
const timeOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/** Values as they come in, as they are kept: times as numbers. */
function stored(model: string, vals: Vals): Vals {
  return Object.fromEntries(
    Object.entries(vals).map(([name, value]) => {
      const field = fieldsOf(model)[name]
      if (!field) throw invalidField(`Invalid field '${name}' on '${model}'`)
      if (field.type !== 'datetime' || typeof value !== 'string') return [name, value]
      if (!/^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?$/.test(value))
        throw invalidField(`time data '${value}' does not match format '%Y-%m-%d %H:%M:%S'`)
      return [name, Date.parse(`${value.replace(' ', 'T')}Z`)]
    }),
  )
}
