/** The stream of changes, over real connections. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { changesShape, helloShape, hopsShape } from '../../../app/read/live-route.ts'
import { placeOf, placeText } from '../../../app/read/live.ts'
import * as topics from '../../../schemas/topics.ts'
import { openViews } from '../../../sinks/control-tower/views.ts'
import { type Instant, later, minutes } from '../../../streams/time.ts'
import { aCase, assignment, at, eta, plan, position, tell, writer } from '../../sinks/control-tower/telling.ts'
import { bearer, serving, type Serving, WELL } from './serving.ts'

const NOW = at('2026-03-01T15:00:00Z')
let s: Serving
let address: string
const open: AbortController[] = []
beforeEach(async () => {
  s = await serving(() => NOW)
  address = await s.server.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  for (const one of open.splice(0)) one.abort()
  await s[Symbol.asyncDispose]()
})

interface Told {
  readonly name: string
  readonly id: string | undefined
  readonly data: unknown
}
interface Ear {
  readonly response: Response
  /** The next event of this name; others are passed over. */
  next(name: string): Promise<Told>
  readonly close: () => void
}

async function ear(lastEventId?: string, headers = bearer('read')): Promise<Ear> {
  const stop = new AbortController()
  open.push(stop)
  const more: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(`${address}/v1/live`, { headers: { ...headers, ...more }, signal: stop.signal })
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).values()
  let text = ''
  const one = async (): Promise<Told> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
        )
        text = text.slice(end + 2)
        const name = fields.get('event')
        if (name !== undefined) return { name, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? '') }
        continue
      }
      const chunk = await chunks?.next()
      if (chunk?.value === undefined) throw new Error('the stream has ended')
      text += chunk.value
    }
  }
  return {
    response,
    async next(name) {
      for (;;) {
        const told = await one()
        if (told.name === name) return told
      }
    },
    close: () => stop.abort(),
  }
}
const seen = (id: string, when: Instant, more = {}) => tell(topics.vehiclePositions, position(id, when, more))
const changes = async (from: Ear) => {
  const { data, id } = await from.next('changes')
  return { ...changesShape.parse(data), id }
}

