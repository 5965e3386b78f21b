/**
 * A day at an Odoo, the stand-in: more than 300 pickings, three people at work at once, transactions of minutes, and a poller that is
 * killed again and again. In the end every plan is what Odoo says. Beside it, what a plain `write_date >` cursor would have lost.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import { OdooBook } from '../../ingest/odoo/book.ts'
import { OdooClient } from '../../odoo/client.ts'
import { OdooPoll } from '../../ingest/odoo/poll.ts'
import { localWire } from '../../schemas/codec.ts'
import type { ShipmentPlan } from '../../schemas/generated/events.ts'
import { cases, deadLetters, odooChanges, shipmentPlans, vehicleAssignments } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import { MemoryLog } from '../../streams/log/memory.ts'
import type { Instant } from '../../streams/time.ts'
import { random } from '../../tools/feeder/random.ts'
import { day } from '../../tools/odoo/day.ts'
import { standIn } from '../../tools/odoo/server.ts'
import { OdooStore, type Row } from '../../tools/odoo/store.ts'
import { settle } from '../../tools/odoo/world.ts'
import { options } from '../support/pipeline.ts'

const PICKING = 'stock.picking'
const KEY = 'key-of-the-bot'
const POLL_MS = 15_000
const HOURS = 3

/** The plan that Odoo's own tables ask for, put together without any of what is being tested. */
function wanted(store: OdooStore, row: Row): Record<string, unknown> {
  const at = (model: string, id: unknown) => (typeof id === 'number' ? store.row(model, id) : undefined)
  const type = at('stock.picking.type', row['picking_type_id'])
  const house = at('res.partner', at('stock.warehouse', type?.['warehouse_id'])?.['partner_id'])
  const shop = at('res.partner', row['partner_id'])
  const batch = at('stock.picking.batch', row['batch_id'])
  const vehicle = at('fleet.vehicle', batch?.['vehicle_id'])
  const second = (ms: unknown) => Math.floor(Number(ms) / 1_000) * 1_000
  const place = (partner: Row | undefined) => {
    const [latitude, longitude] = [Number(partner?.['partner_latitude']), Number(partner?.['partner_longitude'])]
    return latitude === 0 && longitude === 0 ? [null, null] : [latitude, longitude]
  }
  return {
    status: row['state'] === 'cancel' ? 'cancelled' : 'active',
    vehicleId: vehicle
      ? String(vehicle['license_plate'])
          .toUpperCase()
          .replaceAll(/[^A-Z0-9]/g, '')
      : null,
    carrierId: row['carrier_id'] === false ? null : `odoo-carrier-${String(row['carrier_id'])}`,
    companyId: `odoo-company-${String(type?.['company_id'])}`,
    customerId: shop?.['ref'] === false ? `odoo-partner-${shop.id}` : shop?.['ref'],
    loadId: batch ? `odoo-lab-batch-${batch.id}` : null,
    places: [place(house), place(shop)],
    planned: second(row['scheduled_date']),
    due: second(row['date_deadline']),
    tracked: row['carrier_tracking_ref'],
  }
}
const found = (plan: ShipmentPlan | undefined): Record<string, unknown> | undefined =>
  plan && {
    status: plan.status,
    vehicleId: plan.vehicleId,
    carrierId: plan.carrierId,
    companyId: plan.companyId,
    customerId: plan.customerId,
    loadId: plan.loadId,
    places: plan.stops.map(({ place }) => [place.latitude, place.longitude]),
    planned: plan.stops[1]?.plannedArrival,
    due: plan.stops[1]?.dueBy,
    tracked: plan.references.find(({ scheme }) => scheme === 'tracking')?.value ?? false,
  }

