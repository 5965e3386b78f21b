/** What only a shipment of several stops, or one that vehicles are told to carry, shows. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { shipment } from '../../../app/read/answers.ts'
import * as topics from '../../../schemas/topics.ts'
import type { Instant } from '../../../streams/time.ts'
import type { z } from 'zod'
import { at, eta, plan, tell, type Told } from '../../sinks/control-tower/telling.ts'
import { bearer, serving } from './serving.ts'

const NOW = at('2026-03-01T15:00:00Z')

/** What is answered of S-1 once this was told. */
async function shipmentAfter(context: TestContext, ...told: readonly Told[]): Promise<z.infer<typeof shipment>> {
  const s = await serving(() => NOW)
  context.after(() => s[Symbol.asyncDispose]())
  await s.write(...told)
  const answer = await s.server.inject({ path: '/v1/shipments/S-1', headers: bearer('read') })
  assert.equal(answer.statusCode, 200, answer.body)
  return answer.json()
}

test('ETAs come in the order of the stops, and the first of them is the next', async context => {
  const [from, to] = plan('S-1').stops
  assert.ok(from && to)
  const stops = [from, ...['z', 'm', 'c'].map(stopId => ({ ...to, stopId }))]
  const etas = ['m', 'z', 'c'].map(stopId => eta('S-1', stopId, NOW, at('2026-03-01T18:00:00Z')))
  const found = await shipmentAfter(
    context,
    tell(topics.shipmentPlans, plan('S-1', { stops })),
    tell(topics.shipmentEtas, ...etas),
  )
  assert.deepEqual(
    found.etas.map(({ stopId }) => stopId),
    ['z', 'm', 'c'],
  )
  assert.equal(found.nextEta?.stopId, 'z')
})

test('the period of an assignment is null at the end where it has none', async context => {
  const [from, until] = [at('2026-03-01T08:00:00Z'), at('2026-03-01T20:00:00Z')]
  const { occurredAt, stops } = plan('S-1')
  const found = await shipmentAfter(
    context,
    tell(topics.shipmentPlans, plan('S-1')),
    tell(topics.vehicleAssignments, {
      ...{ occurredAt, vehicleId: 'V-1', shipmentId: 'S-1', stops, revision: 1, retracted: false },
      ...{
        periods: [
          { from: 0 as Instant, until },
          { from, until: 9_007_199_254_740_991 as Instant },
        ],
      },
    }),
  )
  assert.deepEqual(found.evidence.assignments[0]?.periods, [
    { from: null, until: '2026-03-01T20:00:00.000Z' },
    { from: '2026-03-01T08:00:00.000Z', until: null },
  ])
})
