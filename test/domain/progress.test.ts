import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { progressList, progressRow } from '../../domain/progress.ts'
import type { Instant } from '../../streams/time.ts'
import { sighting, t } from '../support/scene.ts'

const progress = fc.record({
  vehicleId: fc.constantFrom('TRUCK-7', 'Lkw “Bär” 8', ''),
  occurredAt: fc.integer({ min: t('00:00'), max: t('Tue 00:00') }) as fc.Arbitrary<Instant>,
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  revision: fc.integer({ min: 1, max: 4_294_967_295 }),
  retracted: fc.boolean(),
})

test('a block of progress comes back as it was, to the last bit', () => {
  fc.assert(
    fc.property(fc.array(progress), all => {
      const rows = all.map(one => {
        const { at, id, value } = progressRow(progressList, sighting('00:00', 'progress', 'a7', one))
        return { at, id, value }
      })
      assert.deepEqual(progressList.blocks.decode(progressList.blocks.encode(rows)), rows)
    }),
  )
})

test('a block of a later version is refused', () => {
  const block = progressList.blocks.encode([])
  block[0] = 2
  assert.throws(() => progressList.blocks.decode(block), /newer release/)
})

test('what is said of one vehicle and one bucket again takes the place of what was said before', () => {
  const rows = ['10:04:59', '10:00', '10:05'].map(at => progressRow(progressList, sighting(at, 'progress', 'a7')))
  assert.deepEqual(
    rows.map(({ at }) => at),
    [t('10:00'), t('10:00'), t('10:05')],
  )
})
