/**
 * A day at a real Odoo 19: three people at work at once, transactions that go on for many seconds, and a poller that is killed again
 * and again. In the end every plan is what Odoo's tables say. MILEPOST_ODOO_PICKINGS makes it longer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import { cases, odooChanges, vehicleAssignments } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import type { Instant } from '../../streams/time.ts'
import { random } from '../../tools/feeder/random.ts'
import { clientOf, companyOf } from '../../tools/odoo-real/company.ts'
import { day } from '../../tools/odoo-real/day.ts'
import { odooIsHere } from '../../tools/odoo-real/install.ts'
import { RealOdoo } from '../../tools/odoo-real/start.ts'
import { assertAsOdoo, mortalPoll, NaiveCursor, type TableRow, type Tables } from '../support/odoo-day.ts'
import { options } from '../support/pipeline.ts'

const PICKINGS = Number(process.env['MILEPOST_ODOO_PICKINGS'] ?? 100)
/** For each picking that is confirmed two other things are done, by three people: so this is a lot. */
const LONGEST_MS = 60_000 + PICKINGS * 3_000
const POLL_MS = 1_000
const PICKING = 'stock.picking'
const MODELS = [
  ...[PICKING, 'stock.picking.type', 'stock.warehouse', 'stock.picking.batch'],
  ...['res.partner', 'fleet.vehicle'],
]

const real = odooIsHere()

/** Odoo's tables by SQL, past all that reads Odoo otherwise. */
async function tablesOf(odoo: RealOdoo): Promise<Tables> {
  const all = new Map<string, Map<number, TableRow>>()
  for (const model of MODELS) {
    const said = await odoo.sql(`SELECT to_json(t) FROM ${model.replaceAll('.', '_')} t ORDER BY id`)
    const rows = said.split('\n').map(line => plain(JSON.parse(line) as object))
    all.set(model, new Map(rows.map(row => [row.id, row])))
  }
  return {
    row: (model, id) => all.get(model)?.get(id),
    rows: model => [...(all.get(model)?.values() ?? [])],
  }
}
const plain = (row: object): TableRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => {
      const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(value)
      return [name, isTime ? Date.parse(`${value}Z`) : (value ?? false)]
    }),
  ) as unknown as TableRow

test(
  `after ${PICKINGS} orders at a real Odoo every plan is what its tables say`,
  { skip: !real.here && real.why, timeout: LONGEST_MS },
  async t => {
    await using odoo = await RealOdoo.start({ workers: 6 })
    const rng = random('tuesday')
    const driver = await drive(processors, { ...options, partitions: 3 })
    const client = clientOf(odoo, 'milepost-fleet')
    const now = () => Date.now()
    const poll = mortalPoll({ driver, client, random: rng, now, pageRows: 40, sweepMs: 20_000, longestLife: 300 })
    const naive = new NaiveCursor(client)
    const { warehouses } = await companyOf(clientOf(odoo, 'anna'))
    const work = await day(odoo, rng.fork('people'), PICKINGS)

    const home = work.over.then(() => 'home' as const)
    let time: 'home' | undefined
    for (let n = 0; time !== 'home'; n++) {
      await poll.once()
      await naive.poll(() => work.commits())
      if (n % 10 === 0) await driver.feedTogether()
      if (n % 40 === 0) await driver.restart()
      time = await Promise.race([home, new Promise<undefined>(resolve => setTimeout(resolve, POLL_MS, undefined))])
    }
    poll.die()
    await poll.once(false)
    await naive.poll(() => work.commits())
    await driver.feedTogether()
    await driver.tick((Date.now() + 60_000) as Instant)

    const tables = await tablesOf(odoo)
    const outgoing = assertAsOdoo(
      driver,
      tables,
      warehouses.map(house => house.outgoing),
    )
    const { counts } = work
    t.diagnostic(
      `${outgoing.length} shipments of ${tables.rows(PICKING).length} pickings, ${driver.written(odooChanges).length} changes, ${poll.polls} polls, ${poll.kills} kills; ${JSON.stringify(counts)}`,
    )
    const commits = await work.commits()
    const lost = naive.lost(commits, id => tables.row(PICKING, id) !== undefined)
    const written = [...commits.values()].reduce((sum, n) => sum + n, 0)
    t.diagnostic(
      `a cursor of write_date > alone: ${lost.changes} of ${written} changes never seen, ${lost.stale} pickings as they are no more, and none of the ${counts['deleted'] ?? 0} deletions`,
    )
    assert.ok((counts['confirmed'] ?? 0) > PICKINGS * 0.9, JSON.stringify(counts))
    for (const what of ['shipped', 'shipped in part', 'cancelled', 'deleted', 'delayed', 'loaded', 'vehicles swapped'])
      assert.ok((counts[what] ?? 0) > 0, `${what}: ${JSON.stringify(counts)}`)
    assert.ok((counts['long transactions'] ?? 0) > 0, JSON.stringify(counts))
    assert.ok(outgoing.some(row => row['backorder_id'] !== false))
    assert.ok(poll.kills > 3, `killed ${poll.kills} times`)
    assert.ok(lost.changes > 0)
    assert.ok(driver.written(vehicleAssignments).length > 0)
    assert.ok(driver.written(cases).some(({ value }) => value.kind === 'stop_without_coordinates'))
  },
)
