/** The pages in a real browser: what one reads and does there. The map is in map.test.ts. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import * as topics from '../../schemas/topics.ts'
import { pack } from '../../ingest/packing.ts'
import type { Case, CaseAction, DeadLetter, ShipmentSighting } from '../../schemas/generated/events.ts'
import { caseById } from '../../sinks/control-tower/read-cases.ts'
import { type Instant, later, minutes } from '../../streams/time.ts'
import { serving, type Serving } from '../app/read/serving.ts'
import { fleet } from '../app/read/world.ts'
import { aCase, heard, tell } from '../sinks/control-tower/telling.ts'
import { type Looking, look, missing } from './browser.ts'

const PATHS = [
  '/',
  '/?vehicle=1-ABC-100',
  '/?shipment=odoo-acme-picking-1041',
  '/?view=shipments',
  '/?view=shipments&shipment=odoo-acme-picking-1044',
  '/?view=cases',
  '/?view=pipeline',
]

describe('the pages in a browser', { skip: missing, timeout: 180_000 }, () => {
  const now = () => Date.now() as Instant
  let looking: Looking
  let s: Serving
  let opened: Looking['opened']

  before(async () => {
    s = await serving(now)
    await s.write(...fleet(now(), 27))
    s.onAction = apply
    s.wall = Date.now()
    looking = await look(s)
    opened = looking.opened
  })
  after(async () => {
    await looking.close()
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

  const focused = (page: Page) =>
    page.evaluate<string>('document.activeElement.id || document.activeElement.textContent')

  test('without a session it says how to get a link; the link opens it', async () => {
    const page = await opened('/', { login: false })
    await page.getByRole('heading', { name: 'Open the link that Milepost printed' }).waitFor()
    await page.goto(s.sessions.mintLink(looking.address))
    await page.getByRole('link', { name: '1-ABC-100', exact: true }).waitFor()
    assert.equal(new URL(page.url()).search, '', 'the code is not left in the address')
  })

  test('a shipment opens by the keyboard, Escape and Back close it, and the focus goes along', async () => {
    const page = await opened('/?view=shipments')
    const link = page.getByRole('link', { name: 'Picking 1044', exact: true })
    await link.press('Enter')
    await page.getByRole('heading', { name: 'Picking 1044' }).waitFor()
    assert.equal(await focused(page), 'detail-title')
    await page.getByText('Driver called: dead battery').waitFor()
    await page.locator('#detail-title').press('Escape')
    assert.equal(await focused(page), 'Picking 1044')
    await page.goBack()
    await page.getByRole('heading', { name: 'Picking 1044' }).waitFor()
  })

  test('the search narrows the list and stays in the address', async () => {
    const page = await opened('/?view=shipments')
    await page.getByLabel('Find').fill('wh/out/01046')
    await page.getByRole('link', { name: 'Picking 1041', exact: true }).waitFor({ state: 'hidden' })
    await page.getByRole('link', { name: 'Picking 1046', exact: true }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('search'), 'wh/out/01046')
  })

  test('from an arrival to the bytes that showed it', async () => {
    const arrival = later(now(), minutes(-30))
    const seen: ShipmentSighting = {
      ...{ occurredAt: arrival, shipmentId: 'odoo-acme-picking-1047', vehicleId: 'V-7', kind: 'arrived', stopId: 'b' },
      ...{ latitude: 51.2, longitude: 4.4, revision: 1, retracted: false },
    }
    const fix = { vehicleId: 'V-7', occurredAt: new Date(arrival).toISOString(), latitude: 51.2, longitude: 4.4 }
    const sent = Buffer.from(JSON.stringify([{ ...fix, vehicleId: 'V-6' }, fix]))
    s.deliveries = [
      heard({ occurredAt: arrival, adapter: 'positions', about: '', contentType: 'application/json', ...pack(sent) }),
    ]
    await s.write(tell(topics.shipmentSightings, seen))
    const page = await opened('/?shipment=odoo-acme-picking-1047')
    await page.getByText('As it was sent').click()
    await page.getByRole('region', { name: 'What was sent of it' }).getByText('"vehicleId": "V-7"').waitFor()
    await page.getByText(`The whole delivery (${sent.length} bytes; this is record 2)`).click()
    await page.getByRole('region', { name: 'The whole delivery' }).getByText('"V-6"').waitFor()
    assert.deepEqual(await looking.faults(page), [])
  })

  test('what could not be handled is put back, once', async () => {
    const letter = heard<DeadLetter>({
      ...{ occurredAt: later(now(), minutes(-1)), hop: 'detect-milestones', topic: 'shipment.plan.v1', partition: 0 },
      ...{ offset: 7, key: 'S-1', reason: 'a bug', raw: Buffer.from([0]), recordCause: null },
    })
    await s.write({ topic: topics.deadLetters.name, events: [letter] })
    s.letters = [{ ...letter, number: 0, replayed: false }]
    const page = await opened('/?view=pipeline')
    await page.getByRole('button', { name: 'Put back what detect-milestones could not handle' }).click()
    await page.getByText('Put back. If it still').waitFor()
    assert.deepEqual(s.replayed, [`person:control tower ${letter.eventId}`])
    s.letters = [{ ...letter, number: 0, replayed: true }]
    await page.reload()
    await page.getByRole('button', { name: 'Put back what' }).click()
    await page.getByText('Not put back: it was put back before').waitFor()
    assert.equal(s.replayed.length, 1)
    assert.deepEqual(await looking.faults(page), [])
  })

  test('a case is acknowledged, commented and resolved; polling leaves alone what one is writing', async () => {
    const page = await opened('/?shipment=odoo-acme-picking-1046')
    await page.getByLabel('Your name').fill('Jo')
    const comment = page.getByLabel('Comment', { exact: true })
    await comment.fill('Called the driver')
    for (let polls = 0; polls < 2; polls++) {
      const asked = page.waitForResponse('**/v1/shipments/*')
      await s.write(tell(topics.cases, aCase(`beside-${polls}`, now(), { shipmentId: 'odoo-acme-picking-1041' })))
      await asked
    }
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
    for (const path of PATHS) {
      const page = await opened(path, { width: 390, colorScheme: 'dark' })
      await looking.loaded(page)
      assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), 390, path)
      if (path === '/?view=shipments') assert.equal(await page.getByRole('row').count(), 28)
    }
  })

  test('a list holds still while somebody is at it: what is new waits', async () => {
    const page = await opened('/?view=cases&filter=high')
    const first = page.locator('.case').first()
    await first.waitFor()
    const before = await first.getAttribute('aria-label')
    await first.getByLabel('Comment', { exact: true }).fill('x')
    const openedAt = later(now(), minutes(1))
    await s.write(tell(topics.cases, aCase('newest', openedAt, { shipmentId: 'odoo-acme-picking-1050' })))
    const waiting = page.getByRole('button', { name: '1 new' })
    await waiting.waitFor()
    assert.equal(await first.getAttribute('aria-label'), before)
    await waiting.click()
    await page.locator('.case').first().getByRole('link', { name: 'Picking 1050' }).waitFor()
  })

  test('an action that is under way is not sent again', async () => {
    const page = await opened('/?view=cases')
    await page.getByRole('button', { name: 'Acknowledge late' }).first().waitFor()
    const before = s.actions.length
    await page.evaluate(`
      const button = [...document.querySelectorAll('button')].find(one => one.textContent === 'Acknowledge')
      for (let n = 0; n < 3; n++) button.click()`)
    await page.getByText('control tower has it').waitFor()
    assert.equal(s.actions.length - before, 1)
  })

  test('the pipeline counts on without being asked for', async () => {
    const page = await opened('/?view=pipeline')
    const row = page.getByRole('row', { name: /follow-vehicles/ })
    await row.getByText('482,100').waitFor()
    s.health = { ...s.health, hops: s.health.hops.map(hop => ({ ...hop, in: hop.in + 777 })) }
    await row.getByText('482,877').waitFor()
  })

  test('has nothing that axe-core finds fault with, light and dark, on a desk and on a phone', async () => {
    for (const path of PATHS)
      for (const [width, colorScheme] of [
        [1440, 'light'],
        [390, 'dark'],
      ] as const) {
        const page = await opened(path, { width, colorScheme })
        await looking.loaded(page)
        assert.deepEqual(await looking.faults(page), [], `${path} ${width} ${colorScheme}`)
      }
  })

  test('it made no error and asked nobody else', () => {
    assert.deepEqual(
      looking.said.filter(text => !text.includes('409')),
      [],
    )
    assert.deepEqual(looking.foreign, [])
  })
})
