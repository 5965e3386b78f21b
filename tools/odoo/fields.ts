/** The models of the stand-in and their fields, called as Odoo 19 calls them. What is not here is an invalid field, as there. */
export interface Field {
  readonly type: 'char' | 'selection' | 'boolean' | 'float' | 'integer' | 'datetime' | 'many2one'
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

export const FIELDS: Readonly<Record<string, Fields>> = {
  'res.company': { ...always, name: char },
  'res.country': { ...always, name: char, code: char },
  'res.users': { ...always, name: char, login: char },
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
