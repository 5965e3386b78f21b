/** `load`: rows under external ids, all of them or none; what is wrong is said with status 200. */
import { CASE_MODEL } from '../../odoo/names.ts'
import { FIELDS } from './fields.ts'
import type { OdooStore, Transaction, Vals } from './store.ts'

export interface LoadMessage {
  readonly type: 'error' | 'warning'
  readonly record: number
  readonly message: string
  readonly field?: string
  readonly rows: { readonly from: number; readonly to: number }
}
export interface Loaded {
  readonly ids: readonly number[] | false
  readonly messages: readonly LoadMessage[]
  readonly nextrow: 0
}

export function load(
  store: OdooStore,
  model: string,
  columns: readonly string[],
  data: readonly (readonly string[])[],
): Loaded {
  const messages: LoadMessage[] = []
  const fault = (record: number, message: string, field?: string) =>
    messages.push({ type: 'error', record, message, rows: { from: record, to: record }, ...(field && { field }) })
  const rows = data.map((cells, record) => {
    const vals: Record<string, unknown> = {}
    for (const [n, column] of columns.entries()) {
      const cell = cells[n] ?? ''
      const [name = '', by] = column.split('/')
      if (column === 'id') continue
      if (cell.includes('\0')) fault(record, UNWRITABLE)
      else
        Object.assign(
          vals,
          valueOf(store, model, name, by, cell, message => fault(record, message, name)),
        )
    }
    return vals
  })
  if (messages.length > 0) return { ids: false, messages, nextrow: 0 }
  const external = columns.indexOf('id')
  const ids = store.do(tx => rows.map((vals, n) => put(store, tx, model, data[n]?.[external] ?? '', vals)))
  return { ids, messages: [], nextrow: 0 }
}
const UNWRITABLE =
  "Unknown error during import: <class 'ValueError'>: A string literal cannot contain NUL (0x00) characters."

function valueOf(
  store: OdooStore,
  model: string,
  name: string,
  by: string | undefined,
  cell: string,
  fault: (message: string) => void,
): Vals {
  if (name === 'res_model_id') return { res_model: CASE_MODEL }
  if (name === 'activity_type_id') return {}
  const field = FIELDS[model]?.[name]
  const title = field?.string ?? name
  if (cell === '') return { [name]: false }
  if (field?.selection && !field.selection.some(one => one.includes(cell)))
    fault(`Value '${cell}' not found in selection field '${title}'`)
  if (by === '.id' && !store.row(field?.relation ?? '', Number(cell)))
    fault(`No matching record found for database id '${cell}' in field '${title}'`)
  if (by === '.id' || field?.type === 'integer') return { [name]: Number(cell) }
  return { [name]: field?.type === 'datetime' ? Date.parse(`${cell.replace(' ', 'T')}Z`) : cell }
}

function put(store: OdooStore, tx: Transaction, model: string, xid: string, vals: Vals): number {
  const [module = '', name = ''] = xid.split('.')
  const there = store.named(module, name)
  const id = Number(there?.['res_id'] ?? 0)
  if (there && store.row(model, id)) {
    tx.write(model, [id], vals)
    return id
  }
  const made = tx.create(model, vals)
  if (there) tx.write('ir.model.data', [there.id], { res_id: made })
  else tx.create('ir.model.data', { module, name, model, res_id: made })
  return made
}
