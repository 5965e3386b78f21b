import assert from 'node:assert/strict'
import { test } from 'node:test'
import { etas } from '../../domain/eta.ts'
import { journey } from '../../domain/journey.ts'
import { EVERYWHERE } from '../../domain/lanes.ts'
import type { LaneModel } from '../../schemas/generated/events.ts'
import { minutes } from '../../streams/time.ts'
import { planned, SHIPMENT, t, TRUCK, where } from '../support/scene.ts'

const plan = planned({ hamburg: '09:00', copenhagen: '18:00' })
const way = journey(plan, [])
const track = [{ vehicleId: TRUCK, occurredAt: t('04:30'), ...where('a7') }]
const model = (lane: string, more: Partial<LaneModel> = {}): LaneModel => ({
  ...{
    occurredAt: t('04:00'),
    shipmentId: SHIPMENT,
    lane,
    version: 'abc',
    arrivals: 40,
    cells: [],
    revision: 1,
    retracted: false,
  },
  ...more,
})
const LANE = '53.5,9.5>55.5,12.5'
const cell = { cell: '5', arrivals: 60, p10: -100, p50: 100, p90: 400 }

test('with nothing learnt the interval is wide, about the plan', () => {
  const [hamburg] = etas(plan, way, track)
  assert.ok(hamburg)
  const { p10, p50, p90, modelId, basis } = hamburg
  // Planned for 8:30, four hours ahead: 260 minutes count.
  assert.deepEqual([p10, p50, p90], [t('07:12'), t('08:30'), t('09:22')])
  assert.deepEqual([modelId, basis], ['plan-and-way/2', `${TRUCK}, speed assumed; the plan; nothing learnt yet`])
})

test('what was learnt everywhere moves every stop, what was learnt of a lane only those on it', () => {
  const alone = etas(plan, way, track).map(({ p50 }) => p50)
  const byAll = etas(plan, way, track, [
    model(EVERYWHERE, {
      cells: [
        { ...cell, cell: '2c0b' },
        { ...cell, cell: '5d1b' },
      ],
    }),
  ])
  assert.deepEqual(
    byAll.map(({ modelId }) => modelId),
    ['plan-and-way/2+abc', 'plan-and-way/2+abc'],
  )
  assert.deepEqual(
    byAll.map(({ p50 }, i) => p50 > (alone[i] ?? 0)),
    [true, true],
  )
  const byLane = etas(plan, way, track, [
    model(LANE, {
      version: 'def',
      cells: [
        { ...cell, cell: '2c0b' },
        { ...cell, cell: '5d1b' },
      ],
    }),
  ])
  assert.deepEqual(
    byLane.map(({ modelId, p50 }, i) => [modelId, p50 > (alone[i] ?? 0)]),
    [
      ['plan-and-way/2', false],
      ['plan-and-way/2+def', true],
    ],
  )
  assert.match(byAll[1]?.basis ?? '', /; the plan; 40 arrivals$/)
})

test('what was taken back, or is of another lane, counts for nothing', () => {
  const alone = etas(plan, way, track)
  const other = model('1,1>2,2', { cells: [cell] })
  assert.deepEqual(etas(plan, way, track, [model(EVERYWHERE, { retracted: true, cells: [cell] }), other]), alone)
})

test('p10, p50 and p90 are in order and never before the evidence', () => {
  const early = { cell: '2', arrivals: 100_000, p10: -5_000, p50: -4_000, p90: -3_000 }
  const [hamburg] = etas(plan, way, track, [model(EVERYWHERE, { cells: [early, { ...early, cell: '2c' }] })])
  assert.ok(hamburg && hamburg.p10 >= t('04:30') && hamburg.p10 <= hamburg.p50 && hamburg.p50 <= hamburg.p90)
  assert.ok(hamburg.p90 - t('04:30') < minutes(1))
})
