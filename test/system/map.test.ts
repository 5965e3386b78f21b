/** The live map in a real browser: what is drawn, and what hands and keys do to it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import * as topics from '../../schemas/topics.ts'
import { type Instant, later } from '../../streams/time.ts'
import { serving, type Serving } from '../app/read/serving.ts'
import { aCase, assignment, plan, position, stop, tell } from '../sinks/control-tower/telling.ts'
import { type Looking, look, missing } from './browser.ts'

/** Of dashboards/control-tower/map/palette.js, in light. */
const LAND = [0xf7, 0xf6, 0xf2] as const
const WATER = [0xd8, 0xe4, 0xea] as const
const BAD = [0xc8, 0x1e, 0x2b] as const
const ROUTE = [0x3b, 0x5b, 0xdb] as const

interface Seen {
  readonly count: number
  readonly x: number
  readonly y: number
}

/** Where on the map this colour is, in CSS pixels. A canvas that a worker draws can be copied, not read. */
const seen = (page: Page, [red, green, blue]: readonly [number, number, number]) =>
  page.evaluate<Seen>(`(() => {
    const from = document.querySelector('#map canvas')
    const { clientWidth: width, clientHeight: height } = from
    const copy = new OffscreenCanvas(width, height).getContext('2d')
    copy.drawImage(from, 0, 0, width, height)
    const { data } = copy.getImageData(0, 0, width, height)
    const found = { count: 0, x: 0, y: 0 }
    for (let i = 0; i < data.length; i += 4)
      if (Math.abs(data[i] - ${red}) + Math.abs(data[i + 1] - ${green}) + Math.abs(data[i + 2] - ${blue}) < 6) {
        found.count++
        found.x += (i / 4) % width
        found.y += Math.floor(i / 4 / width)
      }
    return { count: found.count, x: found.x / found.count, y: found.y / found.count }
  })()`)

/** Once it is so; fails if it never is. */
async function until(
  page: Page,
  colour: readonly [number, number, number],
  isSo: (seen: Seen) => boolean,
): Promise<Seen> {
  for (let tries = 0; ; tries++) {
    const found = await seen(page, colour)
    if (isSo(found)) return found
    if (tries > 60) assert.fail(`not so: ${JSON.stringify(found)}`)
    await page.waitForTimeout(100)
  }
}
const drawn = (page: Page) => page.locator('#map[data-vehicles="3"]').waitFor()

