/** How a shipment stands, by the milestones that are known of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ShipmentMilestone } from '../../../schemas/generated/events.ts'
import * as topics from '../../../schemas/topics.ts'
import { openReader } from '../../../sinks/control-tower/reader.ts'
import { shipmentWhole } from '../../../sinks/control-tower/read-shipments.ts'
import { openViews } from '../../../sinks/control-tower/views.ts'
import { at, milestone, plan, tell, writer } from './telling.ts'

const NOW = at('2026-03-01T12:00:00Z')

/** Of S-1, from a to b. */
async function phaseAfter(...milestones: readonly ShipmentMilestone[]): Promise<string | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-phases-'))
  const views = openViews(dir, 'log-1')
  const reader = openReader(dir)
  try {
    await writer(views)(tell(topics.shipmentPlans, plan('S-1')), tell(topics.shipmentMilestones, ...milestones))
    return reader.snapshot(at => shipmentWhole(at, 'S-1'))?.standing.phase
  } finally {
    reader.close()
    views.close()
    rmSync(dir, { recursive: true })
  }
}
const TAKEN_BACK = { revision: 2, retracted: true }
const ESTIMATED = { classifier: 'estimated' } as const

for (const [what, phase, stopId, code, more] of [
  ['something actual', 'under_way', 'a', 'departed_pickup', {}],
  ['something actual that was taken back', 'planned', 'a', 'departed_pickup', TAKEN_BACK],
  ['something estimated', 'planned', 'a', 'departed_pickup', ESTIMATED],
  ['a delivery at its last stop', 'delivered', 'b', 'delivered', {}],
  ['a delivery at its last stop that was taken back', 'planned', 'b', 'delivered', TAKEN_BACK],
  ['a delivery that is estimated', 'planned', 'b', 'delivered', ESTIMATED],
  ['a delivery at another stop', 'under_way', 'a', 'delivered', {}],
  ['a delivery at no stop in particular', 'under_way', null, 'delivered', {}],
  ['a departure from its last stop', 'delivered', 'b', 'departed_delivery', {}],
  ['an arrival at its last stop', 'under_way', 'b', 'arrived_at_delivery', {}],
  ['an appointment for the delivery', 'planned', 'b', 'delivery_appointment', {}],
  ['an appointment for the pickup', 'planned', 'a', 'pickup_appointment', {}],
  ['its being accepted', 'planned', null, 'shipment_accepted', {}],
] as const)
  test(`with ${what} a shipment is ${phase}`, async () => {
    assert.equal(await phaseAfter(milestone('S-1', stopId, code, NOW, more)), phase)
  })

test('what happened to another shipment does not count', async () => {
  assert.equal(await phaseAfter(milestone('S-2', 'b', 'delivered', NOW)), 'planned')
})
