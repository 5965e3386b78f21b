import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flagNames, FUTURE, INACCURATE, isTooFast, JUMP, NULL_ISLAND, ownFlags } from '../../domain/flags.ts'
import { type Instant, minutes } from '../../streams/time.ts'

const now = Date.UTC(2026, 2, 2) as Instant
const fix = { latitude: 53, longitude: 10, accuracyM: null as number | null }
const ahead = (ms: number) => ownFlags(fix, (now + ms) as Instant, now)

test('a fix more than five minutes after its receipt is from the future', () => {
  assert.deepEqual([ahead(minutes(5)), ahead(minutes(5) + 1)], [0, FUTURE])
})

test('a fix within a hundredth of a degree of 0/0 is of null island', () => {
  const at = (latitude: number, longitude: number) => ownFlags({ ...fix, latitude, longitude }, now, now)
  assert.deepEqual([at(0, 0), at(-0.01, 0.01), at(0.0101, 0), at(0, -0.0101)], [NULL_ISLAND, NULL_ISLAND, 0, 0])
})

test('a fix good to no better than 500 metres is inaccurate; one that does not say is not', () => {
  const good = (accuracyM: number | null) => ownFlags({ ...fix, accuracyM }, now, now)
  assert.deepEqual([good(500), good(500.1), good(null)], [0, INACCURATE, 0])
})

test('70 metres a second is as fast as anything goes', () => {
  const north = { latitude: 54, longitude: 10 } // 111,195 m: 1,588.5 s at 70 m/s
  assert.deepEqual(
    [1_588_000, 1_589_000].map(ms => isTooFast(fix, north, ms)),
    [true, false],
  )
  assert.deepEqual([isTooFast(fix, fix, 0), isTooFast(fix, { ...fix, longitude: 10.001 }, 0)], [false, true])
})

test('flags have words', () => {
  assert.deepEqual(flagNames(0), [])
  assert.deepEqual(flagNames(FUTURE | NULL_ISLAND | INACCURATE), ['future', 'null_island', 'inaccurate'])
  assert.deepEqual(flagNames(JUMP), ['jump'])
})
