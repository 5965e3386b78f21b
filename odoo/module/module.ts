/**
 * The data module `milepost`: what an Odoo administrator's key imports by base.import.module. It has no Python, so it goes
 * into any Odoo 19 that has stock: models, rights, views and actions, all of them data.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { strToU8, zipSync } from 'fflate'
import { MODULE } from '../names.ts'
import { type ModuleField, type ModuleFields, type ModuleModel, MODELS, PICKING_FIELDS } from './fields.ts'
import { VERSION } from './version.ts'

/** In the order in which Odoo loads them. */
const VIEWS = ['security', 'actions', 'cases', 'shipments', 'pickings', 'menus'] as const

/** The module's files by their path, as they go into the zip. */
export function moduleFiles(): Readonly<Record<string, string>> {
  const views = VIEWS.map(name => [`views/${name}.xml`, readFileSync(view(name), 'utf8')] as const)
  return {
    '__manifest__.py': manifest(['data/models.xml', ...views.map(([path]) => path)]),
    'data/models.xml': models(),
    ...Object.fromEntries(views),
    'static/description/icon.svg': readFileSync(join(import.meta.dirname, 'icon.svg'), 'utf8'),
  }
}
const view = (name: string): string => join(import.meta.dirname, 'views', `${name}.xml`)

/** The zip, the same bytes each time. */
export function moduleZip(): Uint8Array {
  const files = Object.entries(moduleFiles()).map(([path, text]) => [`${MODULE}/${path}`, strToU8(text)] as const)
  return zipSync(Object.fromEntries(files), { mtime: new Date(1980, 0, 1) })
}

/** The external ids that the module's files bring, without the module's name. */
export function moduleIds(): string[] {
  return Object.values(moduleFiles()).flatMap(text =>
    [...text.matchAll(/<(?:record|menuitem)\s[^>]*?id="([a-z_0-9]+)"/g)].map(([, id = '']) => id),
  )
}

/** A literal of Python. */
const manifest = (data: readonly string[]): string => `{
    'name': 'Milepost',
    'summary': 'Where your deliveries are: cases, expected arrivals and milestones on transfers',
    'version': '${VERSION}',
    'category': 'Inventory/Delivery',
    'author': 'Milepost',
    'license': 'Other OSI approved licence',
    'depends': ['stock', 'mail'],
    'data': [${data.map(path => `'${path}'`).join(', ')}],
    'installable': True,
}
`

const models = (): string => {
  const records = [
    ...MODELS.map(modelRecord),
    ...MODELS.flatMap(model => fieldRecords(modelId(model.name), model.name, model.fields)),
    ...fieldRecords('stock.model_stock_picking', 'stock.picking', PICKING_FIELDS),
    // Only by fields that are there.
    ...MODELS.map(({ name, order }) => record('ir.model', modelId(name), [value('order', order)])),
  ]
  return `<?xml version="1.0" encoding="utf-8"?>\n<odoo>\n${records.join('\n')}\n</odoo>\n`
}

const modelId = (model: string): string => `model_${model}`

const modelRecord = ({ name, label, isThread }: ModuleModel): string =>
  record('ir.model', modelId(name), [
    value('name', label),
    value('model', name),
    ...(isThread ? [flag('is_mail_thread'), flag('is_mail_activity')] : []),
  ])

const fieldRecords = (model: string, prefix: string, fields: ModuleFields): string[] =>
  Object.entries(fields).map(([name, field]) =>
    record('ir.model.fields', `field_${prefix.replaceAll('.', '_')}__${name}`, [
      `<field name="model_id" ref="${model}"/>`,
      value('name', name),
      value('ttype', field.type),
      value('field_description', field.label),
      ...described(field),
    ]),
  )

function described({
  help,
  relation,
  inverse,
  index,
  selection,
  compute,
  depends,
  stored,
  type,
}: ModuleField): string[] {
  const computed = compute === undefined ? [] : [value('compute', compute), value('depends', depends ?? '')]
  const isStored = compute === undefined || stored === true
  return [
    ...(help === undefined ? [] : [value('help', help)]),
    ...(relation === undefined ? [] : [value('relation', relation)]),
    ...(inverse === undefined ? [] : [value('relation_field', inverse)]),
    // A case outlives what it is about.
    ...(type === 'many2one' ? [value('on_delete', 'set null')] : []),
    ...(index ? [flag('index')] : []),
    ...(selection ? [value('selection', python(selection))] : []),
    ...computed,
    `<field name="store" eval="${isStored ? 'True' : 'False'}"/>`,
    `<field name="readonly" eval="${compute !== undefined && stored !== true ? 'True' : 'False'}"/>`,
    `<field name="copied" eval="False"/>`,
  ]
}

const python = (selection: readonly (readonly [string, string])[]): string =>
  `[${selection.map(([of, label]) => `('${of}', '${label}')`).join(', ')}]`

const record = (model: string, id: string, fields: readonly string[]): string =>
  `  <record id="${id}" model="${model}">\n${fields.map(field => `    ${field}`).join('\n')}\n  </record>`
const value = (name: string, text: string): string => `<field name="${name}">${escaped(text)}</field>`
const flag = (name: string): string => `<field name="${name}" eval="True"/>`
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
