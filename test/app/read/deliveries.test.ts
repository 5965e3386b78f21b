/** From what is known of a shipment to the bytes in which it came: taken in by the real adapters, kept in a real log. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { deliveriesIn } from '../../../app/find-deliveries.ts'
import { eventClock } from '../../../ingest/clock.ts'
import { NDJSON, positions } from '../../../ingest/positions.ts'
import { pack, unpack } from '../../../ingest/packing.ts'
import { receiver } from '../../../ingest/receive.ts'
import { localWire } from '../../../schemas/codec.ts'
import { deliveries, shipmentPlans, shipmentSightings } from '../../../schemas/topics.ts'
import type { ShipmentSighting } from '../../../schemas/generated/events.ts'
import { EmbeddedLog } from '../../../streams/log/embedded/embedded.ts'
import type { Instant } from '../../../streams/time.ts'
import { at, heard, plan, tell } from '../../sinks/control-tower/telling.ts'
import { Counts } from '../../ingest/support/records.ts'
import { bearer, serving } from './serving.ts'

const NOON = at('2026-03-01T12:00:00Z')

function logIn(t: TestContext, partitions = 2) {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-deliveries-'))
  const log = new EmbeddedLog({
    directory,
    topics: new Map([
      ['delivery.v1', partitions],
      ['telematics.position.v1', 1],
      ['refused.v1', 1],
      ['source.heard.v1', 1],
    ]),
  })
  t.after(async () => {
    await log.close()
    rmSync(directory, { recursive: true })
  })
  const time = { at: NOON }
  const clock = {
    ...eventClock(NOON),
    stamp: () => ({ receivedAt: time.at, tick: null, reached: time.at }),
    keep: () => undefined,
  }
  const door = receiver({
    ...{ appender: log, wire: localWire, partitionsOf: log.partitionsOf, clock, metrics: new Counts() },
  })
  const send = async (body: string, contentType = 'application/json', source = 'telematics:box') => {
    const delivery = { body: Buffer.from(body), contentType, about: '', emittedAt: null, mayTellReceivedAt: false }
    const received = door.receive(positions, delivery, source)
    await door.keep(received)
    return received.translation.refused.map(({ reason }) => reason)
  }
  return { log, time, send, find: deliveriesIn(log, localWire) }
}
const fix = (vehicleId: string, when: Instant, more = '') =>
  `{"vehicleId":"${vehicleId}","occurredAt":"${new Date(when).toISOString()}","latitude":53.5,"longitude":9.9${more}}`

test('bytes are what they were, packed or not', () => {
  for (const size of [0, 1, 511, 512, 100_000]) {
    const body = Buffer.from('αβγ{"'.repeat(size)).subarray(0, size)
    const packed = pack(body)
    assert.deepEqual(unpack(packed), body)
    if (size >= 100_000) assert.ok(packed.raw.length < size / 10)
  }
})

test('what was received at a moment is found among thousands, also where some lie in disorder', async t => {
  const { log, time, send, find } = logIn(t)
  const moments = Array.from({ length: 3_000 }, (_, n) => (NOON + n * 700) as Instant)
  for (const [n, moment] of moments.entries()) {
    // Of two processes that take in one is half a minute behind.
    time.at = (n % 7 === 0 ? moment - 30_000 : moment) as Instant
    assert.deepEqual(await send(`[${fix(`V-${n}`, moment)}]`), [])
  }
  for (const n of [0, 1, 7, 1_500, 1_504, 2_998, 2_999]) {
    const moment = moments[n] ?? NOON
    const found = await find('positions', n % 7 === 0 ? moment - 30_000 : moment)
    assert.ok(
      found.some(({ value }) => unpack(value).toString().includes(`"V-${n}"`)),
      `number ${n}`,
    )
  }
  assert.deepEqual(await find('positions', NOON - 1), [])
  assert.deepEqual(await find('shipments', NOON), [])
  const { start, end } = await log.bounds(deliveries.name, 0)
  while ((await log.trim(deliveries.name, 0, (Date.now() + 60_000) as Instant, Math.floor(end / 2))) > 0);
  assert.ok((await log.bounds(deliveries.name, 0)).start > start, 'what is old has gone')
  assert.ok((await find('positions', moments[2_999] ?? NOON)).length > 0)
})

test('nothing of a delivery is kept twice where it is kept as refused', async t => {
  const { log, send } = logIn(t, 1)
  assert.equal((await send('no JSON at all')).length, 1)
  assert.equal((await log.bounds(deliveries.name, 0)).end, 0)
})

test('a shipment shows what was sent of it, as it was sent', async t => {
  const { time, send, find } = logIn(t, 1)
  const s = await serving(() => NOON)
  t.after(() => s[Symbol.asyncDispose]())
  const arrival = at('2026-03-01T11:58:00Z')
  time.at = at('2026-03-01T12:00:01Z')
  const sent = [fix('V-8', arrival), '{"vehicleId":"V-9"', fix('V-7', arrival, ',"speedMps":0.5')].join('\n')
  await send(sent, NDJSON)
  s.deliveries = [...(await find('positions', time.at))]
  const seen = (vehicleId: string, stopId: string): ShipmentSighting => ({
    ...{ occurredAt: arrival, shipmentId: 'S-1', vehicleId, kind: 'arrived', stopId },
    ...{ latitude: 53.5, longitude: 9.9, revision: 1, retracted: false },
  })
  await s.write(tell(shipmentPlans, plan('S-1')), {
    topic: shipmentSightings.name,
    events: [heard(seen('V-7', 'a'), time.at), heard(seen('V-7', 'b'), NOON), heard(seen('V-9', 'c'), time.at)],
  })
  const answer = await s.server.inject({ path: '/v1/shipments/S-1/deliveries', headers: bearer('read') })
  assert.equal(answer.statusCode, 200, answer.body)
  const { heard: found } = answer.json<{
    heard: readonly { stopId: string; delivery: Record<string, unknown> | null }[]
  }>()
  const of = (stopId: string) => found.find(one => one.stopId === stopId)?.delivery
  const { index, record, text, source, sizeBytes } = of('a') ?? {}
  assert.deepEqual([index, source, text, sizeBytes], [2, 'telematics:box', sent, sent.length])
  assert.deepEqual(record, JSON.parse(fix('V-7', arrival, ',"speedMps":0.5')))
  assert.equal(of('b'), null, 'it was not received when that came to light')
  assert.equal(of('c'), null, 'the delivery of that moment has no such record')
  const none = await s.server.inject({ path: '/v1/shipments/S-2/deliveries', headers: bearer('read') })
  assert.equal(none.statusCode, 404)
})
