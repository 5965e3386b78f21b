import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { z } from 'zod'
import type { vehiclePage } from '../../../app/read/answers.ts'
import * as topics from '../../../schemas/topics.ts'
import { minutes, later } from '../../../streams/time.ts'
import { aCase, assignment, at, eta, plan, position, tell } from '../../sinks/control-tower/telling.ts'
import { bearer, serving, type Serving } from './serving.ts'

const NOW = at('2026-03-01T15:00:00Z')
let s: Serving
before(async () => {
  s = await serving(() => NOW)
  const ids = Array.from({ length: 12 }, (_, n) => `V-${String(n).padStart(2, '0')}`)
  await s.write(
    tell(
      topics.vehiclePositions,
      ...ids.map((id, n) => position(id, later(NOW, -minutes(n)), { latitude: 40 + n, longitude: n })),
    ),
    tell(topics.shipmentPlans, plan('S-1')),
    tell(topics.vehicleAssignments, assignment('V-03', 'S-1')),
    tell(topics.shipmentEtas, eta('S-1', 'b', NOW, at('2026-03-01T18:50:00Z'))),
    tell(topics.cases, aCase('c-1', NOW, { severity: 'medium' })),
  )
})
after(() => s[Symbol.asyncDispose]())

const ask = async (query = '') => {
  const answer = await s.server.inject({ path: `/v1/vehicles${query}`, headers: bearer('read') })
  return { status: answer.statusCode, page: answer.json<z.infer<typeof vehiclePage>>() }
}
const idsOf = async (query: string) => (await ask(query)).page.vehicles.map(({ vehicleId }) => vehicleId)

describe('GET /v1/vehicles', () => {
  test('tells where a vehicle was, what it carries and how that stands', async () => {
    const { page } = await ask()
    assert.deepEqual(
      page.vehicles.find(({ vehicleId }) => vehicleId === 'V-03'),
      {
        ...{ vehicleId: 'V-03', latitude: 43, longitude: 3, speedMps: 20, courseDeg: 90, source: 'test' },
        ...{ occurredAt: '2026-03-01T14:57:00.000Z', receivedAt: '2026-03-01T14:57:00.000Z' },
        ...{ shipmentIds: ['S-1'], worstCase: 'medium' },
        next: { shipmentId: 'S-1', place: 'Lyon', p50: '2026-03-01T18:50:00.000Z', lateByS: 1_200 },
      },
    )
    assert.equal(page.vehicles.length, 12)
  })

  test('pages by id, each once', async () => {
    const found: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { page } = await ask(`?limit=5${cursor && `&cursor=${cursor}`}`)
      assert.ok(page.vehicles.length <= 5)
      found.push(...page.vehicles.map(({ vehicleId }) => vehicleId))
      cursor = page.nextCursor
    }
    assert.deepEqual(found, found.toSorted())
    assert.equal(new Set(found).size, 12)
  })

  test('finds those within a box', async () => {
    assert.deepEqual(await idsOf('?bbox=2,40,5,44'), ['V-02', 'V-03', 'V-04'])
    assert.deepEqual(await idsOf('?bbox=-9,10,-8,11'), [])
  })

  test('refuses a box that is none, and who may not read', async () => {
    for (const bbox of ['1,2,3', '1,2,3,x', '1,9,3,2', '1,,3,4', '-181,0,0,1', '0,0,0,0,0'])
      assert.equal((await ask(`?bbox=${bbox}`)).status, 400, bbox)
    const status = async (headers: Record<string, string>) =>
      (await s.server.inject({ path: '/v1/vehicles', headers })).statusCode
    assert.deepEqual([await status({}), await status(bearer('ingest')), await status(bearer('admin'))], [401, 403, 200])
  })
})
