import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runsOf } from '../../../tools/traces/trace.ts'

test('a trip is what one vehicle drives without an hour of silence, zeros and single fixes aside', () => {
  const at = (occurredAt: string, vehicleId = 'v', latitude = 1) => ({
    tripId: 't',
    fix: { vehicleId, occurredAt: `2026-01-01T${occurredAt}Z`, latitude, longitude: latitude },
  })
  const runs = runsOf([
    ...[at('23:10:00'), at('23:00:00'), at('23:05:00', 'v', 0)],
    ...[at('00:10:00'), at('00:00:00'), at('12:00:00'), at('00:30:00', 'w'), at('00:20:00', 'w')],
  ])
  assert.deepEqual(
    runs.map(({ vehicleId, fixes }) => [vehicleId, ...fixes.map(fix => fix.occurredAt.slice(11, 16))]),
    [
      ['v', '00:00', '00:10'],
      ['v', '23:00', '23:10'],
      ['w', '00:20', '00:30'],
    ],
  )
})