for (const seed of ['monday'])
  test(`at the end of ${seed} every plan is what Odoo says, and nothing was said twice`, async t => {
    const clock = { at: Date.parse('2026-03-02T06:00:00Z') }
    const rng = random(seed)
    const store = new OdooStore(() => clock.at)
    const world = settle(store)
    const odoo = await standIn({
      ...{ store, database: 'lab' },
      keys: new Map([[KEY, { id: 5, companies: world.companies }]]),
    })
    t.after(() => odoo.close())
    const driver = await drive(processors, { ...options, partitions: 3 })
    const client = new OdooClient({ url: odoo.url, database: 'lab', apiKey: KEY })
    let kills = 0
    let polls = 0

    const begin = async (mayDie: boolean) => {
      let left = mayDie ? rng.whole(1, 150) : Infinity
      const log = new MemoryLog(driver.disk, doing => {
        if (--left <= 0) throw new Error(`killed at ${doing}`)
        return undefined
      })
      const poll = new OdooPoll({
        ...{ log, client, wire: localWire, pageRows: 40, every: { sweepMs: 600_000 } },
        receivedAt: () => clock.at as Instant,
        now: () => clock.at,
        metrics: { records: { inc: () => undefined } },
        gauges: { readUntil: { set: () => undefined }, firstReading: { set: () => undefined } },
        logger: { info: () => undefined, warn: () => undefined },
      })
      return { log, poll, book: await OdooBook.claim(log, 'lab') }
    }
    const die = (log: MemoryLog | undefined) => {
      if (log) log.alive = false
      const task = driver.disk.tasks.get('poll-odoo')
      if (task) task.owner = undefined
    }
    let reader: Awaited<ReturnType<typeof begin>> | undefined
    const pollOnce = async (mayDie = true) => {
      try {
        reader ??= await begin(mayDie)
        await reader.poll.once(reader.book)
        polls++
      } catch (error) {
        assert.match(String(error), /killed at/)
        kills++
        die(reader?.log)
        reader = undefined
      }
    }

    /** What one would write first: all that was written after the last that was seen. */
    const naive = { cursor: '1970-01-01 00:00:00', seen: new Map<number, number>() }
    const work = day(store, world, rng.fork('people'), clock, 360)
    const pollNaively = async () => {
      const domain = [['write_date', '>', naive.cursor]]
      const body = {
        domain,
        specification: { write_date: {} },
        order: 'write_date, id',
        context: { active_test: false },
      }
      const { records } = await client.call<{ records: { id: number; write_date: string }[] }>(
        PICKING,
        'web_search_read',
        body,
      )
      for (const { id, write_date } of records) {
        naive.seen.set(id, work.commits.get(id) ?? 0)
        if (write_date > naive.cursor) naive.cursor = write_date
      }
    }

    const evening = clock.at + HOURS * 3_600_000
    for (let n = 0; clock.at < evening; n++) {
      if (clock.at > evening - 600_000) work.end()
      work.until(clock.at + POLL_MS)
      await pollOnce()
      await pollNaively()
      if (n % 40 === 0) await driver.feedTogether()
      if (n % 200 === 0) await driver.restart()
    }
    die(reader?.log)
    reader = undefined
    await pollOnce(false)
    await driver.feedTogether()

    const plans = new Map<string, ShipmentPlan>()
    for (const { value } of driver.written(shipmentPlans)) {
      const last = plans.get(value.shipmentId)
      if (!last || last.revision < value.revision) plans.set(value.shipmentId, value)
    }
    const rows = store.rows(PICKING)
    const outgoing = rows.filter(row => world.outgoing.includes(row['picking_type_id'] as number))
    for (const row of outgoing)
      assert.deepEqual(found(plans.get(`odoo-lab-picking-${row.id}`)), wanted(store, row), `picking ${row.id}`)
    const there = new Set(outgoing.map(({ id }) => `odoo-lab-picking-${id}`))
    for (const [shipmentId, { status }] of plans) assert.ok(there.has(shipmentId) || status === 'cancelled', shipmentId)

    const changes = driver.written(odooChanges)
    assert.equal(new Set(changes.map(({ eventId }) => eventId)).size, changes.length)
    const contents = changes.map(({ value }) => `${value.model}/${value.id}/${value.revision}`)
    assert.equal(new Set(contents).size, changes.length)
    assert.deepEqual(driver.written(deadLetters), [])
    assert.ok(driver.written(vehicleAssignments).length > 0)
    const unlocated = driver.written(cases).filter(({ value }) => value.kind === 'stop_without_coordinates')
    assert.ok(unlocated.length > 0)

    let lost = 0
    let stale = 0
    for (const [id, commits] of work.commits) {
      if (!store.row(PICKING, id)) continue
      const missed = commits - (naive.seen.get(id) ?? 0)
      lost += missed
      if (missed > 0) stale++
    }
    const { counts } = work
    assert.ok(outgoing.length >= 250 && (counts['confirmed'] ?? 0) >= 300, JSON.stringify(counts))
    for (const what of ['shipped in part', 'cancelled', 'deleted', 'delayed', 'long transactions', 'vehicles swapped'])
      assert.ok((counts[what] ?? 0) > 5, `${what}: ${JSON.stringify(counts)}`)
    assert.ok(kills > 20, `killed ${kills} times`)
    t.diagnostic(
      `${outgoing.length} shipments of ${rows.length} pickings, ${changes.length} changes, ${polls} polls, ${kills} kills; ${JSON.stringify(counts)}`,
    )
    const written = [...work.commits.values()].reduce((sum, n) => sum + n, 0)
    t.diagnostic(
      `a cursor of write_date > alone: ${lost} of ${written} changes never seen, ${stale} pickings as they are no more, and none of the ${counts['deleted'] ?? 0} deletions`,
    )
    assert.ok(lost > 0)
  })
