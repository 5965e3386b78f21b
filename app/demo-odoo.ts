/** The Odoo of the demo: a stand-in on loopback, in the demo's own process, its records in a file beside the demo's world. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { OdooClient } from '../odoo/client.ts'
import { install } from '../odoo/module/install.ts'
import { fileKeeper } from '../tools/odoo/keeper.ts'
import { standIn } from '../tools/odoo/server.ts'
import { OdooStore } from '../tools/odoo/store.ts'
import { freePort } from '../tools/ports.ts'
import { attend } from '../tools/simulate/dispatchers.ts'
import { Office } from '../tools/simulate/office.ts'
import type { Config } from './config.ts'

const RECORDS = 'demo-odoo.db'
const DATABASE = 'demo'
const ATTENDS_EVERY_MS = 2_000
const BOT = 5
const ADMIN = 2

/** The settings by which all of one start find it; its key is drawn anew each time. */
export const demoOdooSettings = async (): Promise<Readonly<Record<string, string>>> => ({
  MILEPOST_ODOO_URL: `http://127.0.0.1:${await freePort()}`,
  MILEPOST_ODOO_DATABASE: DATABASE,
  MILEPOST_ODOO_API_KEY: randomBytes(20).toString('hex'),
})

/** Open it where the settings say that it is. `office`: who orders there. */
export async function openDemoOdoo({
  odooUrl: url,
  odooDatabase: database,
  odooApiKey: key,
  data,
}: Config): Promise<{ readonly office: Office; close(): Promise<void> }> {
  if (url === undefined || database === undefined || key === undefined) throw new Error('the demo has no Odoo')
  const keeper = fileKeeper(join(data, RECORDS))
  const store = new OdooStore(Date.now, keeper)
  const office = new Office(store, database)
  const companies = [office.company]
  const admin = randomBytes(20).toString('hex')
  const keys = new Map([
    [key, { id: BOT, companies }],
    [admin, { id: ADMIN, companies, isAdmin: true }],
  ])
  const server = await standIn({ store, database, keys, port: Number(new URL(url).port) })
  await install(new OdooClient({ url, database, apiKey: admin }))
  const attending = setInterval(() => attend(store, office.people), ATTENDS_EVERY_MS)
  return {
    office,
    async close() {
      clearInterval(attending)
      await server.close()
      keeper.close()
    },
  }
}
