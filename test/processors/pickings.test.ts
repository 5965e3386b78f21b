/** Pickings of Odoo as shipments, alone and together with what a TMS says of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import type { OdooChange, ShipmentRequest } from '../../schemas/generated/events.ts'
import {
  cases,
  deadLetters,
  odooChanges,
  referenceLinks,
  shipmentPlans,
  shipmentRequests,
  vehicleAssignments,
} from '../../schemas/topics.ts'
import { type Delivery, drive, type Driver } from '../../streams/drive.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { request, t } from '../support/scene.ts'

const ID = 'odoo-lab-picking-7'
const WAREHOUSE = { id: 1, name: 'Warehouse', ref: false, partner_latitude: 51.885, partner_longitude: 4.435 }
const SHOP = { id: 42, name: 'Rhein Baumarkt, dock B', ref: false, partner_latitude: 50.904, partner_longitude: 6.938 }
const row = {
  ...{ id: 7, name: 'WH/OUT/00007', state: 'assigned', origin: 'S00007', picking_type_code: 'outgoing' },
  ...{ scheduled_date: '2026-03-02 10:00:00', date_deadline: '2026-03-02 14:00:00', carrier_tracking_ref: 'TR-1' },
  ...{ partner_id: SHOP, warehouse_address_id: WAREHOUSE, carrier_id: { id: 2, name: 'Veldhuis FTL ' } },
  sale_id: {
    id: 9,
    name: 'S00007',
    client_order_ref: 'PO-4500006',
    partner_id: { id: 34, name: 'Rhein', ref: 'CUST-007' },
  },
  batch_id: { id: 3, name: 'B', state: 'draft', vehicle_id: { id: 1, license_plate: '95-bxk 7' } },
}
let revisions = 0
const change = (more: object = {}, clock = '08:00', about: Partial<OdooChange> = {}) => {
  const value: OdooChange = {
    ...{ occurredAt: t(clock), database: 'lab', model: 'stock.picking', id: 7, revision: ++revisions },
    ...{ writeDate: t(clock), companyId: '1', active: true, deleted: false, row: JSON.stringify({ ...row, ...more }) },
    ...about,
  }
  return emit(odooChanges, value, { source: 'odoo:lab', receivedAt: t(clock) })
}
const gone = (clock: string) => change({}, clock, { writeDate: null, active: false, deleted: true, row: 'null' })
const tms = (references: ShipmentRequest['references'], more: Partial<ShipmentRequest> = {}) =>
  emit(
    shipmentRequests,
    request({ hamburg: '09:00', copenhagen: '18:00' }, { shipmentId: 'SHP-9', references, ...more }),
    { receivedAt: t('00:00') },
  )
const LAB_7 = { scheme: 'odoo.picking', value: 'lab/7' }

const planOf = (driver: Driver, shipmentId = ID) =>
  driver.written(shipmentPlans).findLast(({ value }) => value.shipmentId === shipmentId)?.value
const linksOf = (driver: Driver, shipmentId = ID) => {
  const last = new Map(
    driver.written(referenceLinks).map(({ value }) => [referenceLinks.identityOf(value), value] as const),
  )
  return [...last.values()]
    .filter(link => !link.retracted && link.shipmentId === shipmentId)
    .map(({ scheme, value }) => `${scheme} ${value}`)
    .sort()
}
const told = async (...said: readonly Delivery[]): Promise<Driver> => {
  const driver = await drive(processors, options)
  await driver.tick(t('00:00'))
  await driver.feed(...said)
  assert.deepEqual(driver.written(deadLetters), [])
  return driver
}

test('a picking is a shipment from its warehouse to its address, on the vehicle of its batch', async () => {
  const driver = await told(change())
  const plan = planOf(driver)
  assert.deepEqual(
    [plan?.status, plan?.vehicleId, plan?.customerId, plan?.carrierId, plan?.companyId, plan?.loadId],
    ['active', '95BXK7', 'CUST-007', 'odoo-carrier-2', 'odoo-company-1', 'odoo-lab-batch-3'],
  )
  assert.deepEqual(
    plan?.stops.map(({ stopId, kind, place, plannedArrival, dueBy }) => [
      stopId,
      kind,
      place.latitude,
      place.longitude,
      plannedArrival,
      dueBy,
    ]),
    [
      ['pickup', 'pickup', 51.885, 4.435, t('10:00'), t('14:00')],
      ['delivery', 'delivery', 50.904, 6.938, t('10:00'), t('14:00')],
    ],
  )
  const wanted = ['odoo.order S00007', 'odoo.picking 7', 'odoo.picking WH/OUT/00007', 'po PO-4500006', 'tracking TR-1']
  assert.deepEqual(linksOf(driver), wanted)
})

test('what is cancelled or gone is cancelled, with what it was; what comes back is carried out', async () => {
  const driver = await told(change(), gone('09:00'))
  assert.deepEqual([planOf(driver)?.status, planOf(driver)?.stops.length], ['cancelled', 2])
  await driver.feed(change({}, '10:00'))
  assert.equal(planOf(driver)?.status, 'active')
  await driver.feed(change({ state: 'cancel' }, '11:00'))
  assert.equal(planOf(driver)?.status, 'cancelled')
  assert.deepEqual(linksOf(driver), [])
})

test('drafts, receipts, internal transfers and other models are no shipments', async () => {
  const driver = await told(
    change({ state: 'draft' }),
    change({ picking_type_code: 'incoming' }),
    change({ picking_type_code: 'internal' }),
    change({}, '08:00', { model: 'res.partner' }),
    gone('09:00'),
  )
  assert.deepEqual(driver.written(shipmentPlans), [])
})

test('what was done is still under way, and a backorder is a shipment of its own', async () => {
  const driver = await told(
    change({ state: 'done' }),
    change({ id: 8, name: 'WH/OUT/00008', backorder_id: 7 }, '08:00', { id: 8 }),
  )
  assert.equal(planOf(driver)?.status, 'active')
  assert.equal(planOf(driver, 'odoo-lab-picking-8')?.status, 'active')
})

test('a stop without coordinates asks a person, has no ETA and is found by nobody, until somebody says where it is', async () => {
  const nowhere = { ...SHOP, partner_latitude: 0, partner_longitude: 0 }
  const driver = await told(change({ partner_id: nowhere }))
  const place = planOf(driver)?.stops[1]?.place
  assert.deepEqual([place?.name, place?.latitude, place?.longitude], [SHOP.name, null, null])
  await driver.tick(t('08:30'))
  const [asked] = driver.written(cases).map(({ value }) => value)
  assert.deepEqual(
    [asked?.kind, asked?.stopId, asked?.state, asked?.basis],
    ['stop_without_coordinates', 'delivery', 'open', `nobody knows where ${SHOP.name} is`],
  )
  await driver.feed(change({}, '09:00'))
  await driver.tick(t('09:30'))
  assert.equal(driver.written(cases).at(-1)?.value.state, 'withdrawn')
})

test('an older reading changes nothing that holds, but says who rode before', async () => {
  const first = change()
  const second = change({ batch_id: { ...row.batch_id, vehicle_id: { id: 2, license_plate: 'NEW-1' } } }, '09:00')
  const driver = await told(second, first)
  assert.equal(planOf(driver)?.vehicleId, 'NEW1')
  const rides = new Map(driver.written(vehicleAssignments).map(({ value }) => [value.vehicleId, value.periods]))
  assert.equal(rides.get('95BXK7')?.[0]?.until, t('09:00'))
  assert.equal(rides.get('NEW1')?.[0]?.from, t('09:00'))
})

for (const order of ['Odoo first', 'TMS first'])
  test(`a TMS and Odoo speak of one shipment, and field by field the TMS is believed first: ${order}`, async () => {
    const mine = tms([LAB_7, { scheme: 'bol', value: 'BOL-9' }], { carrierId: null, vehicleId: 'TRUCK-7' })
    const driver = await told(...(order === 'Odoo first' ? [change(), mine] : [mine, change()]))
    const plan = planOf(driver)
    assert.deepEqual(
      [plan?.status, plan?.vehicleId, plan?.customerId, plan?.carrierId, plan?.companyId],
      ['active', 'TRUCK-7', 'CUST-1', 'odoo-carrier-2', 'odoo-company-1'],
    )
    assert.deepEqual(
      plan?.stops.map(({ stopId }) => stopId),
      ['hamburg', 'copenhagen'],
    )
    const links = linksOf(driver)
    for (const link of ['bol BOL-9', 'odoo.picking lab/7', 'po PO-4500006', 'shipment SHP-9', 'tracking TR-1'])
      assert.ok(links.includes(link), link)
    assert.equal(planOf(driver, 'SHP-9')?.status, 'cancelled', 'under its own name nobody waits for it')
    assert.deepEqual(linksOf(driver, 'SHP-9'), [])
  })

test('where the TMS names no vehicle the one of Odoo rides', async () => {
  const driver = await told(change(), tms([LAB_7], { vehicleId: null }))
  assert.equal(planOf(driver)?.vehicleId, '95BXK7')
})

test('a TMS that names the picking no more goes its own way, and the picking is Odoo’s again', async () => {
  const driver = await told(change(), tms([LAB_7]), tms([], { occurredAt: t('05:00') }))
  assert.deepEqual(
    planOf(driver)?.stops.map(({ stopId }) => stopId),
    ['pickup', 'delivery'],
  )
  assert.equal(planOf(driver, 'SHP-9')?.status, 'active')
})

test('a TMS that names several pickings has each of them planned so; two that name one: the later holds', async () => {
  const lab8 = { ...LAB_7, value: 'lab/8' }
  const driver = await told(tms([LAB_7, lab8]), change(), change({ id: 8 }, '08:00', { id: 8 }))
  for (const id of [ID, 'odoo-lab-picking-8'])
    assert.deepEqual(
      planOf(driver, id)?.stops.map(({ stopId }) => stopId),
      ['hamburg', 'copenhagen'],
    )
  await driver.feed(tms([LAB_7], { shipmentId: 'SHP-10', customerId: 'LATER', occurredAt: t('05:00') }))
  assert.equal(planOf(driver)?.customerId, 'LATER')
  assert.equal(planOf(driver, 'odoo-lab-picking-8')?.customerId, 'CUST-1')
})

test('a picking’s name, or a number without a database, is only a reference', async () => {
  const driver = await told(
    tms([
      { scheme: 'odoo.picking', value: 'WH/OUT/00007' },
      { scheme: 'odoo.picking', value: '7' },
    ]),
  )
  assert.equal(planOf(driver, 'SHP-9')?.status, 'active')
})
