import assert from 'node:assert/strict'
import { test } from 'node:test'
import { links } from '../../domain/plans.ts'
import { ambiguity, claimsOf } from '../../domain/references.ts'
import { once, planned, report, t } from '../support/scene.ts'

const due = { copenhagen: '18:00' }
const loaded = claimsOf(report('10:00', 'loaded'), 'v1').map(once)
const linkOf = (shipmentId: string, plannedAt: string) =>
  links(planned(due, { shipmentId, occurredAt: t(plannedAt) })).map(once)

test('a reference is ambiguous from the second plan that has it, if its first event is older', () => {
  const openedAt = (second: string) =>
    ambiguity(loaded, [...linkOf('SHP-1', '08:00'), ...linkOf('SHP-2', second)])?.openedAt
  assert.equal(openedAt('12:00'), t('12:00'))
  assert.equal(openedAt('09:00'), t('10:00'))
})

test('in which order its shipments were heard of changes nothing of an ambiguous reference', () => {
  const [first, second, third] = [linkOf('SHP-1', '13:00'), linkOf('SHP-2', '12:00'), linkOf('SHP-3', '08:00')]
  const grounds = ambiguity(loaded, [...first, ...second, ...third])
  assert.partialDeepStrictEqual(grounds, { basis: 'belongs to SHP-1, SHP-2, SHP-3', openedAt: t('12:00') })
  assert.deepEqual(ambiguity(loaded, [...third, ...second, ...first]), grounds)
  assert.deepEqual(ambiguity(loaded, [...second, ...first, ...third]), grounds)
})
