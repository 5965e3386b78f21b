/**
 * A day at an Odoo, the stand-in: more than 300 pickings, three people at work at once, transactions of minutes, and a poller that is
 * killed again and again. In the end every plan is what Odoo says. Beside it, what a plain `write_date >` cursor would have lost.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import { OdooClient } from '../../odoo/client.ts'
import { cases, odooChanges, vehicleAssignments } from '../../schemas/topics.ts'
import { drive } from '../../streams/drive.ts'
import type { Instant } from '../../streams/time.ts'
import { random } from '../../tools/feeder/random.ts'
import { day } from '../../tools/odoo/day.ts'
import { standIn } from '../../tools/odoo/server.ts'
import { OdooStore } from '../../tools/odoo/store.ts'
import { settle } from '../../tools/odoo/world.ts'
import { assertAsOdoo, mortalPoll, NaiveCursor } from '../support/odoo-day.ts'
import { options } from '../support/pipeline.ts'

const PICKING = 'stock.picking'
const KEY = 'key-of-the-bot'
const POLL_MS = 15_000
const HOURS = 3

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
    const now = () => clock.at
    const poll = mortalPoll({ driver, client, random: rng, now, pageRows: 40, sweepMs: 600_000, longestLife: 150 })
    const naive = new NaiveCursor(client)
    const work = day(store, world, rng.fork('people'), clock, 360)

    const evening = clock.at + HOURS * 3_600_000
    for (let n = 0; clock.at < evening; n++) {
      if (clock.at > evening - 600_000) work.end()
      work.until(clock.at + POLL_MS)
      await poll.once()
      await naive.poll(() => work.commits)
      if (n % 40 === 0) await driver.feedTogether()
      if (n % 40 === 0) await driver.tick(clock.at as Instant)
      if (n % 200 === 0) await driver.restart()
    }
    poll.die()
    await poll.once(false)
    await driver.feedTogether()
    await driver.tick((clock.at + 60_000) as Instant)

    const outgoing = assertAsOdoo(driver, store, world.outgoing)
    assert.ok(driver.written(vehicleAssignments).length > 0)
    const unlocated = driver.written(cases).filter(({ value }) => value.kind === 'stop_without_coordinates')
    assert.ok(unlocated.length > 0)

    const { counts } = work
    assert.ok(outgoing.length >= 250 && (counts['confirmed'] ?? 0) >= 300, JSON.stringify(counts))
    for (const what of ['shipped in part', 'cancelled', 'deleted', 'delayed', 'long transactions', 'vehicles swapped'])
      assert.ok((counts[what] ?? 0) > 5, `${what}: ${JSON.stringify(counts)}`)
    assert.ok(poll.kills > 20, `killed ${poll.kills} times`)
    t.diagnostic(
      `${outgoing.length} shipments of ${store.rows(PICKING).length} pickings, ${driver.written(odooChanges).length} changes, ${poll.polls} polls, ${poll.kills} kills; ${JSON.stringify(counts)}`,
    )
    const written = [...work.commits.values()].reduce((sum, n) => sum + n, 0)
    const lost = naive.lost(work.commits, id => store.row(PICKING, id) !== undefined)
    t.diagnostic(
      `a cursor of write_date > alone: ${lost.changes} of ${written} changes never seen, ${lost.stale} pickings as they are no more, and none of the ${counts['deleted'] ?? 0} deletions`,
    )
    assert.ok(lost.changes > 0)
  })
