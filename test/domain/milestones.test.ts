import assert from 'node:assert/strict'
import { test } from 'node:test'
import { milestones } from '../../domain/milestones.ts'
import { links } from '../../domain/plans.ts'
import { claimsOf, resolved } from '../../domain/references.ts'
import type { CarrierEvent } from '../../schemas/generated/events.ts'
import { BOL, once, planned, report, t } from '../support/scene.ts'

const ORDER = { scheme: 'po', value: '7' }
const plan = planned({ hamburg: '09:00', copenhagen: '18:00' })
const [link] = links(plan).map(once)

/** As the shipment hears it. */
const heard = (event: CarrierEvent, versionId: string) =>
  resolved(claimsOf(event, versionId).map(once), link ? [link] : []).map(once)

test('of two partners that report the same time, the one whose claim has the lower identity is believed, whoever came first', () => {
  const [baltic, nordic] = ['baltic', 'nordic'].map(partner => heard(report('10:00', 'loaded', { partner }), 'v1'))
  assert.ok(baltic && nordic)
  for (const reported of [
    [...baltic, ...nordic],
    [...nordic, ...baltic],
  ]) {
    const [loaded] = milestones(plan, [], reported)
    assert.equal(loaded?.claimedBy, 'carrier:baltic')
    assert.deepEqual(
      loaded.claims.map(({ by }) => by),
      ['carrier:baltic', 'carrier:nordic'],
    )
  }
})

test('of two versions of one event, found by two references and said at one time, the one with the higher id counts', () => {
  const updatedAt = t('11:00')
  const lower = heard(report('10:30', 'loaded', { updatedAt, references: [ORDER] }), 'v1')
  const higher = heard(report('10:00', 'loaded', { updatedAt, references: [BOL] }), 'v2')
  for (const reported of [
    [...lower, ...higher],
    [...higher, ...lower],
  ])
    assert.deepEqual(
      milestones(plan, [], reported).map(({ occurredAt, claims }) => [occurredAt, claims.length]),
      [[t('10:00'), 1]],
    )
})
