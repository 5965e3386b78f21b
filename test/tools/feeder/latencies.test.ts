import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Latencies } from '../../../tools/feeder/latencies.ts'

const latenciesOf = (...all: readonly number[]) => {
  const latencies = new Latencies()
  for (const ms of all) latencies.add(ms)
  return latencies.summary()
}
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

test('half of the answers were not slower than p50, all but one in a hundred than p99, none than the maximum', () => {
  assert.deepEqual(latenciesOf(...upTo(101), 3), { count: 102, p50: 50, p99: 99, max: 101 })
})

test('quantiles are of the last ten thousand, the number and the maximum of all', () => {
  const { count, p50, max } = latenciesOf(99, ...upTo(10_000).map(() => 1))
  assert.deepEqual({ count, p50, max }, { count: 10_001, p50: 1, max: 99 })
})

test('of no answers there is nothing to say', () => {
  assert.deepEqual(latenciesOf(), { count: 0, p50: 0, p99: 0, max: 0 })
})
