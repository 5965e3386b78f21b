/** An older module in a real Odoo 19 gives way to this one: what people answered stays, what is no more goes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strToU8, zipSync } from 'fflate'
import { check } from '../../odoo/check.ts'
import type { OdooClient } from '../../odoo/client.ts'
import { install, uninstall } from '../../odoo/module/install.ts'
import { moduleFiles } from '../../odoo/module/module.ts'
import { VERSION } from '../../odoo/module/version.ts'
import { CASE_ANSWER, CASE_MODEL, MODULE, SHIPMENT_MODEL } from '../../odoo/names.ts'
import { casesSink } from '../../sinks/odoo/cases.ts'
import { Unavailable } from '../../streams/sink.ts'
import { clientOf, companyOf, order } from '../../tools/odoo-real/company.ts'
import { odooIsHere } from '../../tools/odoo-real/install.ts'
import { RealOdoo } from '../../tools/odoo-real/start.ts'
import { aCase, batch, gateOf, LINKS } from '../sinks/odoo/ground.ts'

const OLD = '19.0.0.9.0'
const real = odooIsHere()
const skip = !real.here && real.why

/** Our module as of `OLD`, packed: without `late_risk` and `x_etas`, with a kind, a field and a view that ours does not have. */
function olderModule(): string {
  const files = { ...moduleFiles() }
  const change = (path: string, from: string | RegExp, to: string) => {
    const before = files[path] ?? ''
    files[path] = before.replace(from, to)
    assert.notEqual(files[path], before, `${path} has ${String(from)}`)
  }
  change('__manifest__.py', VERSION, OLD)
  change('data/models.xml', "('late_risk', 'Late risk')", "('gone_kind', 'Gone kind')")
  const etas = new RegExp(`<record id="field_${SHIPMENT_MODEL}__x_etas"[\\s\\S]*?</record>`)
  change('data/models.xml', etas, '')
  const field = `<record id="field_${CASE_MODEL}__x_gone" model="ir.model.fields">
    <field name="model_id" ref="model_${CASE_MODEL}"/><field name="name">x_gone</field>
    <field name="ttype">char</field><field name="field_description">Gone</field></record>`
  change('data/models.xml', '</odoo>', `${field}</odoo>`)
  const list = `<record id="view_gone" model="ir.ui.view"><field name="name">gone</field>
    <field name="model">${CASE_MODEL}</field><field name="priority">99</field>
    <field name="arch" type="xml"><list><field name="x_gone"/></list></field></record>`
  change('views/cases.xml', '</odoo>', `${list}</odoo>`)
  const packed = Object.entries(files).map(([path, text]) => [`${MODULE}/${path}`, strToU8(text)] as const)
  return Buffer.from(zipSync(Object.fromEntries(packed))).toString('base64')
}

async function importOlder(admin: OdooClient): Promise<void> {
  const vals_list = [{ module_file: olderModule() }]
  const [id] = await admin.call<number[]>('base.import.module', 'create', { vals_list })
  await admin.call('base.import.module', 'import_module', { ids: [id] })
}

test('an older module gives way, and people’s answers stay', { skip, timeout: 200_000 }, async () => {
  await using odoo = await RealOdoo.start()
  const [admin, anna, bot] = [clientOf(odoo, 'admin'), clientOf(odoo, 'anna'), clientOf(odoo, 'milepost')]
  const { companies, customers, products } = await companyOf(anna)
  const about = { customer: customers[1] ?? 0, product: products[0] ?? 0, quantity: 5 }
  const picking = await order(anna, { company: companies[0], ...about })
  await importOlder(admin)
  const [person] = await anna.call<number[]>('res.users', 'search', { domain: [['login', '=', 'anna']] })

  const ours = { x_name: 'Late at delivery', x_case_id: 'e1', x_kind: 'late', x_severity: 'high', x_basis: 'due at 11' }
  const where = { x_picking_id: picking, x_company_id: companies[0], x_revision: 1 }
  const vals_list = [{ ...ours, ...where, x_state: 'open', x_gone: 'a word' }]
  const ids = await bot.call<number[]>(CASE_MODEL, 'create', { vals_list })
  const answer = {
    [CASE_ANSWER.assignee]: person,
    [CASE_ANSWER.resolvedBy]: person,
    [CASE_ANSWER.resolution]: 'called',
  }
  await anna.call(CASE_MODEL, 'write', { ids, vals: answer })
  await anna.call(CASE_MODEL, 'message_post', { ids, body: 'They unload at four' })
  const kept = ['x_case_id', 'x_kind', 'x_state', 'x_revision', 'x_picking_id', ...Object.values(CASE_ANSWER)]
  const answers = () => bot.call(CASE_MODEL, 'search_read', { domain: [], fields: [...kept, 'message_ids'] })
  const before = await answers()

  const { gate, told } = gateOf(bot, { pace: { refusedMs: 1 } })
  const more = batch(aCase(odoo, 'e2', { picking, kind: 'late_risk', companyId: `odoo-company-${companies[0]}` }))
  await assert.rejects(casesSink(gate, LINKS).write(more), Unavailable)
  assert.match(
    told[0] ?? '',
    new RegExp(`another one \\(.*x_kind=late_risk.*${SHIPMENT_MODEL}.x_etas.*\\): run "milepost`),
  )
  const bad = (await check(bot, odoo.url, new Date())).filter(({ state }) => state === 'bad')
  assert.match(bad.map(({ says }) => says).join(), /milepost odoo install/)

  assert.deepEqual(await install(admin), { before: OLD, version: VERSION, removed: 2 })
  assert.deepEqual(await answers(), before)
  const fields = await bot.call<object>(CASE_MODEL, 'fields_get', { attributes: ['type'] })
  assert.ok(!('x_gone' in fields))
  await casesSink(gate, LINKS).write(more)
  const domain = [['x_kind', '=', 'late_risk']]
  assert.equal(await bot.call(CASE_MODEL, 'search_count', { domain }), 1, 'what waited has come')
  assert.ok((await check(bot, odoo.url, new Date())).every(({ state }) => state !== 'bad'))
  assert.equal(await uninstall(admin), true, 'and nothing of the older one is left')
})
