import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { drive, type DriveOptions } from '../../../tools/simulate/drive.ts'
import { simulated } from '../../../tools/simulate/world.ts'

const HOUR = 3_600_000
const partners = ['a', 'b']
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

interface Heard {
  readonly path: string
  readonly body: string
}
/** A server that takes everything and remembers it. */
async function receiving(t: TestContext) {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    void text(request).then(body => {
      if (request.method !== 'GET') heard.push({ path: request.url ?? '', body })
      response.end(request.method === 'GET' ? '{"hops":[]}' : '{"accepted":1,"refused":[]}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { heard, target: { url, token: 'x', secrets: { a: SECRET, b: SECRET } } }
}
const fixesIn = (heard: readonly Heard[]): string[] =>
  heard
    .filter(({ path }) => path === '/v1/positions')
    .flatMap(({ body }) => JSON.parse(body) as { vehicleId: string; occurredAt: string }[])
    .map(({ vehicleId, occurredAt }) => `${vehicleId} ${occurredAt}`)
const plansIn = (heard: readonly Heard[]) => heard.filter(({ path }) => path.startsWith('/v1/shipments/'))

test('all of a world that is over is sent, its truth is written, and the clock moves past it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-simulate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const truthFile = join(folder, 'truth.ndjson')
  const { heard, target } = await receiving(t)
  const world = { seed: 1, vehicles: 4, partners, shipments: 8, startAt: Date.UTC(2026, 0, 5), fixEverySeconds: 120 }
  const report = await drive({ ...world, target, eventTime: true, truthFile })
  const happenings = [...simulated(world)]
  const lines = happenings.flatMap(each => ('truth' in each ? [JSON.stringify(each.truth)] : []))
  assert.deepEqual(readFileSync(truthFile, 'utf8').trimEnd().split('\n'), lines)
  const fixes = happenings.flatMap(each =>
    'delivery' in each && each.delivery.kind === 'positions' ? each.delivery.positions : [],
  )
  const sent = fixesIn(heard)
  assert.equal(report.positions, fixes.length + 1)
  assert.deepEqual(
    new Set(sent),
    new Set([...fixes.map(fix => `${fix.vehicleId} ${fix.occurredAt}`), sent.at(-1) ?? '']),
  )
  assert.match(sent.at(-1) ?? '', /^clock-1 /)
  assert.match(heard.find(({ path }) => path === '/v1/positions')?.body ?? '', /receivedAt/)
})

test('into a Milepost that lives the past comes first, nothing of the future, and it ends when it is told to', async t => {
  const { heard, target } = await receiving(t)
  const stop = new AbortController()
  const startAt = Date.now() - 6 * HOUR
  const world: DriveOptions = { seed: 2, vehicles: 20, partners, startAt, target }
  let reached = 0
  const watch = setInterval(() => {
    if (plansIn(heard).length > 15) stop.abort()
  }, 100)
  t.after(() => clearInterval(watch))
  await drive({ ...world, signal: stop.signal, onProgress: (_, at) => (reached = at) })
  const now = new Date().toISOString()
  const fixes = fixesIn(heard)
  assert.ok(fixes.length > 2_000, `${fixes.length} fixes`)
  assert.ok(
    fixes.every(
      fix => fix.slice(-24) <= now || fix.slice(-24) > '2090' || Date.parse(fix.slice(-24)) < Date.now() + 2 * 60_000,
    ),
  )
  const [firstPlan] = plansIn(heard)
  assert.ok(heard.findIndex(each => each === firstPlan) > 1, 'positions come before plans')
  assert.ok(reached <= Date.now())
})

test('a run that goes on sends only what came since', async t => {
  const { heard, target } = await receiving(t)
  const world = { seed: 1, vehicles: 4, partners, shipments: 8, startAt: Date.UTC(2026, 0, 5) }
  const sentUntil = world.startAt + 2 * HOUR
  const report = await drive({ ...world, target, eventTime: true, sentUntil })
  const rest = [...simulated(world)].filter(
    each => each.at >= sentUntil && 'delivery' in each && each.delivery.kind === 'plan',
  )
  assert.equal(report.plans, rest.length)
  assert.ok(plansIn(heard).length === rest.length && rest.length > 0)
})
