import { MODELS } from '../../odoo/module/fields.ts'
import { CASE_MODEL, SHIPMENT_MODEL } from '../../odoo/names.ts'

/** The models of the stand-in and their fields, called as Odoo 19 calls them. What is not here is an invalid field, as there. */
export interface Field {
  readonly type: 'char' | 'text' | 'selection' | 'boolean' | 'float' | 'integer' | 'datetime' | 'many2one' | 'one2many'
  readonly string?: string
  readonly help?: string
  readonly selection?: readonly (readonly [string, string])[]
  readonly relation?: string
  /** Not stored: read by this path. */
  readonly related?: string
  /** Not stored: computed when it is read; by the stand-in as nothing. */
  readonly computed?: true
}
export type Fields = Readonly<Record<string, Field>>

const char: Field = { type: 'char' }
const selection: Field = { type: 'selection' }
const boolean: Field = { type: 'boolean' }
const float: Field = { type: 'float' }
const datetime: Field = { type: 'datetime' }
const to = (relation: string, related?: string): Field => ({
  ...{ type: 'many2one', relation },
  ...(related !== undefined && { related }),
})
const always: Fields = {
  ...{ id: { type: 'integer' }, display_name: char, create_date: datetime, write_date: datetime },
}

const ofModule = Object.fromEntries(
  MODELS.map(({ name, fields, isThread }) => {
    const own = Object.entries(fields).map(([field, { type, label, relation, selection, help }]): [string, Field] => [
      field,
      { type, string: label, ...(relation && { relation }), ...(selection && { selection }), ...(help && { help }) },
    ])
    const chatter: Fields = isThread ? { message_ids: { type: 'one2many', relation: 'mail.message' } } : {}
    return [name, { ...always, ...Object.fromEntries(own), ...chatter }]
  }),
)
/** There only while the data module is. */
export const OF_MODULE: ReadonlySet<string> = new Set([CASE_MODEL, SHIPMENT_MODEL])

export const FIELDS: Readonly<Record<string, Fields>> = {
  // What Odoo itself is made of: of the module nothing is kept there.
  'ir.model': { ...always, model: char },
  'ir.model.fields': { ...always, name: char, relation: char },
  'ir.ui.view': { ...always, model: char, arch_db: char },
  'ir.actions.act_window': { ...always, res_model: char },
  'ir.attachment': { ...always, url: char },
  ...ofModule,
  'ir.module.module': { ...always, name: char, state: selection, latest_version: char },
  // By external id which record it is.
  'ir.model.data': { ...always, module: char, name: char, model: char, res_id: { type: 'integer' } },
  'base.import.module': { ...always, module_file: char },
  'res.users.apikeys': { ...always, name: char, user_id: to('res.users'), expiration_date: datetime },
  'mail.activity': {
    ...{ ...always, summary: char, res_model: char, res_id: { type: 'integer' }, user_id: to('res.users') },
  },
  'mail.message': {
    ...{ ...always, model: char, res_id: { type: 'integer' }, body: char, date: datetime, message_type: selection },
    ...{ email_from: char, author_id: to('res.partner') },
  },
  'res.company': { ...always, name: char },
  'res.country': { ...always, name: char, code: char },
  'res.users': {
    ...{ ...always, name: char, login: char, partner_id: to('res.partner') },
    company_ids: { type: 'one2many', relation: 'res.company' },
  },
  'res.partner': {
    ...always,
    ...{ name: char, ref: char, street: char, zip: char, city: char, active: boolean, is_company: boolean },
    ...{ country_id: to('res.country'), company_id: to('res.company'), parent_id: to('res.partner') },
    ...{ partner_latitude: float, partner_longitude: float, tz: selection },
  },
  'delivery.carrier': {
    ...always,
    ...{ name: char, delivery_type: selection, active: boolean, company_id: to('res.company') },
  },
  'fleet.vehicle': {
    ...always,
    ...{ name: char, license_plate: char, active: boolean, company_id: to('res.company') },
  },
  'sale.order': {
    ...always,
    ...{ name: char, state: selection, client_order_ref: char, commitment_date: datetime },
    ...{ partner_id: to('res.partner'), company_id: to('res.company') },
  },
  'stock.warehouse': { ...always, name: char, partner_id: to('res.partner'), company_id: to('res.company') },
  'stock.picking.type': {
    ...always,
    ...{ name: char, code: selection, warehouse_id: to('stock.warehouse'), company_id: to('res.company') },
  },
  'stock.picking.batch': {
    ...always,
    ...{ name: char, state: selection, vehicle_id: to('fleet.vehicle'), driver_id: to('res.partner') },
    ...{ company_id: to('res.company') },
  },
  'stock.picking': {
    ...always,
    ...{ name: char, state: selection, origin: char, note: char, scheduled_date: datetime, date_deadline: datetime },
    ...{
      date_done: datetime,
      has_deadline_issue: boolean,
      carrier_tracking_ref: char,
      carrier_tracking_url: { type: 'char', computed: true },
    },
    ...{ weight: float, shipping_weight: float, partner_id: to('res.partner'), carrier_id: to('delivery.carrier') },
    ...{ sale_id: to('sale.order'), batch_id: to('stock.picking.batch'), backorder_id: to('stock.picking') },
    picking_type_id: to('stock.picking.type'),
    picking_type_code: { type: 'selection', related: 'picking_type_id.code' },
    warehouse_address_id: to('res.partner', 'picking_type_id.warehouse_id.partner_id'),
    company_id: to('res.company', 'picking_type_id.company_id'),
  },
}

/** How Odoo's messages call a model. */
export const TITLES: Readonly<Record<string, string>> = {
  'stock.picking': 'Transfer',
  'stock.picking.batch': 'Batch Transfer',
  'fleet.vehicle': 'Vehicle',
  'res.partner': 'Contact',
  'sale.order': 'Sales Order',
  'delivery.carrier': 'Shipping Methods',
}
