/** What people do in the company of settle.py, by the same interface that programs use. */
import { OdooClient } from '../../odoo/client.ts'
import type { Login, RealOdoo } from './start.ts'

export interface Company {
  /** Both, the first first. */
  readonly companies: readonly [number, number]
  readonly warehouses: readonly { readonly id: number; readonly partner: number; readonly outgoing: number }[]
  readonly customers: readonly number[]
  readonly products: readonly number[]
  readonly carriers: readonly number[]
  readonly vehicles: readonly { readonly id: number; readonly plate: string }[]
}
interface Row {
  readonly id: number
  readonly [field: string]: unknown
}

export const clientOf = (odoo: RealOdoo, login: Login): OdooClient =>
  new OdooClient({ url: odoo.url, database: odoo.database, apiKey: odoo.keys[login] })

/** Look it up. */
export async function companyOf(client: OdooClient): Promise<Company> {
  const find = (model: string, domain: readonly unknown[], fields: readonly string[]) =>
    client.call<Row[]>(model, 'search_read', { domain, fields, order: 'id' })
  const idOf = (value: unknown) => (value as [number, string])[0]
  const houses = await find('stock.warehouse', [], ['company_id', 'partner_id', 'out_type_id'])
  const ids = (rows: readonly Row[]) => rows.map(({ id }) => id)
  const [first, second] = houses.map(({ company_id }) => idOf(company_id))
  if (first === undefined || second === undefined) throw new Error('that is not the company of settle.py')
  return {
    companies: [first, second],
    warehouses: houses.map(({ id, partner_id, out_type_id }) => ({
      ...{ id, partner: idOf(partner_id), outgoing: idOf(out_type_id) },
    })),
    customers: ids(await find('res.partner', [['name', '=like', 'Customer %']], ['id'])),
    products: ids(await find('product.product', [['is_storable', '=', true]], ['id'])),
    carriers: ids(await find('delivery.carrier', [['name', 'in', ['Veldhuis FTL ', 'Rapid Parcel']]], ['id'])),
    vehicles: (await find('fleet.vehicle', [], ['license_plate'])).map(({ id, license_plate }) => ({
      ...{ id, plate: String(license_plate) },
    })),
  }
}

export interface Order {
  readonly company: number
  readonly customer: number
  readonly product: number
  readonly quantity: number
  readonly carrier?: number
  readonly customersNumber?: string
}
/** Enter an order and confirm it: its picking, which Odoo makes. */
export async function order(client: OdooClient, wanted: Order): Promise<number> {
  const context = { allowed_company_ids: [wanted.company] }
  const vals = {
    ...{ partner_id: wanted.customer, company_id: wanted.company },
    ...(wanted.carrier !== undefined && { carrier_id: wanted.carrier }),
    ...(wanted.customersNumber !== undefined && { client_order_ref: wanted.customersNumber }),
    order_line: [[0, 0, { product_id: wanted.product, product_uom_qty: wanted.quantity }]],
  }
  const [sale = 0] = await client.call<number[]>('sale.order', 'create', { vals_list: [vals], context })
  await client.call('sale.order', 'action_confirm', { ids: [sale], context })
  const [picking] = await client.call<number[]>('stock.picking', 'search', {
    domain: [['sale_id', '=', sale]],
    context,
  })
  if (picking === undefined) throw new Error(`order ${sale} has no picking`)
  return picking
}

/** Put pickings of one company into a batch that this vehicle drives. */
export async function load(client: OdooClient, pickings: readonly number[], vehicle: number): Promise<number> {
  const vals = { picking_ids: [[6, 0, pickings]], vehicle_id: vehicle }
  const [batch = 0] = await client.call<number[]>('stock.picking.batch', 'create', { vals_list: [vals] })
  return batch
}