describe('GET /v1/live', { timeout: 60_000 }, () => {
  test('begins with hello, tells what changes as documented, and how the hops are', async () => {
    await s.write(seen('V-0', NOW))
    const one = await ear()
    assert.equal(one.response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(one.response.headers.get('cache-control'), 'no-store')
    assert.match(one.response.headers.get('content-security-policy') ?? '', /default-src 'self'/)
    assert.deepEqual(helloShape.parse((await one.next('hello')).data), { resumed: false, now: NOW })
    const { hops, ready } = hopsShape.parse((await one.next('hops')).data)
    assert.equal(ready, true)
    assert.deepEqual(hops[1], ['follow-vehicles', 'running', 482_100, 51_322, 91_002, 0, 13])
    await s.write(seen('V-1', NOW), tell(topics.cases, aCase('c-1', NOW)))
    const told = await changes(one)
    assert.deepEqual(told.vehicles, [['V-1', NOW, 51.2, 4.4, 20, 90, [], null, null]], 'V-0 was there before')
    assert.deepEqual([told.shipments, told.cases], [['S-1'], [['c-1', 'late', 'high', 'open', 'S-1']]])
    s.health = { ...WELL, ready: false }
    assert.equal(hopsShape.parse((await one.next('hops')).data).ready, false)
  })

  test('what changes about a shipment is told of the vehicle that carries it', async () => {
    await s.write(seen('V-1', NOW), tell(topics.shipmentPlans, plan('S-1')))
    await s.write(tell(topics.vehicleAssignments, assignment('V-1', 'S-1')))
    const one = await ear()
    await one.next('hello')
    const due = at('2026-03-01T18:30:00Z')
    await s.write(tell(topics.shipmentEtas, eta('S-1', 'b', NOW, later(due, minutes(5)))))
    const [vehicle] = (await changes(one)).vehicles
    assert.deepEqual(vehicle?.slice(6), [['S-1'], null, ['Lyon', later(due, minutes(5)), 300]])
  })

  test('whoever comes back gets how that stands which changed meanwhile, once', async () => {
    const one = await ear()
    await one.next('hello')
    await s.write(seen('V-1', NOW))
    const { id } = await changes(one)
    one.close()
    for (let n = 1; n <= 20; n++) await s.write(seen('V-2', later(NOW, n), { latitude: n }))
    const again = await ear(id)
    assert.equal(helloShape.parse((await again.next('hello')).data).resumed, true)
    assert.deepEqual(
      (await changes(again)).vehicles.map(([name, when]) => [name, when]),
      [['V-2', later(NOW, 20)]],
    )
  })

  test('nothing is missed or told twice while much is written', async () => {
    const all = Promise.all([ear(), ear(), ear()])
    const last: Map<string, number>[] = []
    const rounds = 60
    const listening = (await all).map(async one => {
      await one.next('hello')
      const newest = new Map<string, number>()
      last.push(newest)
      while ([...newest.values()].filter(when => when === NOW + rounds).length < 50)
        for (const [id, when] of (await changes(one)).vehicles) {
          assert.ok(when > (newest.get(id) ?? 0), 'each time it is newer')
          newest.set(id, when)
        }
    })
    await wait(300)
    for (let n = 1; n <= rounds; n++) {
      const fixes = Array.from({ length: 50 }, (_, v) => position(`V-${v}`, later(NOW, n)))
      await s.write(tell(topics.vehiclePositions, ...fixes))
      await wait(5)
    }
    await Promise.all(listening)
    assert.equal(last.length, 3)
  })

  test('a read model that was made anew, and a place that nobody gave out, say: ask for everything', async () => {
    await s.write(seen('V-1', NOW))
    for (const id of ['nonsense', 'another.1', `${'x'.repeat(200)}.1`]) {
      const one = await ear(id)
      assert.equal(helloShape.parse((await one.next('hello')).data).resumed, false, id)
      one.close()
    }
    const one = await ear()
    await one.next('hello')
    s.views.close()
    const anew = openViews(s.dir, 'log-2')
    assert.equal(helloShape.parse((await one.next('hello')).data).resumed, false)
    await writer(anew)(seen('V-9', NOW))
    assert.equal((await changes(one)).vehicles[0]?.[0], 'V-9')
    anew.close()
  })

  test('one who does not read gets states, not a queue, and holds up nobody', async () => {
    const { port, hostname } = new URL(address)
    const slow = connect(Number(port), hostname)
    slow.write('GET /v1/live HTTP/1.1\r\nhost: x\r\nauthorization: Bearer read\r\n\r\n')
    slow.pause()
    const quick = await ear()
    await quick.next('hello')
    const many = Array.from({ length: 3_000 }, (_, v) => `vehicle-of-a-rather-long-name-${v}`)
    const rounds = 60
    for (let n = 1; n <= rounds; n++) {
      await s.write(tell(topics.vehiclePositions, ...many.map(id => position(id, later(NOW, n)))))
      while ((await changes(quick)).vehicles.at(-1)?.[1] !== NOW + n);
    }
    let got = 0
    let tail = ''
    await new Promise<void>(resolve => {
      slow.on('data', (chunk: Buffer) => {
        got += chunk.length
        tail = (tail + chunk.toString()).slice(-400_000)
        if (tail.includes(`"vehicle-of-a-rather-long-name-2999",${NOW + rounds}`)) resolve()
      })
      slow.resume()
    })
    slow.destroy()
    const whole = rounds * many.length * 80
    assert.ok(got < whole / 2, `${got} bytes of ${whole} went to the slow one`)
  })

  test('is for those who may read, and ends with the server', async () => {
    for (const [headers, status] of [
      [{}, 401],
      [bearer('ingest'), 403],
      [bearer('admin'), 200],
    ] as const) {
      const { response, close } = await ear(undefined, headers)
      assert.equal(response.status, status)
      close()
    }
    const session = s.sessions.redeem(new URL(s.sessions.mintLink(address)).searchParams.get('code') ?? '') ?? ''
    const one = await ear(undefined, { cookie: `milepost_session=${session}` })
    await one.next('hello')
    await s.server.close()
    await assert.rejects(one.next('changes'), /ended/)
  })
})

test('a place goes to text and back', () => {
  const place = { made: crypto.randomUUID(), seq: 12 }
  assert.deepEqual(placeOf(placeText(place)), place)
  for (const text of ['', '.', 'a.', '.1', 'a.-1', 'a.1e3', 'a b.1', 'a.1\n'])
    assert.equal(placeOf(text), undefined, text)
})
