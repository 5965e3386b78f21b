/** What people of the simulated company do at their Odoo. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CASE_ANSWER, CASE_MODEL, SHIPMENT_MODEL } from '../../../odoo/names.ts'
import type { PlanDelivery } from '../../../tools/feeder/delivery.ts'
import { OdooStore } from '../../../tools/odoo/store.ts'
import { attend, intentOf } from '../../../tools/simulate/dispatchers.ts'
import type { Happening } from '../../../tools/simulate/happenings.ts'
import { Office } from '../../../tools/simulate/office.ts'
import { simulated } from '../../../tools/simulate/world.ts'

const MINUTE = 60_000
const startAt = Date.parse('2026-03-02T06:00:00Z')
const world = () => [...simulated({ seed: 'office', vehicles: 20, shipments: 60, startAt, partners: ['northline'] })]
const plansIn = (happenings: readonly Happening[]): PlanDelivery[] =>
  happenings.flatMap(each => ('delivery' in each && each.delivery.kind === 'plan' ? each.delivery : []))
const pickingOf = ({ plan }: PlanDelivery) =>
  Number(plan.references.find(({ scheme }) => scheme === 'odoo.picking')?.value.replace(/^demo\//, ''))

test('every order is one picking, however often and in whatever order its plan is told', () => {
  const store = new OdooStore(() => startAt)
  const office = new Office(store, 'demo')
  const happenings = world()
  const told = happenings.map(each => office.heard(each))
  const plans = plansIn(told)
  const byShipment = new Map<string, Set<number>>()
  for (const each of plans)
    byShipment.set(each.shipmentId, (byShipment.get(each.shipmentId) ?? new Set()).add(pickingOf(each)))
  assert.equal(byShipment.size, 60)
  assert.ok(plans.length > 62, 'some are told more than once')
  for (const [shipmentId, pickings] of byShipment) assert.equal(pickings.size, 1, shipmentId)
  assert.equal(store.rows('stock.picking').length, 60)
  assert.deepEqual(new Set(office.names().values()), new Set(byShipment.keys()))
  const others = (all: readonly Happening[]) => all.filter(each => plansIn([each]).length === 0)
  assert.deepEqual(others(told), others(happenings), 'what is no plan goes its way')
})

test('a picking says what the last version of its plan says', () => {
  const store = new OdooStore(() => startAt)
  const office = new Office(store, 'demo')
  const plans = plansIn(world().map(each => office.heard(each)))
  const last = new Map<string, PlanDelivery>()
  for (const each of plans)
    if (each.plan.plannedAt > (last.get(each.shipmentId)?.plan.plannedAt ?? '')) last.set(each.shipmentId, each)
  let cancelled = 0
  for (const each of last.values()) {
    const { stops, status, vehicleId } = each.plan
    const row = store.row('stock.picking', pickingOf(each))
    const at = (model: string, id: unknown) => store.row(model, Number(id))
    const dock = at('stock.picking.type', row?.['picking_type_id'])
    const house = at('res.partner', at('stock.warehouse', dock?.['warehouse_id'])?.['partner_id'])
    assert.equal(house?.['name'], stops[0]?.place.name)
    assert.equal(at('res.partner', row?.['partner_id'])?.['partner_latitude'], stops.at(-1)?.place.latitude)
    assert.equal(row?.['scheduled_date'], Date.parse(stops[0]?.plannedArrival ?? ''))
    assert.equal(row['state'], status === 'cancelled' ? 'cancel' : 'assigned')
    const truck = at('fleet.vehicle', at('stock.picking.batch', row['batch_id'])?.['vehicle_id'])
    assert.equal(truck?.['license_plate'], vehicleId)
    if (status === 'cancelled') cancelled++
  }
  assert.ok(cancelled > 0)
})

test('an office that opens again goes on with the pickings that it has', () => {
  const store = new OdooStore(() => startAt)
  const before = plansIn(world().map(each => new Office(store, 'demo').heard(each))).map(pickingOf)
  const office = new Office(store, 'demo')
  assert.deepEqual(plansIn(world().map(each => office.heard(each))).map(pickingOf), before)
  assert.equal(store.rows('stock.picking').length, 60)
  assert.deepEqual([store.rows('res.company').length, store.rows('res.users').length], [1, 3])
})

test('people take some of the cases, comment some of them once and resolve some; what is closed they leave', () => {
  let now = startAt
  const store = new OdooStore(() => now)
  const { people } = new Office(store, 'demo')
  const ids = store.do(tx =>
    Array.from({ length: 100 }, (_, n) =>
      tx.create(CASE_MODEL, { x_case_id: `c${n}`, x_kind: 'late', x_state: 'open', x_basis: 'as it is' }),
    ),
  )
  const closed = store.do(tx => tx.create(CASE_MODEL, { x_case_id: 'c0', x_kind: 'late', x_state: 'resolved' }))
  for (let minute = 0; minute <= 30; minute++) {
    attend(store, people)
    now += MINUTE
  }
  const rows = ids.map(id => store.row(CASE_MODEL, id) ?? {}) as Record<string, unknown>[]
  const intents = rows.map(row => intentOf(String(row['x_case_id']), 'late', people))
  const wanted = (what: 'takes' | 'says' | 'resolves') => intents.filter(intent => intent[what] !== undefined).length
  const taken = rows.filter(row => row[CASE_ANSWER.assignee] !== false)
  assert.equal(taken.length, wanted('takes'))
  assert.ok(taken.length > 40 && taken.length < 70)
  assert.ok(taken.every(row => row[CASE_ANSWER.assignedBasis] === 'as it is'))
  const resolved = rows.filter(row => row[CASE_ANSWER.resolvedAt] !== false)
  assert.equal(resolved.length, wanted('resolves'))
  assert.ok(resolved.length > 5)
  assert.ok(resolved.every(row => row[CASE_ANSWER.resolvedBy] === row[CASE_ANSWER.assignee]))
  assert.equal(store.rows('mail.message').length, wanted('says'), 'each says it once')
  assert.equal(store.row(CASE_MODEL, closed)?.[CASE_ANSWER.assignee], false)
})

test('what Milepost says is delivered is validated', () => {
  const store = new OdooStore(() => startAt)
  const { people } = new Office(store, 'demo')
  const [there, underWay] = store.do(tx =>
    ['Delivered', 'Departed pickup'].map(x_milestone => {
      const picking = tx.create('stock.picking', { state: 'assigned' })
      tx.create(SHIPMENT_MODEL, { x_milestone, x_picking_id: picking })
      return picking
    }),
  ) as [number, number]
  attend(store, people)
  assert.equal(store.row('stock.picking', there)?.['state'], 'done')
  assert.equal(store.row('stock.picking', underWay)?.['state'], 'assigned')
})
