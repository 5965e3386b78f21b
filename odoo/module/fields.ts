/**
 * The fields of what Milepost brings to Odoo: the data module is made of these tables, the sinks write by them, and what
 * is installed is compared with them. Who may write which is said in odoo/names.ts.
 */
import { currentSchema } from '../../schemas/registry.ts'
import { CASE_MODEL, SHIPMENT_MODEL } from '../names.ts'
import { VERSION } from './version.ts'

export interface ModuleField {
  /** Odoo's type of it. */
  readonly type: 'char' | 'text' | 'integer' | 'datetime' | 'selection' | 'many2one' | 'one2many'
  readonly label: string
  readonly help?: string
  readonly relation?: string
  /** Of a one2many: the field over there that points back. */
  readonly inverse?: string
  readonly index?: true
  /** Value and label, in the order in which people choose. */
  readonly selection?: readonly (readonly [value: string, label: string])[]
  /** Python that fills it, and the fields whose change calls for that. Not stored unless `stored`; then a value that is written wins. */
  readonly compute?: string
  readonly depends?: string
  readonly stored?: true
}
export type ModuleFields = Readonly<Record<string, ModuleField>>

/** `arrived_at_pickup` → `Arrived at pickup`. */
export function words(code: string): string {
  const text = code.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The symbols of an enum of case.v1, so that a new kind is one here too. */
function symbolsOf(field: string): (readonly [string, string])[] {
  const type = currentSchema('case.v1').schema.fields.find(({ name }) => name === field)?.type
  const { symbols } = type as { readonly symbols: readonly string[] }
  return symbols.map(symbol => [symbol, words(symbol)] as const)
}

const char = (label: string, more: Partial<ModuleField> = {}): ModuleField => ({ type: 'char', label, ...more })
const text = (label: string, more: Partial<ModuleField> = {}): ModuleField => ({ type: 'text', label, ...more })
const integer = (label: string, more: Partial<ModuleField> = {}): ModuleField => ({ type: 'integer', label, ...more })
const datetime = (label: string, more: Partial<ModuleField> = {}): ModuleField => ({ type: 'datetime', label, ...more })
const choice = (label: string, field: string): ModuleField => ({
  type: 'selection',
  label,
  selection: symbolsOf(field),
})
const to = (relation: string, label: string, more: Partial<ModuleField> = {}): ModuleField => ({
  ...{ type: 'many2one', label, relation, ...more },
})
const INDEX = { index: true } as const

/** The version is where also a user who may not look at modules can read it. */
const CASE_ID_HELP = `What Milepost calls this case. Of the module milepost ${VERSION}.`
/** Said of an assignment that did not come by the button "Take": by whom it was changed, Odoo says itself. */
const assigned = (value: string): Partial<ModuleField> => ({
  compute: `for case in self: case['x_assigned_${value === 'now' ? 'at' : 'basis'}'] = ${value === 'now' ? 'datetime.datetime.now().replace(microsecond=0)' : 'case.x_basis'} if case.x_user_id else False`,
  depends: 'x_user_id',
  stored: true,
})

/** Written by the sink. */
export const CASE_OURS: ModuleFields = {
  x_name: char('Case'),
  x_case_id: char('Milepost’s id', { ...INDEX, help: CASE_ID_HELP }),
  x_kind: { ...choice('Kind', 'kind'), ...INDEX },
  x_severity: choice('Severity', 'severity'),
  x_state: { ...choice('State', 'state'), ...INDEX },
  x_subject_kind: choice('About a', 'subjectKind'),
  x_subject_id: char('About'),
  x_shipment_id: char('Shipment', INDEX),
  x_stop_id: char('Stop'),
  x_picking_id: to('stock.picking', 'Transfer', INDEX),
  x_company_id: to('res.company', 'Company', INDEX),
  x_basis: text('Rests on', { help: 'A decision of a person holds until this differs.' }),
  x_evidence: text('Evidence', { help: 'Times are UTC.' }),
  x_notes: text('Said in Milepost', { help: 'Times are UTC.' }),
  x_owner: char('Taken by', { help: 'Who takes care of it, as Milepost knows.' }),
  x_opened_at: datetime('Open since', INDEX),
  x_closed_at: datetime('Closed'),
  x_closed_by: char('Closed by', { help: 'The person who closed it, if one did.' }),
  x_revision: integer('Revision'),
  x_url: char('In the control tower'),
}
/** Written by people alone: `CASE_ANSWER` of odoo/names.ts. */
export const CASE_THEIRS: ModuleFields = {
  x_user_id: to('res.users', 'Responsible', INDEX),
  x_assigned_at: datetime('Assigned', assigned('now')),
  x_assigned_basis: text('Assigned when it rested on', assigned('basis')),
  x_resolved_by_id: to('res.users', 'Resolved by'),
  x_resolved_at: datetime('Resolved'),
  x_resolved_basis: text('Resolved when it rested on'),
  x_resolution: text('How it was resolved'),
}
export const CASE_FIELDS: ModuleFields = { ...CASE_OURS, ...CASE_THEIRS }

export const SHIPMENT_FIELDS: ModuleFields = {
  x_name: char('Shipment'),
  x_shipment_id: char('Milepost’s id', INDEX),
  x_picking_id: to('stock.picking', 'Transfer', INDEX),
  x_company_id: to('res.company', 'Company', INDEX),
  x_next_stop: char('Next stop'),
  x_eta_p10: datetime('Arrives at the earliest', { help: 'One in ten arrives before.' }),
  x_eta_p50: datetime('Expected arrival', { ...INDEX, help: 'As likely before as after.' }),
  x_eta_p90: datetime('Arrives at the latest', { help: 'One in ten arrives after.' }),
  x_eta_as_of: datetime('Estimated', { help: 'The time of the evidence that the expected arrival rests on.' }),
  x_etas: text('Stops ahead', { help: 'For Milepost itself.' }),
  x_milestone: char('Last milestone'),
  x_milestone_stop: char('At stop'),
  x_milestone_at: datetime('Reached'),
  x_milestone_by: char('Said by'),
  x_milestones: text('Milestones', { help: 'For Milepost itself.' }),
  x_url: char('In the control tower'),
}

const OPEN = "('open', 'acknowledged')"
const ofShipment = (name: string, from: string): Partial<ModuleField> => ({
  compute: `for picking in self: picking['${name}'] = picking.sudo().x_milepost_shipment_ids[:1].${from}`,
  depends: `x_milepost_shipment_ids.${from}`,
})
/**
 * What a picking shows: nothing of it is stored, so that no picking is ever written. Computed by `sudo`: whoever may read
 * a picking, such as a salesman, may know when it arrives, and must not be refused the picking for want of a right on ours.
 */
export const PICKING_FIELDS: ModuleFields = {
  x_milepost_case_ids: { type: 'one2many', label: 'Cases', relation: CASE_MODEL, inverse: 'x_picking_id' },
  x_milepost_shipment_ids: { type: 'one2many', label: 'Transport', relation: SHIPMENT_MODEL, inverse: 'x_picking_id' },
  x_milepost_open_cases: integer('Open cases', {
    compute: `for picking in self: picking['x_milepost_open_cases'] = len(picking.sudo().x_milepost_case_ids.filtered(lambda case: case.x_state in ${OPEN}))`,
    depends: 'x_milepost_case_ids.x_state',
  }),
  x_milepost_worst: char('What is wrong', {
    compute: `for picking in self: picking['x_milepost_worst'] = ', '.join(picking.sudo().x_milepost_case_ids.filtered(lambda case: case.x_state in ${OPEN}).mapped('x_name')[:5]) or False`,
    depends: 'x_milepost_case_ids.x_state,x_milepost_case_ids.x_name',
  }),
  x_milepost_cases: integer('Number of cases', {
    compute: `for picking in self: picking['x_milepost_cases'] = len(picking.sudo().x_milepost_case_ids)`,
    depends: 'x_milepost_case_ids',
  }),
  x_milepost_next_stop: char('Next stop', ofShipment('x_milepost_next_stop', 'x_next_stop')),
  x_milepost_eta: datetime('Expected arrival', ofShipment('x_milepost_eta', 'x_eta_p50')),
  x_milepost_eta_from: datetime('At the earliest', ofShipment('x_milepost_eta_from', 'x_eta_p10')),
  x_milepost_eta_until: datetime('At the latest', ofShipment('x_milepost_eta_until', 'x_eta_p90')),
  x_milepost_milestone: char('Last milestone', ofShipment('x_milepost_milestone', 'x_milestone')),
  x_milepost_milestone_at: datetime('Reached', ofShipment('x_milepost_milestone_at', 'x_milestone_at')),
  x_milepost_url: char('In the control tower', ofShipment('x_milepost_url', 'x_url')),
}

export interface ModuleModel {
  readonly name: string
  readonly label: string
  readonly order: string
  readonly isThread: boolean
  readonly fields: ModuleFields
}
/** The models of our own. */
export const MODELS: readonly ModuleModel[] = [
  {
    ...{ name: CASE_MODEL, label: 'Transport case', order: 'x_opened_at desc, id desc', isThread: true },
    fields: CASE_FIELDS,
  },
  {
    ...{ name: SHIPMENT_MODEL, label: 'Transport', order: 'x_eta_p50 desc, id desc', isThread: false },
    fields: SHIPMENT_FIELDS,
  },
]
