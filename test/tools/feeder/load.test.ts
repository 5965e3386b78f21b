import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fix } from '../../../tools/feeder/delivery.ts'
import { positionsLoad } from '../../../tools/feeder/load.ts'
import { distanceM } from '../../../tools/feeder/places.ts'

const endAt = Date.UTC(2026, 9, 1, 12)
const read = (format: 'array' | 'ndjson', body: Buffer): Fix[] =>
  format === 'array'
    ? (JSON.parse(body.toString()) as Fix[])
    : body
        .toString()
        .split('\n')
        .map(line => JSON.parse(line) as Fix)

for (const format of ['array', 'ndjson'] as const) {
  test(`a load as ${format}: every vehicle one fix per 30 s, until the end, at the speed of a truck`, () => {
    const asked = { vehicles: 37, positions: 37 * 600, perRequest: 100, endAt, format }
    const requests = [...positionsLoad(asked)]
    assert.equal(
      requests.reduce((sum, { positions }) => sum + positions, 0),
      asked.positions,
    )
    for (const { body, positions } of requests) assert.equal(read(format, body).length, positions)

    const fixes = requests.flatMap(({ body }) => read(format, body))
    const tracks = Map.groupBy(fixes, ({ vehicleId }) => vehicleId)
    assert.equal(tracks.size, 37)
    for (const track of tracks.values()) {
      assert.equal(track.length, 600)
      assert.equal(track.at(-1)?.occurredAt, new Date(endAt).toISOString())
      track.slice(1).forEach((fix, i) => {
        const before = track[i] as Fix
        assert.equal(Date.parse(fix.occurredAt) - Date.parse(before.occurredAt), 30_000)
        assert.ok(distanceM(before, fix) < 30 * 21)
      })
    }
  })
}

test('time goes on for all vehicles at once, and the last request may be shorter', () => {
  const requests = [...positionsLoad({ vehicles: 7, positions: 40, perRequest: 16, endAt })]
  assert.deepEqual(
    requests.map(({ positions }) => positions),
    [16, 16, 8],
  )
  const times = requests.flatMap(({ body }) => read('array', body)).map(({ occurredAt }) => occurredAt)
  assert.deepEqual(times, times.toSorted())
})

test('the same options give the same bytes; a prefix another fleet', () => {
  const bytes = (prefix: string) => [...positionsLoad({ vehicles: 5, positions: 9, endAt, prefix })].map(String)
  const bodies = (prefix: string) =>
    [...positionsLoad({ vehicles: 5, positions: 9, endAt, prefix })].map(({ body }) => body.toString())
  assert.deepEqual(bodies('a'), bodies('a'))
  assert.notDeepEqual(bodies('a'), bodies('b'))
  assert.equal(bytes('a').length, 1)
})

test('a vehicle goes north for two hours, then south, at 20 m/s, and says which', () => {
  const [request] = positionsLoad({ vehicles: 1, positions: 720, fixEverySeconds: 30, endAt })
  const track = read('array', request?.body ?? Buffer.of())
  const legs = track.slice(1).map((fix, i) => {
    const before = track[i] as Fix
    const metres = distanceM(before, fix)
    assert.ok(metres > 30 * 19 && metres < 30 * 21, `${metres} m in 30 s`)
    assert.equal(before.courseDeg, fix.latitude > before.latitude ? 359 : 180)
    return before.courseDeg
  })
  assert.deepEqual(
    [0, 239, 240, 479, 480, 718].map(i => legs[i]),
    [359, 359, 180, 180, 359, 359],
  )
})
