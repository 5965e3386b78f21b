import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { shipment, shipmentPage } from '../../../app/read/answers.ts'
import * as topics from '../../../schemas/topics.ts'
import { later, minutes } from '../../../streams/time.ts'
import type { z } from 'zod'
import { aCase, at, eta, milestone, plan, sighting, tell } from '../../sinks/control-tower/telling.ts'
import { bearer, serving, type Serving } from './serving.ts'

type Page = z.infer<typeof shipmentPage>
const NOW = at('2026-03-01T15:00:00Z')

let s: Serving
const get = async <T>(path: string): Promise<T> => {
  const answer = await s.server.inject({ path, headers: bearer('read') })
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json<T>()
}
const idsOf = async (query: string) =>
  (await get<Page>(`/v1/shipments?${query}`)).shipments.map(({ shipmentId }) => shipmentId)

before(async () => {
  s = await serving(() => NOW)
  const departed = at('2026-03-01T08:30:00Z')
  await s.write(
    tell(
      topics.shipmentPlans,
      plan('A-1', {
        customerId: 'c-1',
        references: [
          { scheme: 'bol', value: 'BOL-77' },
          { scheme: 'po', value: 'a|b' },
        ],
      }),
      plan('A-2', { carrierId: 'dhl', companyId: 'acme', references: [{ scheme: 'po', value: 'BOL-77' }] }),
      plan('A-3', { status: 'cancelled' }),
      plan('B-1', { customerId: 'c-1' }),
    ),
    tell(
      topics.shipmentMilestones,
      milestone('A-1', 'a', 'departed_pickup', departed),
      milestone('A-1', 'a', 'departed_pickup', later(departed, -minutes(4)), { revision: 2 }),
      milestone('A-1', 'a', 'arrived_at_pickup', later(departed, -minutes(40)), { revision: 2, retracted: true }),
      milestone('A-1', 'b', 'delivered', later(departed, minutes(300)), { retracted: true }),
      milestone('A-1', 'b', 'arrived_at_delivery', later(departed, minutes(500)), { classifier: 'estimated' }),
      milestone('B-1', 'b', 'arrived_at_delivery', at('2026-03-01T18:40:00Z')),
      milestone('B-1', 'b', 'delivered', at('2026-03-01T18:50:00Z')),
    ),
    tell(
      topics.shipmentEtas,
      eta('A-1', 'b', NOW, at('2026-03-01T18:45:00Z')),
      eta('A-1', 'b', later(NOW, minutes(5)), at('2026-03-01T18:55:00Z'), { revision: 2 }),
      eta('B-1', 'b', NOW, at('2026-03-01T18:45:00Z'), { revision: 3, retracted: true }),
    ),
    tell(
      topics.shipmentSightings,
      sighting('A-1', 'progress', later(NOW, -minutes(10))),
      sighting('A-1', 'progress', NOW, { latitude: 50 }),
    ),
    tell(topics.shipmentSightings, sighting('A-1', 'departed', departed, { stopId: 'a' })),
    tell(
      topics.cases,
      aCase('late-A-2', NOW, { shipmentId: 'A-2' }),
      aCase('late-B-1', NOW, { shipmentId: 'B-1', state: 'resolved' }),
    ),
  )
})
after(() => s[Symbol.asyncDispose]())

