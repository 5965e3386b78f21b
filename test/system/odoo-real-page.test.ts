/**
 * A picking with its cases in a real Odoo 19, seen in a browser by a person who has to act on them. MILEPOST_SHOTS is a
 * folder for pictures of what they see.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { install } from '../../odoo/module/install.ts'
import { CASE_ANSWER, CASE_MODEL } from '../../odoo/names.ts'
import { casesSink } from '../../sinks/odoo/cases.ts'
import { etasSink } from '../../sinks/odoo/etas.ts'
import { milestonesSink } from '../../sinks/odoo/milestones.ts'
import { clientOf, companyOf, order } from '../../tools/odoo-real/company.ts'
import { odooIsHere } from '../../tools/odoo-real/install.ts'
import { RealOdoo } from '../../tools/odoo-real/start.ts'
import { aCase, aMilestone, anEta, batch, gateOf, LINKS } from '../sinks/odoo/ground.ts'
import { executablePath, missing } from './browser.ts'

const real = odooIsHere()
const skip = (!real.here && real.why) || missing
const WORDS = 'Called: there in an hour'
let odoo: RealOdoo
let browser: Browser
let picking: number

before(
  async () => {
    if (skip !== false) return
    odoo = await RealOdoo.start()
    const anna = clientOf(odoo, 'anna')
    const { companies, customers, products } = await companyOf(anna)
    const [company, customer = 0, product = 0] = [companies[0], customers[1], products[0]]
    picking = await order(anna, { company, customer, product, quantity: 5 })
    await install(clientOf(odoo, 'admin'))
    const { gate } = gateOf(clientOf(odoo, 'milepost'))
    const about = { picking, companyId: `odoo-company-${company}` }
    await casesSink(gate, LINKS).write(
      batch(
        aCase(odoo, 'late', about),
        aCase(odoo, 'dwell', { ...about, kind: 'dwell', severity: 'medium', stopId: 'pickup' }),
      ),
    )
    await etasSink(gate, LINKS).write(batch(anEta(odoo, picking, 'delivery', 90)))
    await milestonesSink(gate, LINKS).write(batch(aMilestone(odoo, picking, 'departed_pickup', -40)))
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] })
  },
  { timeout: 120_000 },
)
after(async () => {
  if (skip !== false) return
  await browser.close()
  await odoo.stop()
})

/** Logged in as a person of the warehouse, at the picking. */
async function opened(width: number, height: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height } })
  page.setDefaultTimeout(60_000)
  await page.goto(`${odoo.url}/web/login?db=${odoo.database}`)
  await page.locator('input[name=login]').fill('anna')
  await page.locator('input[name=password]').fill(odoo.passwords.anna)
  await page.locator('button[type=submit]').first().click()
  await page.waitForURL(/\/odoo/)
  await page.goto(`${odoo.url}/odoo/stock.picking/${picking}`)
  await page.locator('.o_form_view').waitFor()
  return page
}

async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env['MILEPOST_SHOTS']
  if (folder === undefined) return
  // What fades in is there.
  await page.waitForTimeout(600)
  await page.screenshot({ path: `${folder}/${name}.png` })
}

for (const [on, width, height] of [
  ['a desk', 1280, 900],
  ['a phone', 390, 844],
] as const)
  test(`on ${on} the picking says what is wrong with its transport`, { skip, timeout: 120_000 }, async t => {
    const page = await opened(width, height)
    t.after(() => page.close())
    const banner = page.getByRole('alert').filter({ hasText: 'Late' })
    await banner.waitFor()
    assert.match((await banner.innerText()).trim(), /Late: delivery.*Dwell: pickup|Dwell: pickup.*Late: delivery/)
    await page.getByRole('tab', { name: 'Transport' }).click()
    await page.locator('[name=x_milepost_milestone]').getByText('Departed pickup').waitFor()
    await shot(page, `picking-${width}`)
    assert.equal(await page.locator('.o_error_dialog').count(), 0)
  })

test(
  'who resolves a case in its dialog is noted with words, time and what was seen',
  { skip, timeout: 120_000 },
  async t => {
    const page = await opened(1280, 900)
    t.after(() => page.close())
    await page.locator('button.oe_stat_button').filter({ hasText: 'Open cases' }).click()
    const row = page.locator('.o_data_row').filter({ hasText: 'Late' })
    await row.waitFor()
    await shot(page, 'cases')
    await row.locator('.o_data_cell').nth(1).click()
    await page.locator('.o_form_view').getByText('Minutes late: 45').waitFor()
    await shot(page, 'case')
    await page.getByRole('button', { name: 'Resolve', exact: true }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('[name=x_resolution] textarea, [name=x_resolution] input').first().fill(WORDS)
    await shot(page, 'dialog')
    await dialog
      .getByRole('button', { name: /^(Save|Resolve)/ })
      .first()
      .click()
    await dialog.waitFor({ state: 'detached' })
    const [record] = await clientOf(odoo, 'milepost').call<Record<string, unknown>[]>(CASE_MODEL, 'search_read', {
      domain: [['x_case_id', '=', 'late']],
      fields: [...Object.values(CASE_ANSWER), 'x_basis'],
    })
    assert.equal(record?.[CASE_ANSWER.resolution], WORDS)
    assert.equal(record[CASE_ANSWER.resolvedBasis], record['x_basis'])
    assert.match(JSON.stringify(record[CASE_ANSWER.resolvedBy]), /Anna/i)
    assert.equal(await page.locator('.o_error_dialog').count(), 0)
    await shot(page, 'resolved')
  },
)
