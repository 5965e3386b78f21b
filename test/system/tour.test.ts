/**
 * A tour for who is new here: from a case to its shipment, its cause, the raw delivery, and the closed record in Odoo. A
 * whole Milepost runs beside an Odoo (the stand-in), the time is the real one, and what one sees is seen in a browser:
 * wherever the tour goes it goes by clicking.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Locator } from 'playwright-core'
import { sign } from '../../ingest/signature.ts'
import { installation, until } from '../support/installation.ts'
import { CLERK, office, type Ordered } from '../support/office.ts'
import { lookAt, missing } from './browser.ts'

const CARRIER = 'nordic'
const WAREHOUSE = [51.885, 4.435] as const
const MINUTE_MS = 60_000
const SOON_MS = 4_000
const WORDS = 'Held up at the lock; the customer takes it tomorrow'

test('a tour, from a case to the closed record in Odoo', { skip: missing, timeout: 150_000 }, async t => {
  const company = await office(t)
  const laid = await installation(t, { partners: [CARRIER], env: { MILEPOST_TIME: 'live', ...company.env } })
  const program = await laid.up('all')
  await until('it has printed its link', () => program.stdout.includes('(opens once)'))
  const looking = await lookAt(laid.at.url, () => /control tower +(\S+)/.exec(program.stdout)?.[1] ?? '')
  t.after(() => looking.close())
  const page = await looking.opened('/')
  page.setDefaultTimeout(30_000)

  let isLost = false
  const step = (title: string, walk: () => Promise<void>) =>
    t.test(title, { skip: isLost && 'lost the way before' }, async () => {
      isLost = true
      await walk()
      isLost = false
    })
  /** As the automation rule does that docs/operations/odoo.md describes. */
  const knock = async () => {
    const capability = readFileSync(join(laid.at.data, 'odoo-capability'), 'utf8').trim()
    const answer = await laid.at.fetch(`/v1/odoo/changed/${capability}`, { method: 'POST', body: '{}' })
    assert.equal(answer.status, 204)
  }
  const begun = Date.now()
  const minutesAgo = (minutes: number) => new Date(begun - minutes * MINUTE_MS).toISOString()
  const fix = (vehicleId: string, ago: number, [latitude, longitude]: readonly [number, number], speedMps: number) => ({
    ...{ vehicleId, occurredAt: minutesAgo(ago), latitude, longitude, speedMps },
  })
  const post = async (body: string) =>
    assert.equal((await laid.at.fetch('/v1/positions', { method: 'POST', body })).status, 200)
  const view = (name: string) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name })
  const theCase = ({ picking }: Ordered) => page.getByRole('article', { name: `Late, Picking ${picking}`, exact: true })
  const whole = (sent: Locator) => sent.getByRole('region', { name: 'The whole delivery' }).textContent()
  const is = (state: string, picking: number) => () =>
    company.cases(picking, 'late').every(row => row['x_state'] === state)

  const due = Math.floor(Date.now() / 1_000) * 1_000 + SOON_MS
  const first = company.order('12-ABC-3', due)
  const second = company.order('45-DEF-6', due)
  const atWarehouse = JSON.stringify([
    fix(first.vehicleId, 95, WAREHOUSE, 0),
    fix(second.vehicleId, 95, WAREHOUSE, 0),
    fix(first.vehicleId, 90, WAREHOUSE, 0),
    fix(second.vehicleId, 90, WAREHOUSE, 0),
  ])
  const driving = JSON.stringify([
    fix(first.vehicleId, 80, [51.91, 4.52], 15),
    fix(second.vehicleId, 80, [51.91, 4.52], 15),
  ])
  const last = JSON.stringify([fix(first.vehicleId, 5, [51.6, 4.6], 12), fix(second.vehicleId, 5, [51.6, 4.6], 12)])
  const told = JSON.stringify({
    events: [
      {
        ...{ eventId: 'N-1', code: 'loaded', classifier: 'actual', occurredAt: minutesAgo(88) },
        references: [{ scheme: 'po', value: first.po }],
      },
    ],
  })

  await step(
    'an order is confirmed in Odoo, its vehicle is on the map, and when it is late the page says so',
    async () => {
      await knock()
      for (const body of [atWarehouse, driving, last]) await post(body)
      const [timestamp, id] = [Math.floor(Date.now() / 1_000), 'msg_1']
      const signature = sign(laid.at.secrets[CARRIER] ?? '', id, timestamp, Buffer.from(told))
      const signed = { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature }
      const headers = { 'content-type': 'application/json', ...signed }
      const answer = await fetch(`${laid.at.url}/v1/partners/${CARRIER}/events`, {
        method: 'POST',
        headers,
        body: told,
      })
      assert.equal(answer.status, 200)
      await page.getByRole('link', { name: first.vehicleId, exact: true }).waitFor()
      await view('Cases').click()
      await theCase(first).waitFor()
      await theCase(second).waitFor()
    },
  )

  await step(
    'a click on the case’s shipment opens it: the plan of Odoo, and the milestones with who said them',
    async () => {
      await theCase(first)
        .getByRole('link', { name: `Picking ${first.picking}` })
        .click()
      await page.getByRole('heading', { name: `Picking ${first.picking}` }).waitFor()
      const stops = page.locator('.stops')
      await stops.getByText('Warehouse 1').waitFor()
      await stops.getByText('Customer 1').waitFor()
      await stops.getByText(`vehicle ${first.vehicleId}`).first().waitFor()
      assert.match(await stops.innerText(), new RegExp(`Arrived at pickup .* vehicle ${first.vehicleId}`))
      assert.match(await stops.innerText(), /Loaded .* carrier nordic/)
      const facts = await page.locator('.facts').first().innerText()
      for (const known of [String(company.picking(first.picking)?.['name']), first.po, first.vehicleId])
        assert.ok(facts.includes(known), known)
    },
  )

  await step('what the case rests on stands in it', async () => {
    const shown = await page.getByRole('article', { name: /^Late,/ }).innerText()
    assert.match(shown, /Deadline/)
    const deadline = new Date(due).toISOString()
    assert.ok(
      await page
        .getByRole('article', { name: /^Late,/ })
        .locator(`time[datetime="${deadline}"]`)
        .count(),
    )
  })

  await step('and behind all of it lie the bytes, as they were sent', async () => {
    await page.getByText('As it was sent').click()
    const sent = page.locator('.sent > li')
    const of = (what: RegExp) => sent.filter({ hasText: what })
    for (const [what, body] of [
      [/^Arrived/, atWarehouse],
      [/^Departed/, driving],
      [/^Loaded/, told],
    ] as const) {
      await of(what).getByText('The whole delivery').click()
      assert.equal(await whole(of(what)), body)
    }
    const row = await of(/^The picking, as Odoo has it/)
      .getByRole('region', { name: 'What was sent of it' })
      .textContent()
    const { name, scheduled_date } = JSON.parse(row ?? '') as Record<string, string>
    assert.equal(name, company.picking(first.picking)?.['name'])
    assert.equal(Date.parse(`${scheduled_date?.replace(' ', 'T') ?? ''}Z`), due)
    assert.deepEqual(await looking.faults(page), [])
  })

  await step('in Odoo one open record stands on the picking, and its link leads to this page', async () => {
    await until('the record is there', () => company.cases(first.picking, 'late').length > 0)
    const [record, ...more] = company.cases(first.picking, 'late')
    assert.deepEqual([record?.['x_state'], more.length], ['open', 0])
    await view('Pipeline').click()
    await page.getByRole('heading', { name: 'Pipeline' }).waitFor()
    await page.goto(String(record?.['x_url']))
    await page.getByRole('heading', { name: `Picking ${first.picking}` }).waitFor()
    await page.getByRole('article', { name: /^Late,/ }).waitFor()
  })

  await step('who resolves it there has it closed here, with name and words, while one looks at it', async () => {
    const record = company.cases(first.picking, 'late')[0]?.id ?? 0
    await page.evaluate('window.since = "before"')
    company.comment(record, 'Called the driver')
    company.resolve(record, WORDS)
    await knock()
    await page.getByRole('heading', { name: 'Closed cases' }).waitFor()
    const closed = page.getByRole('article', { name: /^Late,/ })
    for (const words of [`closed by ${CLERK}`, 'Called the driver', WORDS])
      await closed.getByText(words).first().waitFor()
    assert.equal(await page.evaluate('window.since'), 'before', 'without a reload')
  })

  await step('the record in Odoo says the same, once', async () => {
    await until('it is resolved', is('resolved', first.picking))
    const [record, ...more] = company.cases(first.picking, 'late')
    assert.deepEqual([record?.['x_closed_by'], more.length], [CLERK, 0])
    assert.match(String(record?.['x_notes']), new RegExp(WORDS))
  })

  await step('what was resolved is found again among the closed cases', async () => {
    await view('Cases').click()
    await theCase(second).waitFor()
    assert.equal(await theCase(first).count(), 0)
    await page.getByRole('link', { name: 'Closed' }).click()
    await theCase(first).getByText(WORDS).waitFor()
    assert.deepEqual(await looking.faults(page), [])
  })

  await step('and who resolves a case here has its record in Odoo closed', async () => {
    assert.deepEqual(
      company.cases(second.picking, 'late').map(row => row['x_state']),
      ['open'],
    )
    await page.getByRole('link', { name: 'All' }).click()
    await page.getByLabel('Your name').fill('Jo')
    const its = theCase(second)
    await its.getByLabel('Comment', { exact: true }).fill('Drives on tonight')
    await its.getByRole('button', { name: 'Resolve late' }).click()
    await until('it is resolved', is('resolved', second.picking))
    const [record, ...more] = company.cases(second.picking, 'late')
    assert.deepEqual([record?.['x_closed_by'], more.length], ['Jo', 0])
    assert.match(String(record?.['x_notes']), /Drives on tonight/)
  })

  await step('nothing went wrong on the pages, and they asked nobody else', () => {
    assert.deepEqual([looking.said, looking.foreign], [[], []])
    return Promise.resolve()
  })
})