describe('GET /v1/shipments', () => {
  test('tells of each shipment where it is, how far it has come and when it will arrive', async () => {
    const { shipments, nextCursor } = await get<Page>('/v1/shipments')
    assert.equal(nextCursor, null)
    const [first] = shipments
    assert.equal(first?.shipmentId, 'A-1')
    assert.equal(first.phase, 'under_way')
    assert.deepEqual([first.from, first.to], ['Antwerp', 'Lyon'])
    assert.deepEqual(first.lastMilestone, {
      ...{ stopId: 'a', code: 'departed_pickup', classifier: 'actual', place: 'Antwerp', claimedBy: 'positions:V-1' },
      occurredAt: '2026-03-01T08:26:00.000Z',
    })
    assert.equal(first.nextEta?.p50, '2026-03-01T18:55:00.000Z')
    assert.deepEqual(first.lateness, { stopId: 'b', lateByS: 25 * 60, by: 'eta' })
    assert.equal(first.lastPosition?.latitude, 50)
    assert.deepEqual(first.openCases, [])
  })

  test('of a shipment that has arrived the lateness is that of its arrival, and there is no ETA', async () => {
    const [delivered] = (await get<Page>('/v1/shipments?search=B-')).shipments
    assert.equal(delivered?.phase, 'delivered')
    assert.equal(delivered.nextEta, null)
    assert.deepEqual(delivered.lateness, { stopId: 'b', lateByS: 10 * 60, by: 'arrival' })
    assert.deepEqual(delivered.openCases, [], 'a resolved case is not open')
  })

  test('filters', async () => {
    assert.deepEqual(await idsOf('status=cancelled'), ['A-3'])
    assert.deepEqual(await idsOf('phase=planned'), ['A-2'])
    assert.deepEqual(await idsOf('customerId=c-1'), ['A-1', 'B-1'])
    assert.deepEqual(await idsOf('carrierId=dhl'), ['A-2'])
    assert.deepEqual(await idsOf('companyId=acme'), ['A-2'])
    assert.deepEqual(await idsOf('openCase=true'), ['A-2'])
    assert.deepEqual(await idsOf('openCase=false'), ['A-1', 'A-3', 'B-1'])
    assert.deepEqual(await idsOf('reference=bol-77'), ['A-1', 'A-2'])
    assert.deepEqual(await idsOf('reference=bol|BOL-77'), ['A-1'])
    assert.deepEqual(await idsOf(`reference=${encodeURIComponent('po|a|b')}`), ['A-1'], 'a value may hold a bar')
    assert.deepEqual(await idsOf('search=a-'), ['A-1', 'A-2', 'A-3'])
    assert.deepEqual(await idsOf('search=bol'), ['A-1', 'A-2'])
    assert.deepEqual(await idsOf('search=%25'), [], 'no wildcards')
    assert.deepEqual(await idsOf('customerId=c-1&phase=delivered'), ['B-1'])
  })

  test('pages by cursor: each shipment once, whatever the size of the pages', async () => {
    for (const limit of [1, 2, 3, 4]) {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Page = await get<Page>(`/v1/shipments?limit=${limit}${cursor && `&cursor=${cursor}`}`)
        assert.ok(page.shipments.length <= limit)
        seen.push(...page.shipments.map(({ shipmentId }) => shipmentId))
        cursor = page.nextCursor
      }
      assert.deepEqual(seen, ['A-1', 'A-2', 'A-3', 'B-1'])
    }
  })

  test('refuses what it does not understand, and says what', async () => {
    const refused = async (query: string) => {
      const answer = await s.server.inject({ path: `/v1/shipments?${query}`, headers: bearer('read') })
      assert.equal(answer.statusCode, 400, answer.body)
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
      return answer.json<{ errors: { at: string }[] }>().errors.map(({ at }) => at)
    }
    assert.deepEqual(await refused('limit=501'), ['$.limit'])
    assert.deepEqual(await refused('limit=0&phase=lost'), ['$.limit', '$.phase'])
    assert.deepEqual(await refused('custmerId=x'), ['$.custmerId'])
    assert.deepEqual(await refused('cursor=nonsense'), ['$.cursor'])
    assert.deepEqual(await refused('openCase=perhaps'), ['$.openCase'])
  })
})

describe('GET /v1/shipments/{shipmentId}', () => {
  test('has everything: milestones with their revisions and claims, ETAs with their history, evidence', async () => {
    const found = await get<z.infer<typeof shipment>>('/v1/shipments/A-1')
    assert.deepEqual(
      found.plan.stops.map(({ stopId, dueBy }) => [stopId, dueBy]),
      [
        ['a', null],
        ['b', '2026-03-01T18:30:00.000Z'],
      ],
    )
    const departed = found.milestones.find(({ code }) => code === 'departed_pickup')
    assert.deepEqual(
      departed?.revisions.map(({ revision, occurredAt }) => [revision, occurredAt]),
      [
        [1, '2026-03-01T08:30:00.000Z'],
        [2, '2026-03-01T08:26:00.000Z'],
      ],
    )
    assert.equal(departed.claims[0]?.occurredAt, '2026-03-01T08:26:00.000Z')
    assert.equal(found.milestones.find(({ code }) => code === 'arrived_at_pickup')?.retracted, true)
    assert.deepEqual(
      found.etas[0]?.history.map(({ p50 }) => p50),
      ['2026-03-01T18:45:00.000Z', '2026-03-01T18:55:00.000Z'],
    )
    assert.deepEqual(
      found.evidence.sightings.map(({ kind, stopId }) => [kind, stopId]),
      [['departed', 'a']],
    )
    assert.equal(found.evidence.positions.length, 2)
  })

  test('says so where there is none', async () => {
    const answer = await s.server.inject({ path: '/v1/shipments/A-9', headers: bearer('read') })
    assert.equal(answer.statusCode, 404)
    assert.equal(answer.json<{ title: string }>().title, 'Not Found')
  })

  test('takes every id that ingest takes', async () => {
    const id = `${'ü/%?#'.repeat(25)}end`
    await s.write(tell(topics.shipmentPlans, plan(id)))
    const found = await get<{ shipmentId: string }>(`/v1/shipments/${encodeURIComponent(id)}`)
    assert.equal(found.shipmentId, id)
  })
})

test('GET /v1/overview counts', async () => {
  const { now, shipments, shipmentsWithOpenCases, openCases } = await get<{
    now: string
    shipments: object
    shipmentsWithOpenCases: number
    openCases: object
  }>('/v1/overview')
  assert.equal(now, '2026-03-01T15:00:00.000Z')
  assert.equal(
    Object.values(shipments).reduce((sum: number, n: number) => sum + n, 0),
    5,
  )
  assert.deepEqual(
    { shipmentsWithOpenCases, openCases },
    { shipmentsWithOpenCases: 1, openCases: { low: 0, medium: 0, high: 1 } },
  )
})

describe('before there is a read model', () => {
  test('reads are told to come again; the probes answer', async () => {
    await using empty = await serving(() => NOW)
    empty.views.empty({ version: '0' })
    const answer = await empty.server.inject({ path: '/v1/shipments', headers: bearer('read') })
    assert.equal(answer.statusCode, 503)
    assert.ok(Number(answer.headers['retry-after']) > 0)
    assert.equal((await empty.server.inject('/health/live')).statusCode, 200)
  })
})
