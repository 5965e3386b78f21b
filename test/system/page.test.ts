/** The page in a real browser. Needs a Chromium (MILEPOST_CHROMIUM, or where Debian puts it); without one it is skipped. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import * as topics from '../../schemas/topics.ts'
import type { Case, CaseAction } from '../../schemas/generated/events.ts'
import { caseById } from '../../sinks/control-tower/read-cases.ts'
import type { Instant } from '../../streams/time.ts'
import { serving, type Serving } from '../app/read/serving.ts'
import { fleet } from '../app/read/world.ts'
import { aCase, tell } from '../sinks/control-tower/telling.ts'

const executablePath = [
  process.env['MILEPOST_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(path => path !== undefined && existsSync(path))
const missing = executablePath === undefined && 'no Chromium is installed'

if (missing !== false && process.env['MILEPOST_SKIP'] === 'forbidden')
  throw new Error(`may not be skipped here: ${missing}`)

describe('the page in a browser', { skip: missing, timeout: 120_000 }, () => {
  const now = () => Date.now() as Instant
  const said: string[] = []
  const foreign: string[] = []
  let browser: Browser
  let s: Serving
  let address: string

  before(async () => {
    s = await serving(now)
    await s.write(...fleet(now(), 27))
    s.onAction = apply
    s.wall = Date.now()
    address = await s.server.listen({ host: '127.0.0.1', port: 0 })
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] })
  })
  after(async () => {
    await browser.close()
    await s[Symbol.asyncDispose]()
  })

  /** What the pipeline does with an action, in short. */
  async function apply({ caseId, action, by, text, occurredAt }: CaseAction): Promise<void> {
    const was = s.reader.snapshot(at => caseById(at, caseId))
    assert.ok(was)
    const notes = text === null ? was.notes : [...was.notes, { by, at: occurredAt, text }]
    const state = action === 'resolve' ? 'resolved' : action === 'acknowledge' ? 'acknowledged' : was.state
    const owner = action === 'acknowledge' ? by : was.owner
    const next: Case = { ...was, revision: was.revision + 1, notes, state, owner }
    await s.write(tell(topics.cases, next))
  }

  async function opened(
    path: string,
    options: { width?: number; login?: boolean; colorScheme?: 'light' | 'dark' } = {},
  ): Promise<Page> {
    const { width = 1280, login = true, colorScheme = 'light' } = options
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme })
    page.on('pageerror', error => said.push(error.message))
    page.on('console', message => {
      const text = message.text()
      if (message.type() === 'error' && !text.includes('401')) said.push(text)
    })
    page.on('request', request => {
      if (!request.url().startsWith(address)) foreign.push(request.url())
    })
    if (login) await page.goto(s.sessions.mintLink(address))
    await page.goto(address + path)
    return page
  }
  const focused = (page: Page) =>
    page.evaluate<string>('document.activeElement.id || document.activeElement.textContent')

  test('without a session it says how to get a link; the link opens it', async () => {
    const page = await opened('/', { login: false })
    await page.getByRole('heading', { name: 'Open the link that Milepost printed' }).waitFor()
    await page.goto(s.sessions.mintLink(address))
    await page.getByRole('row', { name: /odoo-acme-picking-1041/ }).waitFor()
    assert.equal(new URL(page.url()).search, '', 'the code is not left in the address')
  })

  test('a shipment opens by the keyboard, Escape and Back close it, and the focus goes along', async () => {
    const page = await opened('/')
    const link = page.getByRole('link', { name: 'odoo-acme-picking-1044', exact: true })
    await link.press('Enter')
    await page.getByRole('heading', { name: 'odoo-acme-picking-1044' }).waitFor()
    assert.equal(await focused(page), 'detail-title')
    await page.getByText('Driver called: dead battery').waitFor()
    await page.locator('#detail-title').press('Escape')
    assert.equal(await focused(page), 'odoo-acme-picking-1044')
    await page.goBack()
    await page.getByRole('heading', { name: 'odoo-acme-picking-1044' }).waitFor()
  })

  test('the search narrows the list and stays in the address', async () => {
    const page = await opened('/')
    await page.getByLabel('Find').fill('wh/out/01046')
    await page.getByRole('link', { name: 'odoo-acme-picking-1041', exact: true }).waitFor({ state: 'hidden' })
    await page.getByRole('link', { name: 'odoo-acme-picking-1046', exact: true }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('search'), 'wh/out/01046')
  })

  test('a case is acknowledged, commented and resolved; polling leaves alone what one is writing', async () => {
    const page = await opened('/?shipment=odoo-acme-picking-1046')
    await page.getByLabel('Your name').fill('Jo')
    const comment = page.getByLabel('Comment', { exact: true })
    await comment.fill('Called the driver')
    for (let polls = 0; polls < 2; polls++) await page.waitForRequest('**/v1/overview')
    await page.waitForResponse('**/v1/shipments/*')
    assert.equal(await comment.inputValue(), 'Called the driver')
    await page.getByRole('button', { name: 'Acknowledge late' }).click()
    await page.getByText('Jo has it').waitFor()
    await page.locator('.notes').getByText('Called the driver').waitFor()
    assert.equal(await comment.inputValue(), '')
    await page.getByRole('button', { name: 'Resolve late' }).click()
    await page.getByRole('heading', { name: 'Closed cases' }).waitFor()
    assert.equal(await focused(page), 'detail-title', 'the button is gone; the focus is not')
    assert.deepEqual(
      s.actions.map(({ value }) => [value.action, value.by, value.text]),
      [
        ['acknowledge', 'Jo', 'Called the driver'],
        ['resolve', 'Jo', null],
      ],
    )
  })

  test('what has changed since one saw it is not acted on', async () => {
    const page = await opened('/?view=cases')
    await page.getByRole('button', { name: 'Resolve ambiguous reference' }).waitFor()
    // Nobody polls now, so the page still shows the case as it was.
    await page.evaluate(
      `fetch = (ask => (path, of) => of.method === 'POST' ? ask(path, of) : new Promise(() => {}))(fetch)`,
    )
    await s.write(
      tell(
        topics.cases,
        aCase('ambiguous', now(), { shipmentId: null, kind: 'ambiguous_reference', revision: 9, basis: 'another' }),
      ),
    )
    await page.getByRole('button', { name: 'Resolve ambiguous reference' }).click()
    await page.getByRole('alert').waitFor()
    assert.match((await page.getByRole('alert').textContent()) ?? '', /has changed since/)
  })

  test('on a phone and in the dark nothing is cut off, and tables are still tables', async () => {
    for (const path of ['/', '/?shipment=odoo-acme-picking-1041', '/?view=cases', '/?view=pipeline']) {
      const page = await opened(path, { width: 390, colorScheme: 'dark' })
      await page.getByText('Loading…').waitFor({ state: 'hidden' })
      assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), 390, path)
      if (path === '/') assert.equal(await page.getByRole('row').count(), 28)
    }
  })

  test('it made no error and asked nobody else', () => {
    assert.deepEqual(
      said.filter(text => !text.includes('409')),
      [],
    )
    assert.deepEqual(foreign, [])
  })
})
