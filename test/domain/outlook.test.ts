import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Fix } from '../../domain/driving.ts'
import { Wheel } from '../../domain/driving.ts'
import { journey } from '../../domain/journey.ts'
import { cellOf, isTight, type Outlook, outlooks } from '../../domain/outlook.ts'
import type { RequestedStop, ShipmentMilestone, Stop } from '../../schemas/generated/events.ts'
import { hours, minutes } from '../../streams/time.ts'
import { milestone, planned, type Somewhere, stopAt, t, TRUCK, where } from '../support/scene.ts'

const stops = [
  { ...stopAt('hamburg', '08:30'), plannedDeparture: t('09:00') },
  { ...stopAt('copenhagen', '17:30'), plannedDeparture: t('18:00') },
]
const at = (clock: string, somewhere: Somewhere): Fix => ({
  vehicleId: TRUCK,
  occurredAt: t(clock),
  ...where(somewhere),
})
function seen(fix: Fix, known: ShipmentMilestone[] = [], more: Parameters<typeof planned>[1] = { stops }): Outlook[] {
  const plan = planned({}, more)
  const wheel = new Wheel()
  wheel.add(fix)
  return wheel.shift ? outlooks(plan, journey(plan, known), fix, wheel.shift) : []
}
const arrived = milestone('08:30', 'arrived_at_pickup', 'hamburg')
const departed = milestone('10:00', 'departed_pickup', 'hamburg')

describe('where a shipment stands', () => {
  test('before its first stop the plan is as it is', () => {
    const [hamburg, copenhagen] = seen(at('06:00', 'kiel'))
    assert.deepEqual([hamburg?.phase, hamburg?.planMs, copenhagen?.planMs], ['before', hours(2), hours(11)])
  })
  test('at a stop it is as late as it came, and stays as long as planned', () => {
    const [copenhagen] = seen(at('08:45', 'hamburg'), [arrived])
    assert.ok(copenhagen)
    const { phase, planMs, wayMs, driveMs } = copenhagen
    assert.deepEqual([phase, planMs], ['stays', hours(8) + minutes(45)])
    // A stay of an hour, of which a quarter has gone by, is a break of 45 minutes; another follows after 4.5 h.
    assert.equal(Math.round((wayMs - driveMs) / minutes(1)), 90)
  })
  test('on the way it is as late as it left', () => {
    const [copenhagen] = seen(at('11:00', 'a7'), [arrived, departed])
    assert.deepEqual([copenhagen?.phase, copenhagen?.planMs], ['onTheWay', hours(7)])
  })
  test('two kilometres away it has left, though nobody said so', () => {
    const [copenhagen] = seen(at('11:00', 'a7'), [arrived])
    assert.deepEqual([copenhagen?.phase, copenhagen?.planMs], ['onTheWay', hours(6.5)])
  })
})

test('the plan counts while the way can be made, with a tenth more haste; else the way', () => {
  const [early] = seen(at('06:00', 'kiel'))
  assert.equal(early?.leftMs, early?.planMs)
  const [late] = seen(at('08:00', 'kiel'))
  assert.ok(late && late.leftMs === late.driveMs * 0.9 && late.leftMs > late.planMs)
})

test('nobody knows how far it is to a place without coordinates, nor by way of it', () => {
  const place = { name: 'kiel', latitude: null, longitude: null, radiusM: 300 }
  const nowhere: Stop = { ...stopAt('kiel', '12:00'), place }
  const [hamburg, copenhagen] = stops as [RequestedStop, RequestedStop]
  const found = seen(at('06:00', 'kiel'), [], { stops: [hamburg, nowhere as RequestedStop, copenhagen] })
  assert.deepEqual(
    found.map(({ stop: { stopId } }) => stopId),
    ['hamburg'],
  )
})

describe('circumstances', () => {
  const [some] = seen(at('06:00', 'kiel'))
  assert.ok(some)
  const cell = (driveH: number, planH: number, wayH: number, phase: Outlook['phase']) =>
    cellOf({ ...some, driveMs: hours(driveH), planMs: hours(planH), wayMs: hours(wayH), phase })
  test('are the horizon, the slack, the rests and the phase', () => {
    assert.equal(cell(0.1, 0, 0.1, 'before'), '0a0b')
    assert.equal(cell(0.25, 1, 0.5, 'stays'), '1b0s')
    assert.equal(cell(3, 5, 3.75, 'onTheWay'), '4c1o')
    assert.equal(cell(20, 40, 50, 'onTheWay'), '7d2o')
  })
  test('are tight where a night would not fit in', () => {
    assert.ok(isTight({ ...some, driveMs: hours(5), planMs: hours(6) }))
    assert.ok(!isTight({ ...some, driveMs: hours(5), planMs: hours(6.5) }))
  })
})

test('what is foretold is as of the fix', () => {
  const [hamburg] = seen(at('06:00', 'kiel'))
  assert.equal(hamburg?.at, t('06:00'))
})
