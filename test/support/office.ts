/** A company with its Odoo (the stand-in, with the module of Milepost in it), and what its people do there. */
import type { TestContext } from 'node:test'
import { OdooClient } from '../../odoo/client.ts'
import { install } from '../../odoo/module/install.ts'
import { CASE_ANSWER, CASE_MODEL } from '../../odoo/names.ts'
import type { User } from '../../tools/odoo/methods.ts'
import { standIn } from '../../tools/odoo/server.ts'
import { OdooStore, type Row } from '../../tools/odoo/store.ts'
import { confirm, settle } from '../../tools/odoo/world.ts'

const DATABASE = 'acme'
const KEY = '0123456789abcdef0123456789abcdef01234567'
const ADMINS = 'fedcba9876543210fedcba9876543210fedcba98'

export interface Ordered {
  readonly picking: number
  readonly shipmentId: string
  /** The plate of its vehicle, as Milepost calls it. */
  readonly vehicleId: string
  /** The customer's number of the order. */
  readonly po: string
}
export interface Office {
  /** The settings by which Milepost finds this Odoo. */
  readonly env: Readonly<Record<string, string>>
  /** An order is confirmed, and its picking put into the batch of a vehicle of its own. */
  order(plate: string, due: number): Ordered
  /** A picking as Odoo has it. */
  picking(id: number): Row | undefined
  /** The records of cases on a picking, of one kind. */
  cases(picking: number, kind: string): readonly Row[]
  comment(record: number, words: string): void
  /** As the Resolve dialog does. */
  resolve(record: number, words: string): void
}

/** The name of who answers there. */
export const CLERK = 'Mila de Vries'

export async function office(t: TestContext): Promise<Office> {
  const store = new OdooStore()
  const world = settle(store)
  const clerk = store.do(tx => {
    const partner_id = tx.create('res.partner', { name: CLERK })
    return { user: tx.create('res.users', { name: CLERK, login: 'mila', partner_id }), partner: partner_id }
  })
  const user: User = { id: clerk.user, companies: world.companies }
  const odoo = await standIn({
    ...{ store, database: DATABASE },
    keys: new Map<string, User>([
      [KEY, user],
      [ADMINS, { ...user, isAdmin: true }],
    ]),
  })
  t.after(() => odoo.close())
  await install(new OdooClient({ url: odoo.url, database: DATABASE, apiKey: ADMINS }))
  const now = () => Math.floor(store.now() / 1_000) * 1_000
  return {
    env: { MILEPOST_ODOO_URL: odoo.url, MILEPOST_ODOO_DATABASE: DATABASE, MILEPOST_ODOO_API_KEY: KEY },
    order: (plate, due) =>
      store.do(tx => {
        const vehicle_id = tx.create('fleet.vehicle', { license_plate: plate, name: `DAF/XF 480/${plate}` })
        const batch_id = tx.create('stock.picking.batch', { name: `BATCH/${plate}`, state: 'in_progress', vehicle_id })
        const where = { type: world.outgoing[0] ?? 0, partner: world.customers[0] ?? 0 }
        const picking = confirm(tx, { ...where, at: due, batch_id, state: 'assigned' })
        const sale = tx.read('sale.order', Number(tx.read('stock.picking', picking)?.['sale_id']))
        return {
          ...{ picking, shipmentId: `odoo-${DATABASE}-picking-${picking}`, vehicleId: plate.replaceAll('-', '') },
          po: String(sale?.['client_order_ref']),
        }
      }),
    picking: id => store.row('stock.picking', id),
    cases: (picking, kind) =>
      store.rows(CASE_MODEL).filter(row => row['x_picking_id'] === picking && row['x_kind'] === kind),
    comment: (record, words) => {
      const said = { body: `<p>${words}</p>`, date: now(), message_type: 'comment', author_id: clerk.partner }
      store.do(tx => tx.create('mail.message', { model: CASE_MODEL, res_id: record, ...said }))
    },
    resolve: (record, words) => {
      store.do(tx => {
        tx.write(CASE_MODEL, [record], {
          [CASE_ANSWER.resolvedBy]: clerk.user,
          [CASE_ANSWER.resolvedAt]: now(),
          [CASE_ANSWER.resolvedBasis]: store.row(CASE_MODEL, record)?.['x_basis'] ?? false,
          [CASE_ANSWER.resolution]: words,
        })
      })
    },
  }
}
