import { after } from 'node:test'
import { standIn } from '../../../tools/odoo/server.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'
import { confirm, settle } from '../../../tools/odoo/world.ts'
import { contract } from './contract.ts'

const store = new OdooStore()
const { outgoing, customers, companies } = settle(store)
const [type = 0, partner = 0, company = 0] = [outgoing[0], customers[0], companies[0]]
const [person, ...pickings] = store.do(tx => [
  tx.create('res.users', { name: 'Anna', login: 'anna' }),
  ...[1, 2].map(() => confirm(tx, { type, partner, at: Date.now() })),
])
const odoo = await standIn({
  ...{ store, database: 'lab' },
  keys: new Map([
    ['admin', { id: 2, companies, isAdmin: true }],
    ['bot', { id: 5, companies }],
  ]),
})
after(() => odoo.close())
const { url } = odoo
contract('the stand-in', {
  ...{ url, database: 'lab', admin: 'admin', bot: 'bot', company, person },
  pickings: pickings as [number, number],
})
