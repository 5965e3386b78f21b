/**
 * `npm run bench -- page [--vehicles N --per-second N --minutes N]`: the control tower in Chromium, with so many vehicles
 * and as many shipments, while positions arrive: when there is something to see, frames a second, tasks that hold up the
 * page, memory. Server, generator and browser share this machine.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { onFresh, type Running } from './run.ts'

const CHROMIUM = [process.env['MILEPOST_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome']
const say = (text: string) => process.stderr.write(`${text}\n`)
const AT_A_TIME = 100

export async function benchPage(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vehicles: { type: 'string', default: '10000' },
      'per-second': { type: 'string', default: '500' },
      minutes: { type: 'string', default: '10' },
    },
  })
  const [vehicles, perSecond, minutes] = [values.vehicles, values['per-second'], values.minutes].map(Number)
  const result = await onFresh(running => measured(running, vehicles ?? 0, perSecond ?? 0, minutes ?? 0))
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
}

async function measured(running: Running, vehicles: number, perSecond: number, minutes: number): Promise<object> {
  const { installation } = running
  await plan(running, vehicles)
  for (let n = 0; n < vehicles; n += AT_A_TIME) await tell(running, n, AT_A_TIME, vehicles)
  while ((await installation.get<{ vehicles: unknown[] }>(`/v1/vehicles?limit=1`)).vehicles.length === 0)
    await pause(200)
  say(`${vehicles} shipments planned, ${vehicles} vehicles seen`)
  await pause(10_000)

  const executablePath = CHROMIUM.find(path => path !== undefined && existsSync(path))
  const browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] })
  const stop = new AbortController()
  const feeding = feed(running, vehicles, perSecond, stop.signal)
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.addInitScript(WATCH)
    await page.goto(running.link)
    const debugging = await page.context().newCDPSession(page)
    const live = { messages: 0, vehicles: 0 }
    await debugging.send('Network.enable')
    debugging.on('Network.eventSourceMessageReceived', ({ data }) => {
      live.messages++
      live.vehicles += (JSON.parse(data) as { vehicles?: unknown[] }).vehicles?.length ?? 0
    })
    const firstViewsMs: number[] = []
    for (let n = 0; n < 5; n++) firstViewsMs.push(await firstView(page, installation.url))
    const minutely: object[] = []
    for (let minute = 1; minute <= minutes; minute++) {
      await page.evaluate('seen.clear()')
      Object.assign(live, { messages: 0, vehicles: 0 })
      await pause(60_000)
      const told = { liveMessages: live.messages, vehiclesMovedPerSecond: Math.round(live.vehicles / 60) }
      const seen = {
        minute,
        ...told,
        ...(await page.evaluate<object>('seen.report()')),
        ...(await memoryOf(debugging)),
      }
      say(JSON.stringify(seen))
      minutely.push(seen)
    }
    return { vehicles, perSecond, firstViewsMs, minutely }
  } finally {
    stop.abort()
    await feeding
    await browser.close()
  }
}

/** Run in the page before anything of its own. */
const WATCH = `
  globalThis.seen = {
    clear() { this.at = performance.now(); this.frames = 0; this.gaps = []; this.tasks = [] },
    report() {
      const gaps = this.gaps.toSorted((a, b) => a - b)
      const seconds = (performance.now() - this.at) / 1000
      return {
        framesPerSecond: Math.round(10 * this.frames / seconds) / 10,
        frameGapP99Ms: Math.round(gaps[Math.floor(gaps.length * 0.99)] ?? 0),
        tasksOver50Ms: this.tasks.length, longestTaskMs: Math.round(Math.max(0, ...this.tasks)),
      }
    },
  }
  seen.clear()
  new PerformanceObserver(list => seen.tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ entryTypes: ['longtask'] })
  let before = performance.now()
  requestAnimationFrame(function frame(at) { seen.frames++; seen.gaps.push(at - before); before = at; requestAnimationFrame(frame) })
`

/** From asking for the page to vehicles in its list and on its map. */
async function firstView(page: Page, url: string): Promise<number> {
  const began = performance.now()
  await page.goto(url, { waitUntil: 'commit' })
  await page.locator('#map[data-vehicles]').waitFor()
  await page.locator('a.cover').first().waitFor()
  return Math.round(performance.now() - began)
}

/** Of the page alone, after a collection. */
async function memoryOf(debugging: CDPSession): Promise<{ heapMb: number; nodes: number }> {
  await debugging.send('HeapProfiler.collectGarbage')
  const { usedSize } = await debugging.send('Runtime.getHeapUsage')
  const { nodes } = await debugging.send('Memory.getDOMCounters')
  return { heapMb: Math.round(usedSize / 104_857.6) / 10, nodes }
}

async function plan({ installation }: Running, shipments: number): Promise<void> {
  const now = Date.now()
  const iso = (at: number) => new Date(at).toISOString()
  const one = async (n: number) => {
    const place = (name: string, latitude: number) => ({ name, latitude, longitude: longitudeOf(n) })
    const body = JSON.stringify({
      ...{ plannedAt: iso(now - 3_600_000), vehicleId: vehicleOf(n), references: [{ scheme: 'po', value: `PO-${n}` }] },
      stops: [
        { stopId: 'from', kind: 'pickup', place: place(`Depot ${n % 97}`, 44), plannedArrival: iso(now - 1_800_000) },
        {
          stopId: 'to',
          kind: 'delivery',
          place: place(`Shop ${n % 811}`, 53),
          plannedArrival: iso(now + (n % 24) * 3_600_000),
        },
      ],
    })
    const answer = await installation.fetch(`/v1/shipments/SHP-${n}`, { method: 'PUT', body })
    if (!answer.ok) throw new Error(`PUT: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  for (let n = 0; n < shipments; n += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => one(n + i)))
}

const vehicleOf = (n: number) => `TRUCK-${n}`
const longitudeOf = (n: number) => Math.round((-5 + ((n * 104_729) % 250_000) / 10_000) * 1e5) / 1e5

/** Where some vehicles are now. */
async function tell({ installation }: Running, first: number, count: number, of: number): Promise<void> {
  const now = Date.now()
  const fixes = Array.from({ length: count }, (_, i) => {
    const n = (first + i) % of
    const northM = ((now / 1_000 + n * 7) % 7_200) * 20
    return {
      ...{ vehicleId: vehicleOf(n), occurredAt: new Date(now).toISOString(), longitude: longitudeOf(n) },
      ...{ latitude: 44 + ((n * 7_919) % 90_000) / 10_000 + northM / 111_200, speedMps: 20, courseDeg: 0 },
    }
  })
  const answer = await installation.fetch('/v1/positions', { method: 'POST', body: JSON.stringify(fixes) })
  if (!answer.ok) throw new Error(`POST: ${answer.status}`)
  await answer.arrayBuffer()
}

async function feed(running: Running, vehicles: number, perSecond: number, stop: AbortSignal): Promise<void> {
  const began = performance.now()
  for (let sent = 0; !stop.aborted; sent += AT_A_TIME) {
    await tell(running, sent % vehicles, AT_A_TIME, vehicles)
    await pause(began + ((sent + AT_A_TIME) / perSecond) * 1_000 - performance.now())
  }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, Math.max(0, ms)))
