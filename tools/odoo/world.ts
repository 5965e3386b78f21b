/** A small company on the stand-in: warehouses, customers, carriers, vehicles; orders that are delivered; what people do to them. */
import type { OdooStore, Transaction, Vals } from './store.ts'

export interface World {
  readonly companies: readonly number[]
  /** Types of outgoing transfers, one a warehouse. */
  readonly outgoing: readonly number[]
  readonly internal: number
  readonly warehouses: readonly number[]
  readonly customers: readonly number[]
  readonly carriers: readonly number[]
  readonly vehicles: readonly number[]
}

const CITIES: readonly (readonly [name: string, latitude: number, longitude: number])[] = [
  ['Rotterdam', 51.885, 4.435],
  ['Antwerpen', 51.26, 4.35],
  ['Köln', 50.904, 6.938],
  ['Duisburg', 51.43, 6.75],
  ['Lille', 50.62, 3.05],
  ['Utrecht', 52.08, 5.12],
  ['Hamburg', 53.53, 9.96],
  ['Luxembourg', 49.6, 6.13],
]

/** Two companies with a warehouse each. The last of the customers has no coordinates. */
export function settle(store: OdooStore): World {
  return store.do(tx => {
    const countries = new Map(
      ['NL', 'BE', 'DE', 'FR', 'LU'].map(code => [code, tx.create('res.country', { code, name: code })]),
    )
    const companies = ['Noordzee Trading', 'Noordzee België'].map(name => tx.create('res.company', { name }))
    const partner = (name: string, city: number, more: Vals = {}): number => {
      const [town, partner_latitude, partner_longitude] = CITIES[city % CITIES.length] ?? ['', 0, 0]
      const country_id = countries.get('NL') ?? false
      return tx.create('res.partner', { name, city: town, partner_latitude, partner_longitude, country_id, ...more })
    }
    const warehouses = companies.map((company_id, n) =>
      tx.create('stock.warehouse', { name: `WH${n + 1}`, company_id, partner_id: partner(`Warehouse ${n + 1}`, n) }),
    )
    const types = (code: string) =>
      warehouses.map((warehouse_id, n) =>
        tx.create('stock.picking.type', { name: code, code, warehouse_id, company_id: companies[n] ?? false }),
      )
    const unset = { partner_latitude: 0, partner_longitude: 0 }
    return {
      companies,
      warehouses,
      outgoing: types('outgoing'),
      internal: types('internal')[0] ?? 0,
      customers: Array.from({ length: 12 }, (_, n) =>
        partner(`Customer ${n + 1}`, n + 2, { ref: n % 3 === 0 ? false : `CUST-${n + 1}`, ...(n === 11 ? unset : {}) }),
      ),
      carriers: ['Veldhuis FTL ', 'Rapid Parcel'].map(name =>
        tx.create('delivery.carrier', { name, delivery_type: 'fixed' }),
      ),
      vehicles: ['95-BXK-7', 'k ab 123', '1-ABC-234'].map(license_plate =>
        tx.create('fleet.vehicle', { license_plate, name: `DAF/XF 480/${license_plate}` }),
      ),
    }
  })
}

/** Confirm an order: a picking that waits for its goods. */
export function confirm(
  tx: Transaction,
  { type, partner, at, ...more }: { type: number; partner: number; at: number } & Vals,
): number {
  const sale = tx.create('sale.order', { name: 'S', partner_id: partner, state: 'sale' })
  const name = `S${String(sale).padStart(5, '0')}`
  tx.write('sale.order', [sale], { name, client_order_ref: `PO-${4_500_000 + sale}` })
  const picking = tx.create('stock.picking', {
    ...{ picking_type_id: type, partner_id: partner, sale_id: sale, origin: name, state: 'confirmed' },
    ...{ scheduled_date: at, date_deadline: at, weight: 100 },
    ...more,
  })
  tx.write('stock.picking', [picking], { name: `WH/OUT/${String(picking).padStart(5, '0')}` })
  return picking
}

/** Validate with a part of the goods: what is left goes into a picking of its own. */
export function validatePart(tx: Transaction, id: number): number {
  const all = tx.read('stock.picking', id)
  const backorder = tx.create('stock.picking', { ...all, state: 'assigned', backorder_id: id, batch_id: false })
  tx.write('stock.picking', [backorder], { name: `WH/OUT/${String(backorder).padStart(5, '0')}` })
  validate(tx, id)
  return backorder
}
export const validate = (tx: Transaction, id: number): void =>
  tx.write('stock.picking', [id], { state: 'done', date_done: tx.startedAt })
