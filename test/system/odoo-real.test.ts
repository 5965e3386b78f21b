/** What Milepost relies on of Odoo, asked of a real Odoo 19. */
import { after, before, test } from 'node:test'
import { install } from '../../odoo/module/install.ts'
import { CASE_MODEL } from '../../odoo/names.ts'
import { clientOf, companyOf, load, order } from '../../tools/odoo-real/company.ts'
import { odooIsHere } from '../../tools/odoo-real/install.ts'
import { RealOdoo } from '../../tools/odoo-real/start.ts'
import { CONTRACT, type Place } from '../support/odoo-contract.ts'

const real = odooIsHere()
const skip = !real.here && real.why
let odoo: RealOdoo | undefined
let place: Place

before(
  async () => {
    if (!real.here) return
    odoo = await RealOdoo.start()
    place = await furnished(odoo)
  },
  { timeout: 120_000 },
)
after(() => odoo?.stop())

async function furnished(at: RealOdoo): Promise<Place> {
  const anna = clientOf(at, 'anna')
  const company = await companyOf(anna)
  const { companies, customers, products, carriers, vehicles, warehouses } = company
  const [vehicle, house] = [vehicles[0], warehouses[0]]
  if (!vehicle || !house) throw new Error('no vehicle or no warehouse')
  const ordered = (of: number) =>
    order(anna, {
      ...{ company: of, customer: customers[1] ?? 0, product: products[0] ?? 0, quantity: 5 },
      ...{ carrier: carriers[0] ?? 0, customersNumber: 'PO-4500001' },
    })
  const picking = await ordered(companies[0])
  await load(anna, [picking], vehicle.id)
  const [partner = 0] = await anna.call<number[]>('res.partner', 'create', { vals_list: [{ name: 'Spare' }] })
  const admin = clientOf(at, 'admin')
  await install(admin)
  const ids = await admin.call<number[]>(CASE_MODEL, 'create', { vals_list: [{ x_name: 'Late', x_case_id: 'c1' }] })
  await admin.call(CASE_MODEL, 'message_post', { ids, body: 'Called.', message_type: 'comment' })
  const { keys, url, database } = at
  return {
    ...{ url, database, companies, picking, vehicle, house: house.partner, elsewhere: await ordered(companies[1]) },
    spare: { partner, picking: await ordered(companies[0]) },
    keys: {
      ...{ person: keys.anna, bot: keys.milepost, fleet: keys['milepost-fleet'], oneCompany: keys['milepost-one'] },
      stranger: keys.stranger,
    },
  }
}

for (const [title, holds] of Object.entries(CONTRACT))
  test(`of a real Odoo: ${title}`, { skip, timeout: 60_000 }, () => holds(place))
