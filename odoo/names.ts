/**
 * What Milepost keeps in Odoo: two models of its own, brought by the data module in `odoo/module/`. A picking itself is
 * never written, so that nobody who works on one has to wait for us, or loses a race against us.
 */

/** The technical name of the data module. */
export const MODULE = 'milepost'

/**
 * A record a case. Ours, and written by the sink alone: x_name, x_case_id, x_kind, x_severity, x_state, x_subject_kind,
 * x_subject_id, x_shipment_id, x_stop_id, x_picking_id, x_company_id, x_basis, x_evidence, x_notes, x_owner, x_opened_at,
 * x_closed_at, x_closed_by, x_revision, x_url. Theirs, and written by people alone: those of `CASE_ANSWER`, and comments in
 * the chatter.
 */
export const CASE_MODEL = 'x_milepost_case'

/** What people say of a case, with what it rested on when they said it. */
export const CASE_ANSWER = {
  /** res.users: who takes care of it; when that was said, and the x_basis that it was said of. */
  assignee: 'x_user_id',
  assignedAt: 'x_assigned_at',
  assignedBasis: 'x_assigned_basis',
  /** res.users: who resolved it, when, the x_basis that they saw, and their words. */
  resolvedBy: 'x_resolved_by_id',
  resolvedAt: 'x_resolved_at',
  resolvedBasis: 'x_resolved_basis',
  resolution: 'x_resolution',
} as const

/** A record a picking that is a shipment: where it stands, and when it arrives. */
export const SHIPMENT_MODEL = 'x_milepost_shipment'
