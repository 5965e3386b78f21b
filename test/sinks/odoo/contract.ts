/** What holds of an Odoo with the module, be it the stand-in or a real one. One after the other: each builds on the last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from '../../../odoo/check.ts'
import { install, tracesOf, uninstall } from '../../../odoo/module/install.ts'
import { CASE_ANSWER, CASE_MODEL, SHIPMENT_MODEL } from '../../../odoo/names.ts'
import { casesSink } from '../../../sinks/odoo/cases.ts'
import { etasSink } from '../../../sinks/odoo/etas.ts'
import { milestonesSink } from '../../../sinks/odoo/milestones.ts'
import { Unavailable, Unwritable } from '../../../streams/sink.ts'
import { aCase, aMilestone, anEta, batch, clientOf, gateOf, type Ground, LINKS, MINUTE, NOW } from './ground.ts'

type Rows = readonly Readonly<Record<string, unknown>>[]

export function contract(of: string, g: Ground): void {
  const says = (title: string) => `${of}: ${title}`
  const admin = () => clientOf(g, g.admin)
  const bot = () => clientOf(g, g.bot)
  const shown = (model: string, domain: readonly unknown[], fields: readonly string[]) =>
    bot().call<Rows>(model, 'search_read', { domain, fields, order: 'id' })
  const theCase = async (caseId: string, ...fields: string[]) =>
    (await shown(CASE_MODEL, [['x_case_id', '=', caseId]], ['x_state', 'x_revision', 'x_picking_id', ...fields]))[0]
  const isTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

  test(says('without the module records wait, and it is said once what to do'), async () => {
    await uninstall(admin())
    const { gate, told } = gateOf(bot(), { pace: { refusedMs: 30 } })
    for (let n = 0; n < 2; n++) {
      const written = casesSink(gate, LINKS).write(batch(aCase(g, 'c1')))
      await assert.rejects(written, (error: unknown) => error instanceof Unavailable && error.retryAfter > 0)
      await new Promise(resolve => setTimeout(resolve, 40))
    }
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /not installed in Odoo: run "milepost odoo install"/)
    const lacks = (await check(bot(), g.url, new Date())).filter(({ what }) => what === CASE_MODEL)
    assert.match(lacks[0]?.says ?? '', /milepost odoo install/)
    // The same gate finds it, once it is there.
    assert.equal((await install(admin())).before, undefined)
    await casesSink(gate, LINKS).write(
      batch(aCase(g, 'c1', { picking: g.pickings[0], companyId: `odoo-company-${g.company}` })),
    )
    assert.equal(told.at(-1), 'Odoo takes records again')
    assert.ok((await check(bot(), g.url, new Date())).every(({ state }) => state !== 'bad'))
  })

  test(says('only an administrator brings a module'), async () => {
    await assert.rejects(install(bot()), { name: 'OdooRefused', status: 403 })
  })

  test(says('the same batch twice is the same record, at its newest'), async () => {
    const { gate } = gateOf(bot())
    const sink = casesSink(gate, LINKS)
    const about = { picking: g.pickings[0], companyId: `odoo-company-${g.company}` }
    // The higher revision comes first: it holds.
    const both = batch(
      aCase(g, 'c1', { ...about, revision: 3, state: 'acknowledged', owner: 'Anna' }),
      aCase(g, 'c1', { ...about, revision: 2 }),
    )
    await sink.write(both)
    const once = await theCase('c1', 'x_owner', 'x_evidence', 'x_opened_at', 'x_url', 'x_company_id')
    await sink.write(both)
    assert.deepEqual(await theCase('c1', 'x_owner', 'x_evidence', 'x_opened_at', 'x_url', 'x_company_id'), once)
    assert.equal((await shown(CASE_MODEL, [['x_case_id', '=', 'c1']], ['x_name'])).length, 1)
    assert.equal(once?.['x_revision'], 3)
    assert.equal(once['x_state'], 'acknowledged')
    assert.equal(once['x_evidence'], 'Minutes late: 45')
    assert.equal(once['x_opened_at'], isTime(NOW), 'in UTC, whatever the zone of the user')
    assert.equal(once['x_url'], `https://tower.example/?shipment=odoo-${g.database}-picking-${g.pickings[0]}`)
    assert.equal((once['x_picking_id'] as [number])[0], g.pickings[0])
  })

  test(says('what people answered is theirs: our writing leaves it'), async () => {
    const { gate } = gateOf(bot())
    const sink = casesSink(gate, LINKS)
    const [row] = await shown(CASE_MODEL, [['x_case_id', '=', 'c1']], ['x_basis'])
    const vals = { [CASE_ANSWER.assignee]: g.person, [CASE_ANSWER.resolution]: 'called' }
    await bot().call(CASE_MODEL, 'write', { ids: [row?.['id']], vals })
    const answers = Object.values(CASE_ANSWER)
    const before = await theCase('c1', ...answers)
    assert.equal(before?.[CASE_ANSWER.assignedBasis], row?.['x_basis'], 'what it rested on is noted with it')
    await sink.write(batch(aCase(g, 'c1', { picking: g.pickings[0], revision: 4, basis: 'another' })))
    const after = await theCase('c1', ...answers)
    for (const answer of answers) assert.deepEqual(after?.[answer], before?.[answer], answer)
    assert.equal(after?.['x_revision'], 4)
  })

  test(says('who takes care of a bad case has one activity, until it closes'), async () => {
    const { gate } = gateOf(bot())
    const sink = casesSink(gate, LINKS)
    const open = batch(aCase(g, 'c1', { picking: g.pickings[0], revision: 5 }))
    const activities = () => shown('mail.activity', [['res_model', '=', CASE_MODEL]], ['summary', 'user_id'])
    await sink.write(open)
    await sink.write(open)
    assert.deepEqual(
      (await activities()).map(({ summary }) => summary),
      ['Milepost: Late: delivery'],
    )
    const closed = { state: 'resolved', closedAt: NOW, revision: 6 } as const
    await sink.write(batch(aCase(g, 'c1', { picking: g.pickings[0], ...closed })))
    assert.deepEqual(await activities(), [])
  })

  test(says('what was over before Odoo heard of it is not brought there'), async () => {
    const { gate } = gateOf(bot())
    await casesSink(gate, LINKS).write(
      batch(aCase(g, 'over', { state: 'resolved' }), aCase(g, 'back', { retracted: true }), aCase(g, 'free')),
    )
    assert.equal(await theCase('over'), undefined)
    assert.equal(await theCase('back'), undefined)
    assert.equal((await theCase('free'))?.['x_picking_id'], false, 'without a picking it is brought nevertheless')
  })

  test(says('a picking that is gone costs a case its link, and nobody else anything'), async () => {
    const { gate } = gateOf(bot())
    const stays = g.pickings[1]
    await casesSink(gate, LINKS).write(
      batch(
        aCase(g, 'd1', { picking: 999_999 }),
        aCase(g, 'd2', { picking: stays }),
        aCase(g, 'd3', { picking: 999_998 }),
      ),
    )
    assert.equal((await theCase('d1'))?.['x_picking_id'], false)
    assert.equal(((await theCase('d2'))?.['x_picking_id'] as [number])[0], stays)
    assert.equal((await theCase('d3'))?.['x_picking_id'], false)
  })

  test(says('a row that can never be written is named, and the others come without it'), async () => {
    const { gate } = gateOf(bot())
    const sink = casesSink(gate, LINKS)
    const faulty = [aCase(g, 'e2', { basis: 'a\0b' }), aCase(g, 'e2', { companyId: 'odoo-company-4711' })]
    for (const bad of faulty) {
      const whole = batch(aCase(g, 'e1'), bad, aCase(g, 'e3'))
      const guilty = whole.events[1]?.eventId
      await assert.rejects(
        sink.write(whole),
        (error: unknown) => error instanceof Unwritable && error.eventId === guilty,
      )
      await sink.write({ ...whole, events: whole.events.filter(({ eventId }) => eventId !== guilty) })
      assert.ok((await theCase('e1')) && (await theCase('e3')))
      assert.equal(await theCase('e2'), undefined)
    }
  })

  test(says('an arrival is written when people would notice, and outlives a restart of ours'), async () => {
    const picking = g.pickings[1]
    const { gate } = gateOf(bot())
    const fields = ['x_next_stop', 'x_eta_p50', 'x_milestone', 'x_milestone_by']
    const seen = async () => (await shown(SHIPMENT_MODEL, [['x_picking_id', '=', picking]], fields))[0]
    const sink = etasSink(gate, LINKS)
    await sink.write(batch(anEta(g, picking, 'delivery', 240), anEta(g, picking, 'pickup', 30)))
    assert.equal((await seen())?.['x_next_stop'], 'pickup')
    await sink.write(
      batch(anEta(g, picking, 'pickup', 34, { revision: 1 }), anEta(g, picking, 'delivery', 244, { revision: 1 })),
    )
    assert.equal((await seen())?.['x_eta_p50'], isTime(NOW + 30 * MINUTE), 'four minutes are nothing')
    await sink.write(batch(anEta(g, picking, 'pickup', 35, { revision: 2 })))
    assert.equal((await seen())?.['x_eta_p50'], isTime(NOW + 35 * MINUTE))
    // Another sink that knows nothing but what Odoo has: the pickup is still ahead of the delivery.
    await etasSink(gate, LINKS).write(batch(anEta(g, picking, 'delivery', 300, { revision: 3 })))
    assert.equal((await seen())?.['x_next_stop'], 'pickup')
    await etasSink(gate, LINKS).write(batch(anEta(g, picking, 'pickup', 0, { revision: 4, retracted: true })))
    assert.equal((await seen())?.['x_next_stop'], 'delivery')
    assert.equal((await seen())?.['x_eta_p50'], isTime(NOW + 300 * MINUTE))

    const milestones = () => milestonesSink(gate, LINKS)
    await milestones().write(
      batch(aMilestone(g, picking, 'departed_pickup', -5), aMilestone(g, picking, 'arrived_at_pickup', -30)),
    )
    assert.equal((await seen())?.['x_milestone'], 'Departed pickup')
    assert.equal((await seen())?.['x_milestone_by'], 'positions of 95BXK7')
    await milestones().write(batch(aMilestone(g, picking, 'departed_pickup', -5, { revision: 1, retracted: true })))
    assert.equal((await seen())?.['x_milestone'], 'Arrived at pickup', 'what was taken back leaves the one before')
    assert.equal((await shown(SHIPMENT_MODEL, [], ['x_name'])).length, 1, 'both write the same record')
  })

  test(says('an upgrade leaves every record and answer'), async () => {
    const all = ['x_case_id', 'x_state', 'x_revision', ...Object.values(CASE_ANSWER)]
    const before = await shown(CASE_MODEL, [], all)
    assert.ok(before.length > 5)
    assert.ok((await install(admin())).before !== undefined)
    assert.deepEqual(await shown(CASE_MODEL, [], all), before)
  })

  test(says('it goes without a trace'), async () => {
    assert.equal(await uninstall(admin()), true)
    assert.equal(await uninstall(admin()), false)
    assert.deepEqual(await tracesOf(admin()), [])
    await assert.rejects(bot().call(CASE_MODEL, 'search', { domain: [] }), { name: 'OdooRefused', status: 404 })
  })
}
