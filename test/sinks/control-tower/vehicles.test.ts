import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import * as topics from '../../../schemas/topics.ts'
import { changesAfter, changesEnd } from '../../../sinks/control-tower/read-changes.ts'
import { vehiclesAfter, vehiclesNamed } from '../../../sinks/control-tower/read-vehicles.ts'
import { openReader, type ViewsReader } from '../../../sinks/control-tower/reader.ts'
import { openViews, type Views } from '../../../sinks/control-tower/views.ts'
import { hours, type Instant, later, minutes } from '../../../streams/time.ts'
import { aCase, assignment, at, eta, plan, position, tell, type Told, writer } from './telling.ts'

const NOON = at('2026-03-01T12:00:00Z')
let dir: string
let views: Views
let reader: ViewsReader
let write: (...told: Told[]) => Promise<void>
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'milepost-vehicles-'))
  views = openViews(dir, 'log-1')
  reader = openReader(dir)
  write = writer(views)
})
afterEach(() => {
  reader.close()
  views.close()
  rmSync(dir, { recursive: true })
})

const all = () => reader.snapshot(at => vehiclesAfter(at, undefined, '', 100))
const one = (id: string) => reader.snapshot(at => vehiclesNamed(at, [id]))[0]
const seen = (id: string, when: Instant, more = {}) => tell(topics.vehiclePositions, position(id, when, more))
const changed = (seq: number) => {
  const { vehicles, shipments, cases } = reader.snapshot(at => changesAfter(at, seq, 1_000))
  return { vehicles: [...vehicles], shipments: [...shipments], cases: [...cases] }
}
const end = () => reader.snapshot(changesEnd)

describe('where a vehicle was last', () => {
  test('is its newest sound fix, within a batch and over batches', async () => {
    await write(
      tell(
        topics.vehiclePositions,
        position('V-1', later(NOON, 2), { latitude: 2 }),
        position('V-1', later(NOON, 3), { latitude: 3, flags: ['jump'] }),
        position('V-1', later(NOON, 1), { latitude: 1 }),
      ),
      seen('V-1', NOON, { latitude: 0 }),
      seen('V-1', later(NOON, 4), { latitude: 4, retracted: true }),
    )
    assert.deepEqual([one('V-1')?.latitude, one('V-1')?.occurredAt], [2, later(NOON, 2)])
    await write(seen('V-1', later(NOON, 3), { latitude: 3, revision: 2 }))
    assert.equal(one('V-1')?.latitude, 3, 'it was no jump after all')
  })

  test('is found by box, also across the antimeridian', async () => {
    await write(
      seen('a', NOON, { latitude: 10, longitude: 10 }),
      seen('b', NOON, { latitude: 10, longitude: 179 }),
      seen('c', NOON, { latitude: -10, longitude: -179 }),
    )
    const within = (west: number, south: number, east: number, north: number) =>
      reader
        .snapshot(at => vehiclesAfter(at, { west, south, east, north }, '', 100))
        .map(({ vehicleId }) => vehicleId)
        .join('')
    assert.deepEqual([within(0, 0, 20, 20), within(170, -20, -170, 20), within(170, 0, -170, 20)], ['a', 'bc', 'b'])
  })
})

describe('what a vehicle carries', () => {
  test('is what was assigned to it then and has not come to its end, with the worst of it', async () => {
    const until = later(NOON, -hours(1))
    await write(
      seen('V-1', NOON),
      tell(topics.shipmentPlans, plan('S-1'), plan('S-2'), plan('S-3'), plan('S-4', { status: 'cancelled' })),
      tell(
        topics.vehicleAssignments,
        assignment('V-1', 'S-1'),
        assignment('V-1', 'S-2'),
        assignment('V-1', 'S-3', { periods: [{ from: 0 as Instant, until }] }),
        assignment('V-1', 'S-4'),
        assignment('V-2', 'S-5'),
      ),
    )
    assert.deepEqual(one('V-1')?.shipmentIds, ['S-1', 'S-2'])
    assert.deepEqual([one('V-1')?.worstCase, one('V-1')?.next], [null, null])
    const due = at('2026-03-01T18:30:00Z')
    await write(
      tell(topics.shipmentEtas, eta('S-1', 'b', NOON, later(due, -minutes(10)))),
      tell(topics.shipmentEtas, eta('S-2', 'b', NOON, later(due, minutes(20)))),
      tell(
        topics.cases,
        aCase('c-1', NOON, { shipmentId: 'S-1', severity: 'medium' }),
        aCase('c-2', NOON, { shipmentId: 'S-1', severity: 'low' }),
      ),
    )
    const next = { shipmentId: 'S-2', place: 'Lyon', p50: later(due, minutes(20)), lateByMs: minutes(20) }
    assert.deepEqual([one('V-1')?.worstCase, one('V-1')?.next], ['medium', next])
    await write(tell(topics.cases, aCase('c-1', NOON, { revision: 2, state: 'resolved', shipmentId: 'S-1' })))
    assert.equal(one('V-1')?.worstCase, 'low')
    await write(tell(topics.vehicleAssignments, assignment('V-1', 'S-2', { revision: 2, retracted: true })))
    assert.deepEqual(one('V-1')?.shipmentIds, ['S-1'])
  })
})

describe('the changes', () => {
  test('name what changed since a number, once each, and nothing that did not', async () => {
    const told = [seen('V-1', NOON), seen('V-2', NOON), tell(topics.shipmentPlans, plan('S-1'))]
    await write(...told)
    assert.deepEqual(changed(0), { vehicles: ['V-1', 'V-2'], shipments: ['S-1'], cases: [] })
    const { seq } = end()
    await write(...told)
    assert.equal(end().seq, seq, 'what is told again changes nothing')
    await write(seen('V-1', later(NOON, 1)), tell(topics.cases, aCase('c-1', NOON)), seen('V-1', later(NOON, 2)))
    assert.deepEqual(changed(seq), { vehicles: ['V-1'], shipments: ['S-1'], cases: ['c-1'] })
    assert.equal(changed(0).vehicles.length, 2, 'of each its last change')
  })

  test('are read in parts without losing any', async () => {
    await write(...Array.from({ length: 25 }, (_, n) => seen(`V-${n}`, NOON)))
    const found: string[] = []
    for (let from = 0; ;) {
      const { vehicles, until } = reader.snapshot(at => changesAfter(at, from, 4))
      if (vehicles.size === 0) break
      found.push(...vehicles)
      from = until
    }
    assert.deepEqual(
      found,
      all()
        .map(({ vehicleId }) => vehicleId)
        .sort((a, b) => Number(a.slice(2)) - Number(b.slice(2))),
    )
  })

  test('go on over a restart, and a read model that was made anew says so', async () => {
    await write(seen('V-1', NOON))
    const before = end()
    views.close()
    views = openViews(dir, 'log-1')
    await writer(views)(seen('V-1', later(NOON, 1)))
    assert.equal(end().made, before.made)
    assert.deepEqual(changed(before.seq).vehicles, ['V-1'])
    views.close()
    views = openViews(dir, 'log-2')
    assert.notEqual(end().made, before.made)
  })
})
