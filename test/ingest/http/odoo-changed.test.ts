/** Odoo may knock: who knows the address has us poll; nobody else learns that there is one, and no log shows it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ShipmentRequest } from '../../../schemas/generated/events.ts'
import { shipmentRequests } from '../../../schemas/topics.ts'
import { frontDoor } from '../support/front-door.ts'
import { shipment } from '../support/said.ts'

const CAPABILITY = 'nK3vB0wqk2m8tR5yX1zA7cD4eF6gH9jL'
const JSON_BODY = { 'content-type': 'application/json' }

test('the address polls, whatever is sent there, and says nothing', async t => {
  let knocks = 0
  const door = await frontDoor(t, { odoo: { capability: CAPABILITY, database: 'lab', knock: () => knocks++ } })
  const path = `/v1/odoo/changed/${CAPABILITY}`
  for (const body of ['{"_model":"stock.picking","id":7}', 'no json', '[]']) {
    const { status, text } = await door.call('POST', path, body, JSON_BODY)
    assert.deepEqual([status, text], [204, ''])
  }
  assert.equal((await door.call('POST', path, undefined, {})).status, 204)
  assert.equal(knocks, 4)
})

test('another address, and another method, knock at nothing, and guessing is braked', async t => {
  let knocks = 0
  const odoo = { capability: CAPABILITY, database: 'lab', knock: () => knocks++ }
  const door = await frontDoor(t, { odoo, attempts: { attempts: 3, perMs: 60_000, addresses: 10 } })
  const guess = (capability: string) => door.call('POST', `/v1/odoo/changed/${capability}`, '{}', JSON_BODY)
  const statuses: number[] = []
  for (const wrong of ['x', CAPABILITY.slice(1), `${CAPABILITY}x`, 'y', 'z']) statuses.push((await guess(wrong)).status)
  assert.deepEqual(statuses, [404, 404, 404, 429, 429])
  assert.equal((await door.call('GET', `/v1/odoo/changed/${CAPABILITY}`, undefined, {})).status, 404)
  assert.equal(knocks, 0)
  assert.equal((await guess(CAPABILITY)).status, 204, 'whoever is right is never kept out')
})

test('no log shows the address, not even of what fails', async t => {
  const odoo = {
    capability: CAPABILITY,
    database: 'lab',
    knock: () => {
      throw new Error('a bug')
    },
  }
  const door = await frontDoor(t, { odoo })
  assert.equal((await door.call('POST', `/v1/odoo/changed/${CAPABILITY}`, '{}', JSON_BODY)).status, 500)
  assert.ok(door.logged.length > 0)
  assert.ok(!door.logged.join('').includes(CAPABILITY))
})

test('a mere number of a picking is of the database that we know; without one it is only a reference', async t => {
  const odoo = { capability: CAPABILITY, database: 'lab', knock: () => undefined }
  const references = ['7', 'other/7', 'WH/OUT/00007'].map(value => ({ scheme: 'odoo.picking', value }))
  const told = async (door: Awaited<ReturnType<typeof frontDoor>>) => {
    assert.equal((await door.put('SHP-9', shipment({ references }))).status, 200)
    return door.log
      .events<ShipmentRequest>(shipmentRequests)
      .flatMap(({ value }) => value.references.map(({ value: id }) => id))
  }
  assert.deepEqual(await told(await frontDoor(t, { odoo })), ['lab/7', 'other/7', 'WH/OUT/00007'])
  assert.deepEqual(await told(await frontDoor(t)), ['7', 'other/7', 'WH/OUT/00007'])
})

test('without an Odoo there is no such address', async t => {
  const door = await frontDoor(t)
  assert.equal((await door.call('POST', `/v1/odoo/changed/${CAPABILITY}`, '{}', JSON_BODY)).status, 404)
})
