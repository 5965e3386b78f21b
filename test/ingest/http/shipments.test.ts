import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ShipmentRequest } from '../../../schemas/generated/events.ts'
import { shipmentRequests } from '../../../schemas/topics.ts'
import { LogUnavailable } from '../../../streams/log/log.ts'
import { frontDoor } from '../support/front-door.ts'
import { shipment } from '../support/said.ts'

const EIGHT = '2026-03-01T08:00:00Z'
const NINE = '2026-03-01T09:00:00Z'

describe('PUT /v1/shipments/{shipmentId}', () => {
  test('puts a version into the log under the name in the address', async context => {
    const door = await frontDoor(context)
    const answer = await door.put('WH/OUT 7', shipment())
    assert.deepEqual([answer.status, answer.json], [200, { applied: true }])
    const [request] = door.log.events<ShipmentRequest>(shipmentRequests)
    assert.deepEqual([request?.value.shipmentId, request?.source], ['WH/OUT 7', 'tms:ingest-1'])
    assert.equal(door.log.appends[0]?.[0]?.key, 'WH/OUT 7')
  })

  test('says whether the version holds: newer, the same again, older, another at the same time', async context => {
    const door = await frontDoor(context)
    const put = async (plannedAt: string, vehicleId = 'truck-7') => {
      const { status, json } = await door.put('s', shipment({ plannedAt, vehicleId }))
      return [status, (json as { applied?: boolean }).applied]
    }
    assert.deepEqual(await put(NINE), [200, true])
    assert.deepEqual(await put(NINE), [200, true])
    assert.deepEqual(await put(EIGHT), [200, false])
    assert.deepEqual(await put(NINE, 'truck-8'), [409, undefined])
    // The same again needs no record; the older one says who carried the shipment before; the conflict is kept as refused.
    assert.equal(door.log.events(shipmentRequests).length, 2)
    assert.deepEqual(
      door.log.refused().map(({ adapter, at }) => [adapter, at]),
      [['shipments', '$.plannedAt']],
    )
    assert.match(door.log.refused()[0]?.raw ?? '', /truck-8/)
    assert.deepEqual(door.counts.counted, { 'shipments/accepted': 2, 'shipments/refused': 1 })
  })

  test('is the same version whoever sends it', async context => {
    const door = await frontDoor(context)
    await door.put('s', shipment())
    assert.deepEqual((await door.put('s', shipment(), door.bearer(door.tokens.admin))).json, { applied: true })
    assert.equal(door.log.events(shipmentRequests).length, 1)
  })

  test('is right for two that come at once', async context => {
    const door = await frontDoor(context)
    const answers = await Promise.all(['a', 'b', 'c'].map(vehicleId => door.put('s', shipment({ vehicleId }))))
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409])
    assert.equal(door.log.events(shipmentRequests).length, 1)
  })

  test('asks the read model what holds, and goes on where that is away', async context => {
    const known = await frontDoor(context, {
      versionOf: () => Promise.resolve({ plannedAt: Date.parse(NINE) as never, contentHash: 'x' }),
    })
    assert.deepEqual((await known.put('s', shipment({ plannedAt: EIGHT }))).json, { applied: false })
    assert.equal((await known.put('s', shipment({ plannedAt: NINE }))).status, 409)
    const away = await frontDoor(context, { versionOf: () => Promise.reject(new Error('no read model')) })
    assert.deepEqual((await away.put('s', shipment())).json, { applied: true })
    assert.ok(away.logged.some(line => line.includes('no read model')))
  })

  test('forgets a version that could not be kept', async context => {
    const door = await frontDoor(context)
    door.log.failure = new LogUnavailable('disk full')
    assert.equal((await door.put('s', shipment())).status, 503)
    door.log.failure = undefined
    assert.deepEqual((await door.put('s', shipment({ vehicleId: 'other' }))).json, { applied: true })
  })

  test('names every fault of what it refuses, and keeps it', async context => {
    const door = await frontDoor(context)
    const answer = await door.put('s', shipment({ plannedAt: 1, priority: 1 }))
    const { errors } = answer.json as { errors: { at: string }[] }
    assert.deepEqual([answer.status, errors.map(({ at }) => at)], [422, ['$.plannedAt', '$.priority']])
    assert.equal(door.log.refused().length, 1)
    assert.equal((await door.put('s', '{')).status, 400)
    assert.equal((await door.put('x'.repeat(200), shipment())).status, 422)
    assert.equal((await door.put('x'.repeat(2_000), shipment())).status, 414)
    assert.equal((await door.put('s', '{}', { 'content-type': 'application/x-ndjson' })).status, 415)
  })
})
