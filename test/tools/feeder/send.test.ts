import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { sign } from '../../../ingest/signature.ts'
import type { CarrierEvent, Delivery, Fix, Plan } from '../../../tools/feeder/delivery.ts'
import { calmShares } from '../../../tools/feeder/features.ts'
import { positionsLoad } from '../../../tools/feeder/load.ts'
import { type Random, random } from '../../../tools/feeder/random.ts'
import { send } from '../../../tools/feeder/send.ts'
import { defaults, makeWorld } from '../../../tools/feeder/world.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const secrets = Object.fromEntries(defaults.partners.map(partner => [partner, SECRET]))
const world = makeWorld({ seed: 5, startAt: Date.UTC(2026, 9, 1), vehicles: 6, shipmentsPerVehicle: 2 })

/** What a server has taken, and how it behaves meanwhile. */
interface Taken {
  readonly requests: { path: string; body: string; headers: IncomingMessage['headers'] }[]
}
type Behaviour = (request: IncomingMessage, response: ServerResponse, take: () => void) => void
let server: Server
let behave: Behaviour
let taken: Taken
let url: string

const accept: Behaviour = (_, response, take) => {
  take()
  response.end('{"accepted":1,"refused":[]}')
}
before(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const path = `${request.method} ${request.url}`
      behave(request, response, () => taken.requests.push({ path, body, headers: request.headers }))
    })
    request.on('error', () => undefined)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})
const start = (how: Behaviour) => {
  behave = how
  taken = { requests: [] }
}
const target = () => ({ url, token: 'secret-token', secrets })

/** What was delivered, in order: a line for each fix, plan and event. */
const lines = (deliveries: readonly Delivery[]): string[] =>
  deliveries.flatMap(each => {
    if (each.kind === 'positions') return each.positions.map(fix => JSON.stringify(fix))
    return each.kind === 'plan'
      ? `${each.shipmentId} ${JSON.stringify(each.plan)}`
      : each.events.map(told(each.partner))
  })
const told = (partner: string) => (event: CarrierEvent) => `${partner} ${JSON.stringify(event)}`
const takenLines = (): string[] =>
  taken.requests.flatMap(({ path, body }) => {
    const parts = path.split('/')
    if (path === 'POST /v1/positions') {
      const fixes = body.startsWith('[')
        ? (JSON.parse(body) as Fix[])
        : body.split('\n').map(line => JSON.parse(line) as Fix)
      return fixes.map(fix => JSON.stringify(fix))
    }
    if (path.startsWith('PUT /v1/shipments/')) return `${parts[3]} ${JSON.stringify(JSON.parse(body) as Plan)}`
    return (JSON.parse(body) as { events: CarrierEvent[] }).events.map(told(parts[3] ?? ''))
  })

test('everything arrives, in order, and is counted', async () => {
  start(accept)
  const report = await send(world.deliveries, target())
  assert.deepEqual(takenLines(), lines(world.deliveries))
  const { positionsSent, plansSent, carrierEventsSent } = world.truth.totals
  assert.deepEqual(
    [report.positions, report.plans, report.carrierEvents],
    [positionsSent, plansSent, carrierEventsSent],
  )
  assert.equal(report.requests, taken.requests.length)
  assert.equal(
    report.latencyMs.positions?.count,
    taken.requests.filter(({ path }) => path.endsWith('positions')).length,
  )
  assert.equal(report.refused + report.retries, 0)
})

test('as NDJSON too, and in requests no greater than asked', async () => {
  start(accept)
  await send(world.deliveries, target(), { format: 'ndjson', batch: 70 })
  assert.deepEqual(takenLines(), lines(world.deliveries))
  for (const { path, body, headers } of taken.requests) {
    if (!path.endsWith('/positions')) continue
    assert.ok(body.split('\n').length <= 70)
    assert.equal(headers['content-type'], 'application/x-ndjson')
  }
})

test('a live feed is sent as it comes, not gathered', async () => {
  start(accept)
  const some = world.deliveries.filter(({ kind }) => kind === 'positions').slice(0, 3)
  assert.equal((await send(some, target(), { atOnce: true })).requests, 3)
})

