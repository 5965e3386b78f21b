import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jumpingAfter, jumpingGrounds, NO_JUMPS } from '../../domain/jumping.ts'
import type { VehicleJump } from '../../schemas/generated/events.ts'
import { t } from '../support/scene.ts'

const jump = (clock: string, retracted = false): VehicleJump => ({
  ...{ occurredAt: t(clock), vehicleId: 'TRUCK-7', positionId: clock, latitude: 54, longitude: 10 },
  ...{ revision: 1, retracted },
})
const lastBout = (jumps: readonly VehicleJump[]) => jumpingAfter(NO_JUMPS, jumps).bout ?? undefined
const boutOf = (...clocks: string[]) => lastBout(clocks.map(clock => jump(clock)))

test('three jumps within an hour are a bout, two are none, nor are three that take an hour', () => {
  assert.equal(boutOf('10:00', '10:59'), undefined)
  assert.equal(boutOf('10:00', '10:30', '11:00'), undefined)
  assert.equal(boutOf('10:59', '10:00', '10:30')?.openedAt, t('10:59'))
  assert.equal(lastBout([jump('10:00'), jump('10:10'), jump('10:20', true)]), undefined)
})

test('it goes on until an hour without', () => {
  const bout = boutOf('10:00', '10:10', '10:20', '11:19')
  assert.ok(bout)
  assert.deepEqual([bout.last, bout.jumps], [t('11:19'), 4])
  assert.equal(jumpingGrounds(bout, t('12:18')).endedAt, null)
  assert.equal(jumpingGrounds(bout, t('12:19')).endedAt, t('12:19'))
})

test('the last bout counts, and a jump alone after it is none', () => {
  assert.equal(boutOf('08:00', '08:10', '08:20', '10:00', '10:10', '10:20')?.first.occurredAt, t('10:00'))
  assert.equal(boutOf('08:00', '08:10', '08:20', '10:00')?.last, t('08:20'))
})

test('those that were counted before need not be counted again', () => {
  const clocks = ['08:00', '08:10', '08:20', '10:00', '10:10', '10:20', '11:10', '13:00']
  const jumps = clocks.map(clock => jump(clock))
  for (let n = 0; n <= jumps.length; n++) {
    const [before, after] = [jumps.slice(0, n), jumps.slice(n)]
    assert.deepEqual(jumpingAfter(jumpingAfter(NO_JUMPS, before), after), jumpingAfter(NO_JUMPS, jumps))
  }
})
