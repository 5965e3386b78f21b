import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HeardHour, hourOf, hushes, withMinute } from '../../domain/hearing.ts'
import { type Instant, later, minutes } from '../../streams/time.ts'

const START = Date.UTC(2026, 2, 2) as Instant
const at = (minute: number) => later(START, minutes(minute))

/** Heard in these minutes. */
function hoursOf(heard: readonly number[]): HeardHour[] {
  const hours = new Map<Instant, HeardHour>()
  for (const minute of heard) hours.set(hourOf(at(minute)), withMinute(hours.get(hourOf(at(minute))), at(minute)))
  return [...hours.values()].sort((a, b) => a.hour - b.hour)
}
const every = (step: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * step)
const DAY = 24 * 60
const dayBefore = every(1, DAY, -DAY)

test('every minute of an hour is told from every other', () => {
  for (let minute = 0; minute < 60; minute++) {
    const hour = withMinute(undefined, at(minute))
    assert.equal(withMinute(hour, at(minute)), hour)
    for (let other = 0; other < 60; other++) if (other !== minute) assert.notEqual(withMinute(hour, at(other)), hour)
  }
})

test('three times the usual gap is too long, and half an hour at the least', () => {
  const often = hushes(hoursOf([...dayBefore, ...every(1, 60)]), at(88))
  assert.deepEqual([often.last, often.tooLongAt], [undefined, at(89)])
  const eachTwenty = hoursOf(every(20, 40 + 72, -DAY))
  const seldom = hushes(eachTwenty, at(800))
  assert.equal(seldom.tooLongAt, at(39 * 20 + 60))
  const silent = hushes(eachTwenty, at(39 * 20 + 60)).last
  assert.deepEqual([silent?.from, silent?.until, silent?.usualMs], [at(39 * 20), undefined, minutes(20)])
})

test('nobody knows what is usual before thirty gaps, nor before a day', () => {
  assert.equal(hushes(hoursOf(every(60, 30)), at(10_000)).last, undefined)
  assert.notEqual(hushes(hoursOf(every(60, 31)), at(10_000)).last, undefined)
  assert.equal(hushes(hoursOf(every(1, DAY)), at(10_000)).last, undefined)
  assert.notEqual(hushes(hoursOf(every(1, DAY + 1)), at(10_000)).last, undefined)
})

test('a silence of days is over when the source speaks; one that was said to last is judged however old', () => {
  const heard = [...dayBefore, ...every(1, 200), ...every(1, 60, 200 + 5 * DAY)]
  const { last } = hushes(hoursOf(heard), at(270 + 5 * DAY))
  assert.deepEqual([last?.from, last?.until], [at(199), at(200 + 5 * DAY)])
  const since = [...heard, ...every(5, 2 * DAY, 260 + 5 * DAY)]
  assert.equal(hushes(hoursOf(since), at(20 * DAY)).last?.until, undefined)
  const end = at(260 + 5 * DAY + 5 * (2 * DAY - 1))
  assert.equal(hushes(hoursOf(since), end).last, undefined)
  assert.deepEqual(hushes(hoursOf(since), end, at(199)).last?.until, at(200 + 5 * DAY))
})

test('a silence that is over is the last one for a day, and no reason to expect another', () => {
  const heard = [...dayBefore, ...every(1, 200), ...every(1, 200, 500)]
  const { last, tooLongAt } = hushes(hoursOf(heard), at(700))
  assert.deepEqual([last?.from, last?.until, tooLongAt], [at(199), at(500), at(729)])
  assert.equal(hushes(hoursOf([...heard, ...every(20, 100, 720)]), at(2_710)).last, undefined)
})
