/** What people say of a case in Odoo reaches the case, once; what we write there ourselves says nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processors } from '../../app/pipeline.ts'
import { CASE_MODEL } from '../../odoo/names.ts'
import type { Case, OdooChange } from '../../schemas/generated/events.ts'
import { caseActions, cases, odooChanges, shipmentRequests } from '../../schemas/topics.ts'
import { drive, type Driver } from '../../streams/drive.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { request, t } from '../support/scene.ts'

const ANN = { id: 6, name: 'Ann' }
const BOB = { id: 7, name: 'Bob' }
let revisions = 0
const reading = (fields: object, more: Partial<OdooChange> = {}) => {
  const value: OdooChange = {
    ...{ occurredAt: t('13:00'), database: 'lab', model: CASE_MODEL, id: 3, revision: ++revisions, writeDate: null },
    ...{ companyId: null, active: true, deleted: false, row: JSON.stringify({ id: 3, ...fields }) },
    ...more,
  }
  return emit(odooChanges, value, { source: 'odoo:lab', receivedAt: t('13:00') })
}

/** A shipment that is late at its pickup, and its case as Odoo shows it. */
async function lateShipment() {
  const driver = await drive(processors, options)
  await driver.feed(
    emit(shipmentRequests, request({ hamburg: '09:00', copenhagen: '18:00' }), { receivedAt: t('00:00') }),
  )
  await driver.tick(t('12:00'))
  const late = caseOf(driver)
  assert.equal(late?.state, 'open')
  const { caseId, subjectKind, subjectId, basis } = late
  const about = { x_case_id: caseId, x_subject_kind: subjectKind, x_subject_id: subjectId, message_ids: [] }
  return { driver, about, basis }
}
const caseOf = (driver: Driver): Case | undefined => driver.written(cases).at(-1)?.value
const resolvedBy = (who: object, at: string, basis: string, words: string | false = false) => ({
  ...{ x_resolved_by_id: who, x_resolved_at: `2026-03-02 ${at}:00`, x_resolved_basis: basis, x_resolution: words },
})
const takenBy = (who: object, at: string, basis: string) => ({
  ...{ x_user_id: who, x_assigned_at: `2026-03-02 ${at}:00`, x_assigned_basis: basis },
})
const comment = (id: number, body: string, message_type = 'comment') => ({
  ...{ id, body, message_type, date: `2026-03-02 12:${id}:00`, author_id: ANN },
})

test('who takes a case in Odoo is its owner, who resolves it closes it, and their words are kept', async () => {
  const { driver, about, basis } = await lateShipment()
  await driver.feed(reading({ ...about, ...takenBy(ANN, '12:10', basis) }))
  assert.deepEqual([caseOf(driver)?.state, caseOf(driver)?.owner], ['acknowledged', 'Ann'])
  await driver.feed(reading({ ...about, ...takenBy(ANN, '12:10', basis), ...resolvedBy(BOB, '12:20', basis, 'rang') }))
  const closed = caseOf(driver)
  assert.deepEqual([closed?.state, closed?.closedBy, closed?.closedAt], ['resolved', 'Bob', t('12:20')])
  assert.deepEqual(
    closed?.notes.map(({ by, at, text }) => [by, at, text]),
    [['Bob', t('12:20'), 'rang']],
  )
})

test('a resolution of what the case no longer rests on closes nothing', async () => {
  const { driver, about } = await lateShipment()
  await driver.feed(reading({ ...about, ...resolvedBy(BOB, '12:20', 'due yesterday, not there') }))
  assert.equal(driver.written(caseActions).length, 1)
  assert.equal(caseOf(driver)?.state, 'open')
})

test('resolved here and there at once, the earlier one closes the case, whichever is heard first', async () => {
  for (const order of ['Odoo first', 'Odoo last']) {
    const { driver, about, basis } = await lateShipment()
    const { x_case_id: caseId, x_subject_kind: subjectKind, x_subject_id: subjectId } = about
    const here = { caseId, subjectKind, subjectId, basis, action: 'resolve' as const, by: 'Carl', text: null }
    const said = [
      reading({ ...about, ...resolvedBy(BOB, '12:20', basis) }),
      emit(caseActions, { ...here, occurredAt: t('12:21') }, { receivedAt: t('12:21') }),
    ]
    for (const one of order === 'Odoo first' ? said : said.toReversed()) await driver.feed(one)
    assert.deepEqual([caseOf(driver)?.closedBy, caseOf(driver)?.closedAt], ['Bob', t('12:20')], order)
  }
})

test('comments come as words, once each; what Odoo or we post is none', async () => {
  const { driver, about } = await lateShipment()
  const spoken = comment(50, '<p>Rang the driver:<br>flat&nbsp;tyre &amp; no spare &lt;2 h</p>')
  await driver.feed(reading({ ...about, message_ids: [spoken, comment(51, '<p>Stage changed</p>', 'notification')] }))
  await driver.feed(reading({ ...about, message_ids: [spoken, comment(52, '<p>Towed</p>')] }))
  assert.deepEqual(
    caseOf(driver)?.notes.map(({ by, text }) => [by, text]),
    [
      ['Ann', 'Rang the driver:\nflat tyre & no spare <2 h'],
      ['Ann', 'Towed'],
    ],
  )
  assert.equal(driver.written(caseActions).length, 2)
})

test('a record that is read again for what we wrote into it says nothing', async () => {
  const { driver, about, basis } = await lateShipment()
  const row = { ...about, ...takenBy(ANN, '12:10', basis) }
  await driver.feed(reading(row))
  const told = driver.written(cases).length
  await driver.feed(reading({ ...row, x_state: 'acknowledged', x_revision: 2 }))
  await driver.feed(reading(row, { deleted: true, row: 'null' }))
  assert.equal(driver.written(caseActions).length, 1)
  assert.equal(driver.written(cases).length, told)
})

test('a record that is no case, or that names none, is ignored', async () => {
  const { driver, about, basis } = await lateShipment()
  await driver.feed(reading({ ...about, x_case_id: false, ...resolvedBy(BOB, '12:20', basis) }))
  await driver.feed(reading({ ...about, x_subject_kind: 'driver', ...resolvedBy(BOB, '12:20', basis) }))
  await driver.feed(reading({ ...about, ...resolvedBy(BOB, '12:20', basis) }, { model: 'res.partner' }))
  assert.equal(driver.written(caseActions).length, 0)
})
