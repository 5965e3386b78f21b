/** What Milepost relies on of Odoo, asked of the stand-in: a real Odoo is asked the same in test/system/odoo-real.test.ts. */
import { after, test } from 'node:test'
import { OdooClient } from '../../../odoo/client.ts'
import { install } from '../../../odoo/module/install.ts'
import { CASE_MODEL } from '../../../odoo/names.ts'
import { standIn } from '../../../tools/odoo/server.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'
import { confirm, settle } from '../../../tools/odoo/world.ts'
import { CONTRACT, type Place } from '../../support/odoo-contract.ts'

const store = new OdooStore()
const { outgoing, customers, carriers, vehicles, companies, warehouses } = settle(store)
const ids = store.do(tx => {
  const [first = 0, second = 0] = outgoing
  const at = Date.now()
  const picking = confirm(tx, { type: first, partner: customers[1] ?? 0, at, carrier_id: carriers[0] ?? false })
  const vehicle_id = vehicles[0] ?? 0
  const batch_id = tx.create('stock.picking.batch', { name: 'BATCH', vehicle_id, company_id: companies[0] ?? false })
  tx.write('stock.picking', [picking], { batch_id })
  return {
    picking,
    elsewhere: confirm(tx, { type: second, partner: customers[1] ?? 0, at }),
    companies: [companies[0] ?? 0, companies[1] ?? 0] as const,
    house: Number(tx.read('stock.warehouse', warehouses[0] ?? 0)?.['partner_id']),
    vehicle: { id: vehicle_id, plate: String(tx.read('fleet.vehicle', vehicle_id)?.['license_plate']) },
    spare: {
      partner: tx.create('res.partner', { name: 'Spare' }),
      picking: confirm(tx, { type: first, partner: customers[1] ?? 0, at }),
    },
  }
})
const keys = { person: 'person', bot: 'bot', fleet: 'fleet', oneCompany: 'one', stranger: 'stranger' }
const fleet = ['fleet.vehicle']
const odoo = await standIn({
  ...{ store, database: 'lab' },
  keys: new Map([
    ['admin', { id: 2, companies, isAdmin: true }],
    [keys.person, { id: 5, companies }],
    [keys.bot, { id: 6, companies, hidden: fleet }],
    [keys.fleet, { id: 7, companies }],
    [keys.oneCompany, { id: 8, companies: companies.slice(0, 1), hidden: fleet }],
    [keys.stranger, { id: 9, companies, hidden: ['stock.picking', 'stock.picking.batch', ...fleet] }],
  ]),
})
after(() => odoo.close())
await install(new OdooClient({ url: odoo.url, database: 'lab', apiKey: 'admin' }))
store.do(tx => {
  const res_id = tx.create(CASE_MODEL, { x_name: 'Late', x_case_id: 'c1' })
  tx.create('mail.message', { model: CASE_MODEL, res_id, message_type: 'comment', body: '<p>Called.</p>' })
})
const place: Place = { url: odoo.url, database: 'lab', keys, ...ids }

for (const [title, holds] of Object.entries(CONTRACT)) test(`of the stand-in: ${title}`, () => holds(place))