/** Takes the request or not, and answers or not, as chance says. Any answer may be lost after the request was taken. */
const unreliable =
  (rng: Random): Behaviour =>
  (request, response, take) => {
    const fate = rng.next()
    if (fate < 0.1) return void request.socket.destroy()
    if (fate < 0.2) return void response.writeHead(503, { 'retry-after': '0' }).end()
    if (fate < 0.25) return void response.writeHead(rng.pick([408, 425, 429]), { 'retry-after': '0' }).end()
    take()
    if (fate < 0.3) return void request.socket.destroy()
    if (fate < 0.35)
      return void response.writeHead(200, { 'content-length': '100' }).write('{', () => request.socket.destroy())
    response.end('{"accepted":1,"refused":[]}')
  }

test('a server that loses requests and answers gets everything at least once, still in order', async () => {
  start(unreliable(random('server')))
  const small = makeWorld({ seed: 6, startAt: 0, vehicles: 1, shipmentsPerVehicle: 1, shares: calmShares }).deliveries
  const report = await send(small, target(), { batch: 40 })
  assert.ok(report.retries > 3)
  const all = takenLines()
  const firstTime = [...new Set(all)]
  assert.deepEqual(firstTime, lines(small))
  assert.ok(all.length > firstTime.length, 'some came twice')
})

test('with requests in parallel too, if in any order', async () => {
  start(unreliable(random('parallel')))
  const small = makeWorld({ seed: 6, startAt: 0, vehicles: 2, shipmentsPerVehicle: 1, shares: calmShares }).deliveries
  await send(small, target(), { batch: 40, concurrency: 6 })
  assert.deepEqual([...new Set(takenLines())].sort(), lines(small).sort())
})

test('a server that is not there yet is waited for', async () => {
  start(accept)
  const later = createServer((request, response) => {
    request.resume().on('end', () => response.end('{"accepted":1,"refused":[]}'))
  })
  const port = await new Promise<number>(resolve => {
    later.listen(0, '127.0.0.1', () => {
      const { port } = later.address() as AddressInfo
      later.close(() => resolve(port))
    })
  })
  const sent = send(positionsLoad({ vehicles: 5, positions: 10, endAt: 0 }), {
    url: `http://127.0.0.1:${port}`,
    token: 'x',
  })
  setTimeout(() => later.listen(port, '127.0.0.1'), 120)
  try {
    const { positions, retries } = await sent
    assert.equal(positions, 10)
    assert.ok(retries > 0)
  } finally {
    later.closeAllConnections()
    later.close()
  }
})

test('patience has an end', async () => {
  start((_, response) => response.writeHead(500).end('out of order'))
  const load = () => positionsLoad({ vehicles: 5, positions: 10, endAt: 0 })
  await assert.rejects(send(load(), target(), { giveUpAfterMs: 300 }), /given up .*500 out of order/)
  start(() => undefined)
  await assert.rejects(send(load(), target(), { giveUpAfterMs: 200, timeoutMs: 60 }), /no answer/)
})

test('Retry-After is obeyed', async () => {
  let refusedAt = 0
  let waited = 0
  start((_, response, take) => {
    if (refusedAt === 0) {
      refusedAt = performance.now()
      return void response.writeHead(503, { 'retry-after': '1' }).end()
    }
    waited = performance.now() - refusedAt
    take()
    response.end('{"accepted":1,"refused":[]}')
  })
  await send(positionsLoad({ vehicles: 5, positions: 5, endAt: 0 }), target())
  assert.ok(waited >= 950, `waited ${waited} ms`)
})

test('what is refused for good is counted and said, not sent again', async () => {
  start((request, response, take) => {
    take()
    if (request.method === 'PUT') return void response.writeHead(409).end('{"title":"conflict"}')
    response.end('{"accepted":3,"refused":[{"index":2,"reason":"latitude","at":"/2"}]}')
  })
  const plan = world.deliveries.find(({ kind }) => kind === 'plan') as Delivery
  const fixes = world.deliveries.find(({ kind }) => kind === 'positions') as Delivery
  const report = await send([plan, fixes], target())
  assert.equal(taken.requests.length, 2)
  assert.equal(report.refused, 2)
  assert.match(report.refusals[0]?.reason ?? '', /conflict/)
  assert.match(report.refusals[1]?.reason ?? '', /latitude/)
})

