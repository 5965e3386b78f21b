/** Our module in a real Odoo 19, and what the sinks write there: what holds of the stand-in holds of it. */
import { after, test } from 'node:test'
import { clientOf, companyOf, order } from '../../tools/odoo-real/company.ts'
import { odooIsHere } from '../../tools/odoo-real/install.ts'
import { RealOdoo } from '../../tools/odoo-real/start.ts'
import { contract } from '../sinks/odoo/contract.ts'
import type { Ground } from '../sinks/odoo/ground.ts'

const real = odooIsHere()
if (!real.here) test('our module in a real Odoo', { skip: real.why }, () => undefined)
else {
  const odoo = await RealOdoo.start()
  after(() => odoo.stop())
  contract('a real Odoo', await groundOf(odoo))
}

async function groundOf(odoo: RealOdoo): Promise<Ground> {
  const anna = clientOf(odoo, 'anna')
  const { companies, customers, products } = await companyOf(anna)
  const ordered = () =>
    order(anna, { company: companies[0], customer: customers[1] ?? 0, product: products[0] ?? 0, quantity: 5 })
  const [person = 0] = await anna.call<number[]>('res.users', 'search', { domain: [['login', '=', 'anna']] })
  const { keys, url, database } = odoo
  return {
    ...{ url, database, admin: keys.admin, bot: keys.milepost, company: companies[0], person },
    pickings: [await ordered(), await ordered()],
  }
}
