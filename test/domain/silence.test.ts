import assert from 'node:assert/strict'
import { test } from 'node:test'
import { journey } from '../../domain/journey.ts'
import { breaksSilence, lastSilence, type Leg, legs, silenceGrounds, silentAt } from '../../domain/silence.ts'
import { milestone, planned, t } from '../support/scene.ts'

const leg: Leg = { stopId: 'hamburg', from: t('09:00'), until: undefined, watchedUntil: t('Tue 00:00') }
const fixes = (...clocks: string[]) => clocks.map(t)

test('a silence lasts from the last thing heard, the departure to begin with', () => {
  assert.equal(lastSilence(leg, [], t('09:34')), undefined)
  assert.deepEqual(lastSilence(leg, [], t('09:35')), { from: t('09:00'), until: undefined })
  assert.deepEqual(lastSilence(leg, fixes('09:30'), t('10:05')), { from: t('09:30'), until: undefined })
})

test('of several silences the last one counts', () => {
  assert.deepEqual(lastSilence(leg, fixes('10:00', '10:30', '11:30', '11:40'), t('11:50')), {
    from: t('10:30'),
    until: t('11:30'),
  })
})

test('what is actual further on ends the leg, and what comes after it does not count', () => {
  const over = { ...leg, until: t('10:00') }
  assert.deepEqual(lastSilence(over, fixes('09:10', '11:00'), t('12:00')), { from: t('09:10'), until: t('10:00') })
  assert.equal(lastSilence(over, fixes('08:00', '09:30'), t('12:00')), undefined)
  assert.equal(silentAt(over, t('09:10')), undefined)
})

test('fixes of two vehicles in one bucket need not be in order', () => {
  assert.equal(lastSilence(leg, fixes('09:34', '09:31', '10:06'), t('10:10')), undefined)
})

test('nobody is watched for beyond the window', () => {
  assert.equal(silentAt({ ...leg, watchedUntil: t('09:30') }, undefined), undefined)
  assert.equal(lastSilence({ ...leg, watchedUntil: t('09:30') }, [], t('12:00')), undefined)
  assert.equal(lastSilence({ ...leg, watchedUntil: t('09:30'), until: t('11:00') }, [], t('12:00')), undefined)
  assert.equal(lastSilence({ ...leg, watchedUntil: t('09:30') }, fixes('10:00'), t('10:10')), undefined)
})

test('a position breaks a silence that was told only within it', () => {
  const told = (until?: string) => [
    {
      evidence: JSON.stringify(silenceGrounds(leg, { from: t('10:00'), until: until ? t(until) : undefined }).evidence),
    },
  ]
  assert.ok(breaksSilence(told(), t('10:01')) && breaksSilence(told('11:00'), t('10:59')))
  assert.ok(
    !breaksSilence(told(), t('10:00')) && !breaksSilence(told('11:00'), t('11:00')) && !breaksSilence([], t('10:00')),
  )
})

test('who had been further on before the departure, or just then, is not on the way', () => {
  const plan = planned({ hamburg: '09:00', copenhagen: '18:00' })
  const onTheWay = (arrival: string) => {
    const known = [
      milestone('09:00', 'departed_pickup', 'hamburg'),
      milestone(arrival, 'arrived_at_delivery', 'copenhagen'),
    ]
    return legs(plan, journey(plan, known)).map(({ until }) => until)
  }
  assert.deepEqual([onTheWay('08:00'), onTheWay('09:00')], [[], []])
  assert.deepEqual(onTheWay('09:01'), [t('09:01')])
})
