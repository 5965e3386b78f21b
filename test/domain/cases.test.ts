import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caseOf, type Grounds, lateGrounds, missedGrounds, withdrawn } from '../../domain/cases.ts'
import { journey } from '../../domain/journey.ts'
import type { CaseAction, ShipmentMilestone } from '../../schemas/generated/events.ts'
import { milestone, planned, t } from '../support/scene.ts'

const about = {
  caseId: 'c1',
  subjectKind: 'shipment' as const,
  subjectId: 'SHP-1',
  shipmentId: 'SHP-1',
  customerId: null,
  carrierId: null,
  companyId: null,
}
const grounds: Grounds = {
  kind: 'late',
  stopId: 'hamburg',
  severity: 'high',
  openedAt: t('09:00'),
  endedAt: null,
  basis: 'not there',
  evidence: {},
}
const act = (clock: string, action: CaseAction['action'], by: string, basis = 'not there'): CaseAction => ({
  occurredAt: t(clock),
  caseId: 'c1',
  subjectId: 'SHP-1',
  subjectKind: 'shipment',
  action,
  by,
  text: null,
  basis,
})

test('a case changed last when it opened, when it ended, or when somebody did something about it', () => {
  assert.equal(caseOf(grounds, about, []).occurredAt, t('09:00'))
  assert.equal(caseOf({ ...grounds, endedAt: t('10:00') }, about, []).occurredAt, t('10:00'))
  assert.equal(caseOf(grounds, about, [act('09:30', 'comment', 'ann')]).occurredAt, t('09:30'))
  assert.equal(caseOf(grounds, about, [{ ...act('09:30', 'comment', 'ann'), caseId: 'c2' }]).occurredAt, t('09:00'))
})

test('the last to acknowledge owns it; what was acknowledged on another basis is open again', () => {
  const acts = [act('09:10', 'acknowledge', 'ann'), act('09:20', 'acknowledge', 'bob')]
  assert.partialDeepStrictEqual(caseOf(grounds, about, acts), { owner: 'bob', state: 'acknowledged' })
  const changed = caseOf({ ...grounds, basis: 'something else' }, about, acts)
  assert.partialDeepStrictEqual(changed, { owner: 'bob', state: 'open' })
})

test('what ended by itself was closed then, by nobody, whoever had closed it before', () => {
  const ended = caseOf({ ...grounds, endedAt: t('10:00') }, about, [act('09:20', 'resolve', 'ann')])
  assert.partialDeepStrictEqual(ended, { state: 'resolved', closedAt: t('10:00'), closedBy: null })
})

test('a case is withdrawn when that was learnt, by nobody, whoever had closed it before', () => {
  const told = { ...caseOf(grounds, about, [act('09:20', 'resolve', 'ann')]), revision: 1, retracted: false }
  assert.equal(told.closedBy, 'ann')
  const expected = { occurredAt: t('11:00'), state: 'withdrawn', closedAt: t('11:00'), closedBy: null }
  assert.partialDeepStrictEqual(withdrawn(t('11:00'))(told), expected)
})

const plan = planned({ hamburg: '09:00', copenhagen: '18:00' })

test('who comes at the deadline is in time; a late delivery is worse than a late pickup', () => {
  const late = (clock: string) => lateGrounds(plan, journey(plan, [milestone(clock, 'loaded', 'hamburg')]), t('18:00'))
  assert.deepEqual(
    late('09:00').map(({ stopId, severity }) => [stopId, severity]),
    [['copenhagen', 'high']],
  )
  assert.deepEqual(
    late('09:01').map(({ stopId, severity }) => [stopId, severity]),
    [
      ['hamburg', 'medium'],
      ['copenhagen', 'high'],
    ],
  )
})

test('a shipment is closed at its last stop alone, at the earliest moment that proves it', () => {
  const closedAt = (...known: ShipmentMilestone[]) => journey(plan, known).closedAt
  assert.equal(closedAt(milestone('09:10', 'departed_pickup', 'hamburg')), undefined)
  assert.equal(closedAt(milestone('17:00', 'arrived_at_delivery', 'copenhagen')), undefined)
  const delivered = milestone('17:30', 'delivered', 'copenhagen')
  assert.equal(closedAt(delivered), t('17:30'))
  assert.equal(closedAt(delivered, milestone('17:20', 'departed_delivery', 'copenhagen')), t('17:20'))
  assert.equal(closedAt({ ...delivered, retracted: true }), undefined)
  assert.equal(closedAt({ ...delivered, classifier: 'estimated' }), undefined)
  assert.equal(journey({ ...plan, status: 'cancelled' }, [delivered]).closedAt, plan.occurredAt)
})

test('a stop was missed from the first moment at which any stop after it was reached, whichever that is', () => {
  const viaKiel = planned({ hamburg: '09:00', kiel: '12:00', copenhagen: '18:00' })
  const known = [
    milestone('17:00', 'gate_in', 'kiel'),
    milestone('16:00', 'arrived_at_delivery', 'copenhagen'),
    milestone('16:30', 'delivered', 'copenhagen'),
  ]
  const [missed, ...others] = missedGrounds(viaKiel, journey(viaKiel, known))
  assert.deepEqual(others, [])
  assert.partialDeepStrictEqual(missed, { stopId: 'hamburg', openedAt: t('16:00') })
})
