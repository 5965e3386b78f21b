/** A whole Milepost beside an Odoo (the stand-in): what is there becomes shipments, a knock is quick, and kill -9 loses nothing. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { odooChanges } from '../../schemas/topics.ts'
import { standIn } from '../../tools/odoo/server.ts'
import { OdooStore } from '../../tools/odoo/store.ts'
import { confirm, settle, validate } from '../../tools/odoo/world.ts'
import { installation, until } from '../support/installation.ts'

const KEY = '0123456789abcdef0123456789abcdef01234567'
const PICKING = 'stock.picking'

test(
  'pickings are shipments, a knock has a change seen at once, and a kill -9 costs nothing',
  { timeout: 200_000 },
  async t => {
    const store = new OdooStore()
    const world = settle(store)
    const deliver = (n: number) =>
      store.do(tx =>
        Array.from({ length: n }, (_, i) =>
          confirm(tx, {
            type: world.outgoing[0] ?? 0,
            partner: world.customers[i % 10] ?? 0,
            at: Date.now() + 7_200_000,
          }),
        ),
      )
    deliver(450)
    const odoo = await standIn({
      store,
      database: 'lab',
      keys: new Map([[KEY, { id: 5, companies: world.companies }]]),
    })
    t.after(() => odoo.close())
    const laid = await installation(t)
    const env = { MILEPOST_ODOO_URL: odoo.url, MILEPOST_ODOO_DATABASE: 'lab', MILEPOST_ODOO_API_KEY: KEY }
    laid.launch('processors')
    laid.launch('sinks')
    let program = await laid.up('ingest', env)
    const shipment = async (id: number) => {
      const answer = await laid.at.fetch(`/v1/shipments/odoo-lab-picking-${id}`)
      return answer.status === 200 ? ((await answer.json()) as { status: string }) : undefined
    }
    await until('the last picking is a shipment', async () => (await shipment(450)) !== undefined)
    assert.equal((await shipment(1))?.status, 'active')

    const capability = readFileSync(join(laid.at.data, 'odoo-capability'), 'utf8').trim()
    const knock = () =>
      laid.at.fetch(`/v1/odoo/changed/${capability}`, { method: 'POST', body: '{"_model":"stock.picking"}' })
    const begun = performance.now()
    store.do(tx => {
      tx.write(PICKING, [7], { state: 'cancel' })
    })
    assert.equal((await knock()).status, 204)
    await until('the cancelled one is', async () => (await shipment(7))?.status === 'cancelled')
    t.diagnostic(`a knock: seen after ${Math.round(performance.now() - begun)} ms`)

    for (let n = 0; n < 3; n++) {
      const [first] = deliver(150)
      store.do(tx => validate(tx, first ?? 0))
      await knock()
      await new Promise(resolve => setTimeout(resolve, 40 * n))
      await program.kill()
      program = await laid.up('ingest', env)
    }
    await until('all of them are shipments', async () => (await shipment(900)) !== undefined)
    const metrics = await (await laid.at.fetch('/metrics')).text()
    assert.match(metrics, /milepost_odoo_first_reading\{model="stock\.picking"\} 1/)
    const output = program.stdout + program.stderr
    assert.ok(!output.includes(KEY) && !output.includes(capability))
    await program.stop()

    await laid.withLog(async ({ log, wire }) => {
      const said: string[] = []
      for (let partition = 0; partition < log.partitionsOf(odooChanges.name); partition++) {
        const records = await log.read(odooChanges.name, partition, 0, { records: 100_000, bytes: 1 << 30 })
        for (const { value } of records) {
          const { value: change } = wire.open(odooChanges, value, null) as {
            value: { model: string; id: number; row: string }
          }
          if (change.model === PICKING) said.push(`${change.id} ${change.row}`)
        }
      }
      assert.equal(new Set(said).size, said.length, 'no reading twice')
      assert.equal(new Set(said.map(one => one.split(' ')[0])).size, 900)
    })
  },
)
