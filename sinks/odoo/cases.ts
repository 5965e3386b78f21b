/** What needs a person, as records of Odoo: each case one, at its newest. What people answer there is not ours to write. */
import { CASE_MODEL } from '../../odoo/names.ts'
import type { Case } from '../../schemas/generated/events.ts'
import { cases } from '../../schemas/topics.ts'
import type { Event } from '../../streams/event.ts'
import type { Sink } from '../../streams/sink.ts'
import { keepActivities } from './activities.ts'
import type { OdooGate } from './gate.ts'
import { isOpen, readKept } from './kept.ts'
import { load, type Row } from './load.ts'
import { newest } from './newest.ts'
import { companyOf, type Links, pickingOf, towerOf } from './shipments.ts'
import { evidenceOf, notesOf, odooTime, titleOf } from './words.ts'

export const casesSink = (gate: OdooGate, links: Links): Sink<Case> => ({
  name: 'odoo/cases',
  reads: cases,
  async write({ events }) {
    const said = newest(events, ({ caseId }) => caseId)
    const kept = await readKept(gate, [...said.keys()])
    // What was over before it came to Odoo is nobody's business there.
    const due = [...said.values()].filter(({ value }) => kept.has(value.caseId) || isOpen(value))
    await load(
      gate,
      CASE_MODEL,
      due.map(event => caseRow(gate.database, links, event)),
      ['x_picking_id'],
    )
    await keepActivities(gate, [...said.values()], kept)
  },
})

/** Whatever people write is no part of it. */
export function caseRow(database: string, links: Links, { eventId, value }: Event<Case>): Row {
  const { caseId, kind, severity, subjectKind, subjectId, shipmentId, stopId, basis, owner, closedBy, revision } = value
  const about: Record<string, string> =
    shipmentId !== null
      ? { shipment: shipmentId }
      : subjectKind === 'vehicle'
        ? { vehicle: subjectId }
        : { view: 'cases' }
  return {
    id: `case_${caseId.replaceAll(/[^\w-]/g, '_')}`,
    eventId,
    values: {
      x_name: titleOf(value),
      x_case_id: caseId,
      x_kind: kind,
      x_severity: severity,
      x_state: value.retracted ? 'withdrawn' : value.state,
      x_subject_kind: subjectKind,
      x_subject_id: subjectId,
      x_shipment_id: shipmentId ?? '',
      x_stop_id: stopId ?? '',
      'x_picking_id/.id': pickingOf(database, shipmentId) ?? '',
      'x_company_id/.id': companyOf(value.companyId),
      x_basis: basis,
      x_evidence: evidenceOf(value),
      x_notes: notesOf(value),
      x_owner: owner ?? '',
      x_opened_at: odooTime(value.openedAt),
      x_closed_at: odooTime(value.closedAt),
      x_closed_by: closedBy ?? '',
      x_revision: String(revision),
      x_url: towerOf(links, about),
    },
  }
}
