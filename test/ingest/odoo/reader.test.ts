/** What changes in Odoo is in the log, once: whatever the order of commits, wherever the reader dies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { confirm, validate } from '../../../tools/odoo/world.ts'
import { reading } from './reading.ts'

const PICKING = 'stock.picking'
const AT = Date.parse('2026-03-03T12:00:00Z')

test('the first reading says everything once, page by page, and the next one nothing', async t => {
  const { store, world, begin, said, rows, pass } = await reading(t)
  store.do(tx => {
    for (let n = 0; n < 95; n++)
      confirm(tx, { type: world.outgoing[n % 2] ?? 0, partner: world.customers[n % 12] ?? 0, at: AT })
  })
  pass(10)
  const { round } = await begin()
  await round()
  assert.equal(rows(PICKING).size, 95)
  assert.equal(said(PICKING).length, 95, 'all of one second, more than fill a page, and none twice')
  assert.equal(rows('res.partner').size, 14)
  const [first] = said(PICKING)
  assert.deepEqual([first?.source, first?.value.companyId], ['odoo:lab', '1'])
  const before = said().length
  pass(20)
  await round()
  assert.equal(said().length, before)
})

test('what a long transaction commits late is found, though later writes were read before', async t => {
  const { store, world, begin, rows, pass } = await reading(t)
  const [a, b] = store.do(tx =>
    [0, 1].map(n => confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[n] ?? 0, at: AT })),
  ) as [number, number]
  const { round } = await begin()
  await round()
  pass(600)
  const long = store.begin()
  long.write(PICKING, [a], { carrier_tracking_ref: 'LONG' })
  for (let n = 0; n < 14; n++) {
    pass(10)
    store.do(tx => {
      tx.write(PICKING, [b], { note: String(n) })
    })
    await round()
  }
  long.commit()
  assert.ok(
    store.rows(PICKING).some(({ id, write_date }) => id === b && (write_date as number) > long.startedAt + 100_000),
  )
  await round()
  assert.equal(rows(PICKING).get(a)?.['carrier_tracking_ref'], 'LONG')
})

test('two writes within one second are two readings, and the same row again is none', async t => {
  const { store, world, begin, said } = await reading(t)
  const id = store.do(tx => confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[0] ?? 0, at: AT }))
  const { round } = await begin()
  await round()
  for (const ref of ['A', 'B', 'A']) {
    // Not even a millisecond passes.
    store.do(tx => {
      tx.write(PICKING, [id], { carrier_tracking_ref: ref })
    })
    await round()
    await round()
  }
  const readings = said(PICKING).map(
    ({ value }) => (JSON.parse(value.row) as Record<string, unknown>)['carrier_tracking_ref'],
  )
  assert.deepEqual(readings, [false, 'A', 'B', 'A'])
  const revisions = said(PICKING).map(({ value }) => value.revision)
  assert.deepEqual(
    revisions,
    [...new Set(revisions)].sort((x, y) => x - y),
  )
  assert.equal(new Set(said(PICKING).map(({ eventId }) => eventId)).size, 4, 'each with an id of its own')
})

test('a change of what pickings point to has them read again, though none of them was written', async t => {
  const { store, world, begin, rows, pass } = await reading(t, { pageRows: 5 })
  const [customer = 0] = world.customers
  const [vehicle = 0] = world.vehicles
  const [warehouse = 0] = world.warehouses
  const [batch, ...ids] = store.do(tx => {
    const made = tx.create('stock.picking.batch', { name: 'B1', company_id: 1 })
    const pickings = Array.from({ length: 12 }, () =>
      confirm(tx, { type: world.outgoing[0] ?? 0, partner: customer, at: AT }),
    )
    tx.write(PICKING, pickings, { batch_id: made, carrier_id: world.carriers[0] })
    return [made, ...pickings]
  })
  const { round } = await begin()
  await round()
  const changed = async (model: string, id: number, vals: Record<string, unknown>) => {
    pass(400)
    // Others are written, so that these lie behind what is asked for again.
    store.do(tx => confirm(tx, { type: world.outgoing[1] ?? 0, partner: world.customers[5] ?? 0, at: AT }))
    await round()
    pass(5)
    store.do(tx => {
      tx.write(model, [id], vals)
    })
    await round()
    return ids.map(one => rows(PICKING).get(one) as Record<string, Record<string, unknown>>)
  }
  const all = (found: readonly unknown[], wanted: unknown) => {
    assert.deepEqual([...new Set(found)], [wanted])
  }
  all(
    (await changed('res.partner', customer, { partner_latitude: 48 })).map(
      row => row['partner_id']?.['partner_latitude'],
    ),
    48,
  )
  const house = store.row('stock.warehouse', warehouse)?.['partner_id'] as number
  all(
    (await changed('res.partner', house, { city: 'Delft' })).map(row => row['warehouse_address_id']?.['city']),
    'Delft',
  )
  all(
    (await changed('delivery.carrier', world.carriers[0] ?? 0, { name: 'New' })).map(
      row => row['carrier_id']?.['name'],
    ),
    'New',
  )
  const vehicleOf = (row: Record<string, Record<string, unknown>>) =>
    row['batch_id']?.['vehicle_id'] as Record<string, unknown>
  await changed('stock.picking.batch', batch, { vehicle_id: vehicle })
  all(
    (await changed('fleet.vehicle', vehicle, { license_plate: '00-NEW-0' })).map(
      row => vehicleOf(row)['license_plate'],
    ),
    '00-NEW-0',
  )
  const before = (await changed('res.partner', world.customers[1] ?? 0, { city: 'Elsewhere' })).length
  assert.equal(before, 12)
})

test('what is gone is said to be gone, what was never noticed is found, and archived records stay', async t => {
  const { store, world, begin, said, rows, pass } = await reading(t)
  const [a, b] = store.do(tx =>
    [0, 1].map(n => confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[n] ?? 0, at: AT })),
  ) as [number, number]
  const first = await begin()
  await first.round()
  pass(5)
  // Longer than any overlap.
  const endless = store.begin()
  endless.write(PICKING, [a], { carrier_tracking_ref: 'ENDLESS' })
  pass(4_000)
  store.do(tx => {
    tx.unlink(PICKING, [b])
    tx.write('res.partner', [world.customers[2] ?? 0], { active: false })
    confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[3] ?? 0, at: AT })
  })
  await first.round()
  endless.commit()
  await first.round()
  assert.equal(rows(PICKING).get(a)?.['carrier_tracking_ref'], false)
  await first.book.close()
  const second = await begin(undefined, { sweepMs: 0 })
  await second.round()
  assert.equal(rows(PICKING).get(a)?.['carrier_tracking_ref'], 'ENDLESS')
  assert.equal(rows(PICKING).has(b), false)
  assert.equal(said(PICKING).filter(({ value }) => value.deleted).length, 1)
  assert.deepEqual(
    said('res.partner')
      .filter(({ value }) => !value.active)
      .map(({ value }) => [value.id, value.deleted]),
    [[world.customers[2], false]],
  )
  const before = said().length
  await second.round()
  assert.equal(said().length, before)
})

test('wherever the reader is killed, nothing is lost and nothing is said twice', async t => {
  const { store, world, begin, said, rows, pass, dying } = await reading(t, { pageRows: 7 })
  const ids = store.do(tx =>
    Array.from({ length: 40 }, (_, n) =>
      confirm(tx, { type: world.outgoing[n % 2] ?? 0, partner: world.customers[n % 12] ?? 0, at: AT }),
    ),
  )
  let killed = 0
  for (let life = 0; life < 60; life++) {
    pass(3)
    store.do(tx => {
      const id = ids[(life * 7) % ids.length] ?? 0
      if (tx.read(PICKING, id)?.['state'] !== 'done') tx.write(PICKING, [id], { carrier_tracking_ref: `T${life}` })
      if (life % 9 === 0) validate(tx, id)
      tx.write('res.partner', [world.customers[life % 12] ?? 0], { city: `City ${life}` })
    })
    let left = 1 + (life % 11)
    const log = dying(doing => {
      if (doing.startsWith('commit') && --left === 0) throw new Error('killed')
      return undefined
    })
    const { round } = await begin(log)
    await round().catch((error: unknown) => {
      assert.match(String(error), /killed/)
      killed++
    })
    log.alive = false
    for (const task of log.disk.tasks.values()) task.owner = undefined
  }
  pass(3)
  await (await begin(undefined, { sweepMs: 0 })).round()
  for (const row of store.rows(PICKING)) {
    const found = rows(PICKING).get(row.id) as Record<string, Record<string, unknown>> | undefined
    assert.equal(found?.['state'], row['state'])
    assert.equal(found?.['carrier_tracking_ref'], row['carrier_tracking_ref'])
    const partner = store.row('res.partner', row['partner_id'] as number)
    assert.equal(found?.['partner_id']?.['city'], partner?.['city'])
  }
  assert.ok(killed > 30, `killed ${killed} times`)
  const contents = said().map(({ value }) => `${value.model} ${value.id} ${value.revision}`)
  assert.equal(new Set(contents).size, contents.length)
})

test('a user who may not see vehicles reads the rest, and of a vehicle its name', async t => {
  const { store, world, begin, rows, logged } = await reading(t, { user: { hidden: ['fleet.vehicle'] } })
  store.do(tx => {
    const batch = tx.create('stock.picking.batch', { name: 'B', vehicle_id: world.vehicles[0] })
    const id = confirm(tx, { type: world.outgoing[0] ?? 0, partner: world.customers[0] ?? 0, at: AT })
    tx.write(PICKING, [id], { batch_id: batch })
  })
  await (await begin()).round()
  const batch = rows(PICKING).get(1)?.['batch_id'] as Record<string, Record<string, unknown>>
  assert.equal(batch['vehicle_id']?.['display_name'], 'DAF/XF 480/95-BXK-7')
  assert.match(logged.join('\n'), /the user may not .*fleet\.vehicle/)
})

test('of another company nothing is read by who may not', async t => {
  const { store, world, begin, rows } = await reading(t, { user: { companies: [1] } })
  store.do(tx => {
    for (const type of world.outgoing) confirm(tx, { type, partner: world.customers[0] ?? 0, at: AT })
  })
  await (await begin()).round()
  assert.deepEqual([...rows(PICKING).keys()], [1])
})
