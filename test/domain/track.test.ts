/** What may go of a track when it goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JUMP } from '../../domain/flags.ts'
import { expired, fixOf, type FixRow, track } from '../../domain/track.ts'
import type { TelematicsPosition } from '../../schemas/generated/events.ts'
import { type At, Evidence } from '../../streams/evidence.ts'
import { hours, type Instant, later, minutes } from '../../streams/time.ts'
import { fix, t, TRUCK } from '../support/scene.ts'

const rowAt = (at: Instant, more: Partial<TelematicsPosition> = {}): FixRow => {
  const value = fix('00:00', 'a7', { ...more, occurredAt: at })
  const envelope = { eventId: `${TRUCK} ${at}`, source: 'tracker', emittedAt: null, receivedAt: at, cause: null }
  return { list: track, at, id: envelope.eventId, value: fixOf({ ...envelope, occurredAt: at, value }) }
}
const sound = (clock: string) => rowAt(t(clock))
const inaccurate = (at: Instant) => rowAt(at, { accuracyM: 501 })
const every = (step: number, count: number, from: Instant) =>
  Array.from({ length: count }, (_, n) => inaccurate(later(from, n * step)))

const gone = (rows: readonly FixRow[], newest: { sound: At | null; clean: At | null }): Instant[] => {
  const last = rows.at(-1) ?? assert.fail()
  return expired(new Evidence({ rows: () => [], next: () => undefined }, rows), newest, last).map(({ at }) => at)
}
const timesOf = (rows: readonly FixRow[]) => rows.map(({ at }) => at)

test('the newest sound fix from before the horizon stays, and ten minutes before it', () => {
  const newest = sound('Thu 10:10')
  const rows = [...['09:44', '09:46', '09:56', '10:05', '10:15'].map(sound), newest]
  assert.deepEqual(gone(rows, { sound: newest, clean: newest }), [t('09:44')])
})

test('of a receiver that is broken no more than 72 hours stay', () => {
  const rows = every(hours(1), 81, t('00:00'))
  assert.deepEqual(gone(rows, { sound: null, clean: null }), timesOf(rows.slice(0, 8)))
})

test('of a receiver that broke no more than 72 hours stay, and its last sound fix', () => {
  const last = sound('00:00')
  const rows = every(hours(1), 80, t('01:00'))
  assert.deepEqual(gone([last, ...rows], { sound: last, clean: last }), timesOf(rows.slice(0, 7)))
})

test('the newest fix that others may be judged by stays, also if it is a jump', () => {
  const last = sound('00:00')
  const leapt = sound('00:02')
  const jump = { ...leapt, value: { ...leapt.value, flags: JUMP } }
  const rows = every(hours(1), 80, t('01:00'))
  assert.deepEqual(gone([last, jump, ...rows], { sound: last, clean: jump }), timesOf(rows.slice(0, 7)))
})

test('no more than 500 fixes go at a time', () => {
  const rows = every(minutes(1), 600, t('00:00'))
  assert.deepEqual(
    gone([...rows, inaccurate(t('Fri 00:00'))], { sound: null, clean: null }),
    timesOf(rows.slice(0, 500)),
  )
})