test('of many reasons the first twenty are kept, and all are counted', async () => {
  const refused = Array.from({ length: 10 }, (_, index) => ({ index, reason: 'latitude', at: `$[${index}]` }))
  start((_, response) => void response.end(JSON.stringify({ accepted: 0, refused })))
  const report = await send(positionsLoad({ vehicles: 5, positions: 30, perRequest: 10, endAt: 0 }), target())
  assert.deepEqual([report.refusals.length, report.refused], [20, 30])
})

for (const status of [401, 403, 404])
  test(`${status} is an error at once`, async () => {
    start((_, response, take) => {
      take()
      response.writeHead(status).end('who are you')
    })
    const sent = send(positionsLoad({ vehicles: 5, positions: 5, endAt: 0 }), target())
    await assert.rejects(sent, new RegExp(`${status} who are you`))
    assert.equal(taken.requests.length, 1)
  })

test('also when it comes while the next request waits for its turn', async () => {
  start((_, response) => response.writeHead(401).end('who are you'))
  const load = positionsLoad({ vehicles: 5, positions: 10, perRequest: 5, endAt: 0 })
  const paced = { concurrency: 4, positionsPerSecond: 10 }
  await assert.rejects(send(load, target(), paced), /401 who are you/)
})

test('events are signed over their bytes, each attempt anew under one id; all else bears the token', async () => {
  let attempts = 0
  start((_, response, take) => {
    take()
    if (++attempts % 2 === 1) return void response.writeHead(503, { 'retry-after': '0' }).end()
    response.end('{}')
  })
  const some = ['plan', 'carrier', 'positions'].map(
    wanted => world.deliveries.find(({ kind }) => kind === wanted) as Delivery,
  )
  await send(some, target())
  const signed = taken.requests.filter(({ path }) => path.includes('/partners/'))
  assert.equal(signed.length, 2)
  assert.equal(signed[0]?.headers['webhook-id'], signed[1]?.headers['webhook-id'])
  for (const { headers, body } of signed) {
    const [id, timestamp] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])]
    assert.ok(Math.abs(timestamp - Date.now() / 1_000) < 60)
    assert.equal(headers['webhook-signature'], sign(SECRET, id, timestamp, Buffer.from(body)))
  }
  for (const { path, headers } of taken.requests) {
    if (!path.includes('/partners/')) assert.equal(headers.authorization, 'Bearer secret-token')
  }
})

test('a partner without a secret is an error', async () => {
  start(accept)
  const event = world.deliveries.find(({ kind }) => kind === 'carrier') as Delivery
  await assert.rejects(send([event], { url, token: 'x' }), /no secret for the partner/)
})

test('each fix can say when it is received', async () => {
  start(accept)
  const some = world.deliveries.filter(({ kind }) => kind === 'positions').slice(0, 5)
  await send(some, target(), { withReceivedAt: true })
  const said = taken.requests.flatMap(({ body }) => JSON.parse(body) as (Fix & { receivedAt: string })[])
  const expected = some.flatMap(each =>
    each.kind === 'positions'
      ? each.positions.map(fix => ({ ...fix, receivedAt: new Date(each.at).toISOString() }))
      : [],
  )
  assert.deepEqual(said, expected)
})

test('a rate is kept to', async () => {
  start(accept)
  const load = positionsLoad({ vehicles: 10, positions: 500, perRequest: 100, endAt: 0 })
  const { seconds } = await send(load, target(), { positionsPerSecond: 1_000 })
  assert.ok(seconds >= 0.38, `${seconds} s`)
})

test('a signal ends it, with a report of what was done', async () => {
  const stop = new AbortController()
  start((...all) => {
    accept(...all)
    if (taken.requests.length === 3) stop.abort()
  })
  const load = positionsLoad({ vehicles: 10, positions: 1e6, perRequest: 10, endAt: 0 })
  const report = await send(load, target(), { signal: stop.signal })
  assert.ok(report.requests >= 2 && report.requests <= 4)
})