describe('the live map', { skip: missing, timeout: 180_000 }, () => {
  const now = () => Date.now() as Instant
  let looking: Looking
  let s: Serving
  let moves = 0

  before(async () => {
    s = await serving(now)
    const stops = [
      stop('a', 'pickup', 'Paris', now(), { place: { name: 'Paris', latitude: 48.9, longitude: 2.4, radiusM: 300 } }),
      stop('b', 'delivery', 'Wien', now(), { place: { name: 'Wien', latitude: 48.2, longitude: 16.4, radiusM: 300 } }),
    ]
    await s.write(
      tell(topics.vehiclePositions, position('V-1', now(), { latitude: 49, longitude: 8 })),
      tell(topics.vehiclePositions, position('V-2', now(), { latitude: 41, longitude: -4 })),
      tell(topics.vehiclePositions, position('V-3', now(), { latitude: 55, longitude: 24, speedMps: 0 })),
      tell(topics.shipmentPlans, plan('S-1', { stops })),
      tell(topics.vehicleAssignments, assignment('V-1', 'S-1')),
      tell(topics.cases, aCase('c-1', now())),
    )
    s.wall = Date.now()
    looking = await look(s)
  })
  after(async () => {
    await looking.close()
    await s[Symbol.asyncDispose]()
  })
  const open = async (options: Parameters<Looking['opened']>[1] = {}, path = '/') => {
    const page = await looking.opened(path, { width: 1440, height: 900, reducedMotion: 'reduce', ...options })
    await drawn(page)
    await until(page, LAND, ({ count }) => count > 20_000)
    return page
  }
  /** The vehicle that is late goes so far east, a little. */
  const drive = (degrees: number) =>
    s.write(
      tell(topics.vehiclePositions, position('V-1', later(now(), ++moves), { latitude: 49, longitude: 8 + degrees })),
    )

  test('shows land, water and the vehicles, the late one in its colour, and lists them', async () => {
    const page = await open()
    assert.ok((await seen(page, WATER)).count > 20_000)
    assert.ok((await until(page, BAD, ({ count }) => count > 40)).count < 1_000)
    await page.locator('.vehicles li').nth(2).waitFor()
    assert.equal(await page.locator('.vehicles .cover').first().textContent(), 'V-1', 'the worst comes first')
  })

  test('a vehicle moves where it drives, without anybody asking', async () => {
    const page = await open({ reducedMotion: 'no-preference' })
    const before = await until(page, BAD, ({ count }) => count > 40)
    await drive(3)
    await until(page, BAD, ({ x, count }) => count > 40 && x > before.x + 20)
    await drive(0)
    await until(page, BAD, ({ x, count }) => count > 40 && Math.abs(x - before.x) < 3)
  })

  test('the keyboard moves it, zooms and shows all again', async () => {
    const page = await open()
    const map = page.locator('#map')
    const before = await until(page, BAD, ({ count }) => count > 40)
    await map.press('+')
    const land = await seen(page, LAND)
    await map.press('+')
    await until(page, LAND, ({ count }) => Math.abs(count - land.count) > 2_000)
    await map.press('0')
    await until(page, BAD, ({ x, y }) => Math.abs(x - before.x) < 3 && Math.abs(y - before.y) < 3)
    await map.press('+')
    const middle = await until(page, BAD, ({ x }) => Math.abs(x - before.x) > 1)
    await map.press('ArrowRight')
    await until(page, BAD, ({ x }) => Math.abs(x - (middle.x - 90)) < 4)
  })

  test('so do wheel and mouse; a click on a vehicle opens what it carries, with its stops', async () => {
    const page = await open()
    const before = await until(page, BAD, ({ count }) => count > 40)
    const box = await page.locator('#map').boundingBox()
    assert.ok(box)
    const at = (seen: Seen) => [box.x + seen.x, box.y + seen.y] as const
    await page.mouse.move(...at(before))
    await page.mouse.wheel(0, -300)
    await page.mouse.down()
    await page.mouse.move(box.x + before.x + 60, box.y + before.y + 30, { steps: 6 })
    await page.mouse.up()
    const dragged = await until(
      page,
      BAD,
      ({ x, y }) => Math.abs(x - before.x - 60) < 8 && Math.abs(y - before.y - 30) < 8,
    )
    assert.equal(new URL(page.url()).search, '', 'a drag is no click')
    await page.mouse.click(...at(dragged))
    await page.getByRole('heading', { name: 'S-1' }).waitFor()
    assert.equal(new URL(page.url()).search, '?vehicle=V-1&shipment=S-1')
    await until(page, ROUTE, ({ count }) => count > 100)
    await page.goBack()
    await page.getByRole('heading', { name: 'Vehicles' }).waitFor()
    await until(page, ROUTE, ({ count }) => count === 0)
  })

  test('works where there is neither WebGL nor a worker that can draw', async () => {
    const page = await open({
      before: `
        delete HTMLCanvasElement.prototype.transferControlToOffscreen
        const get = HTMLCanvasElement.prototype.getContext
        HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
          return kind.startsWith('webgl') ? null : get.call(this, kind, ...more)
        }`,
    })
    await until(page, BAD, ({ count }) => count > 40)
    await drive(2)
    await until(page, BAD, ({ count }) => count > 40)
  })

  test('is beside the list on a desk, and above it on a phone', async () => {
    const boxes = async (width: number) => {
      const page = await open({ width })
      const [map, list] = [await page.locator('#map').boundingBox(), await page.locator('#content').boundingBox()]
      assert.ok(map && list)
      return { map, list }
    }
    const desk = await boxes(1440)
    assert.ok(desk.map.x + desk.map.width <= desk.list.x && desk.map.width > 900)
    const phone = await boxes(390)
    assert.equal(phone.map.width, 390)
    assert.ok(phone.map.y + phone.map.height <= phone.list.y && phone.list.y < 844)
  })

  test('says when it is cut off, and goes on when it no longer is', async () => {
    const page = await open()
    await page.getByRole('status').getByText('Live', { exact: true }).waitFor()
    await page.route('**/v1/live', route => route.abort())
    await page.reload()
    await page.getByText('Connecting…').waitFor()
    await page.unroute('**/v1/live')
    await page.getByRole('status').getByText('Live', { exact: true }).waitFor()
    await drawn(page)
  })

  test('made no error and asked nobody else', () => {
    const said = looking.said.filter(text => !text.includes('ERR_FAILED'))
    assert.deepEqual([said, looking.foreign], [[], []])
  })
})
