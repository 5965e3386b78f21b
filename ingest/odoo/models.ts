/**
 * What is read of Odoo: the models, and of each the fields, as a nested specification of `web_search_read`. A picking's
 * row brings all that its plan is made of, a case's all that people said of it, so that nothing has to be joined later; a
 * change of what they point to has those read again that it concerns.
 */
import { CASE_ANSWER, CASE_MODEL } from '../../odoo/names.ts'

/** As `web_search_read` wants it: `{}` is the field itself, of a many2one its id. */
export interface Specification {
  readonly [field: string]: { readonly fields?: Specification }
}
export type Domain = readonly (readonly [field: string, operator: string, value: unknown] | '&' | '|' | '!')[]

export interface OdooModel {
  readonly name: string
  readonly specification: Specification
  /** Which of the records are read: all, unless told. */
  readonly domain: Domain
  /** The model whose records are read again when one of this changes, and what of them points to it; none: nothing is. */
  readonly pointedToBy: { readonly model: string; readonly fields: readonly string[] } | null
}

export const PICKING = 'stock.picking'
const MESSAGE = 'mail.message'

const address: Specification = {
  ...{ name: {}, ref: {}, street: {}, zip: {}, city: {}, write_date: {} },
  country_id: { fields: { code: {} } },
  ...{ partner_latitude: {}, partner_longitude: {} },
}
/** Of a vehicle that the user may not read Odoo shows its name, which ends in the plate. */
const vehicle = (mayBeRead: boolean): Specification[string] =>
  mayBeRead ? { fields: { license_plate: {}, write_date: {} } } : { fields: { display_name: {} } }

const common: Specification = { write_date: {}, company_id: {} }

const picking = (vehicles: boolean): Specification => ({
  ...common,
  ...{ name: {}, state: {}, origin: {}, picking_type_code: {}, backorder_id: {} },
  ...{ scheduled_date: {}, date_deadline: {}, date_done: {}, carrier_tracking_ref: {} },
  partner_id: { fields: address },
  warehouse_address_id: { fields: address },
  carrier_id: { fields: { name: {}, write_date: {} } },
  sale_id: {
    fields: {
      name: {},
      client_order_ref: {},
      write_date: {},
      partner_id: { fields: { name: {}, ref: {}, write_date: {} } },
    },
  },
  batch_id: { fields: { name: {}, state: {}, write_date: {}, vehicle_id: vehicle(vehicles) } },
})

/** What the user may read, and what is installed: found out by asking. */
export interface Readable {
  readonly models: ReadonlySet<string>
  /** Fields of a picking: those of modules that are not installed are none. */
  readonly ofPicking: ReadonlySet<string>
}

/** Models come before what points to them: they have been read when that is. */
export const RELATED = [
  'sale.order',
  'res.partner',
  'delivery.carrier',
  'fleet.vehicle',
  'stock.picking.batch',
  MESSAGE,
  CASE_MODEL,
] as const

interface Reading {
  readonly specification: Specification
  readonly domain?: Domain
  /** Of a picking, unless told. */
  readonly pointedToBy?: readonly string[]
  readonly of?: string
}
const person: Specification[string] = { fields: { name: {} } }
const { assignee, resolvedBy, ...answer } = CASE_ANSWER

const related: Readonly<Record<(typeof RELATED)[number], Reading>> = {
  'sale.order': {
    specification: { ...common, name: {}, client_order_ref: {}, partner_id: {}, state: {} },
    pointedToBy: ['sale_id'],
  },
  'res.partner': {
    specification: { ...common, ...address, active: {} },
    pointedToBy: ['partner_id', 'picking_type_id.warehouse_id.partner_id', 'sale_id.partner_id'],
  },
  'delivery.carrier': { specification: { ...common, name: {}, active: {} }, pointedToBy: ['carrier_id'] },
  'fleet.vehicle': {
    specification: { ...common, license_plate: {}, active: {} },
    pointedToBy: ['batch_id.vehicle_id'],
  },
  'stock.picking.batch': {
    specification: { ...common, name: {}, state: {}, vehicle_id: {} },
    pointedToBy: ['batch_id'],
  },
  // A comment does not move the write_date of what it is about.
  [MESSAGE]: {
    specification: { write_date: {}, body: {} },
    domain: [
      ['model', '=', CASE_MODEL],
      ['message_type', 'in', ['comment', 'email']],
    ],
    pointedToBy: ['message_ids'],
    of: CASE_MODEL,
  },
  // Nothing of what we write into it ourselves: that is no news.
  [CASE_MODEL]: {
    specification: {
      ...{ write_date: {}, x_case_id: {}, x_subject_kind: {}, x_subject_id: {} },
      ...Object.fromEntries(Object.values(answer).map(name => [name, {}])),
      ...{ [assignee]: person, [resolvedBy]: person },
      message_ids: { fields: { body: {}, date: {}, message_type: {}, email_from: {}, author_id: person } },
    },
  },
}

/** Which of a model's records are read. */
export const domainOf = (model: string): Domain =>
  RELATED.flatMap(name => (name === model ? (related[name].domain ?? []) : []))

/** The models in the order in which they are to be read. */
export function modelsFor({ models, ofPicking }: Readable): OdooModel[] {
  const all = Object.entries(picking(models.has('fleet.vehicle')))
  const specification = Object.fromEntries(all.filter(([field]) => ofPicking.has(field)))
  const points = (path: string) => ofPicking.has(path.split('.', 1)[0] ?? path)
  const readable = RELATED.filter(name => models.has(name) && models.has(related[name].of ?? name))
  return [
    ...readable.map(name => {
      const { specification, domain = [], pointedToBy, of } = related[name]
      const fields = of === undefined ? pointedToBy?.filter(points) : pointedToBy
      return { name, specification, domain, pointedToBy: fields ? { model: of ?? PICKING, fields } : null }
    }),
    { name: PICKING, specification, domain: [], pointedToBy: null },
  ]
}

/** The domain in which at least one of these holds. */
export const anyOf = (terms: Domain): Domain => [
  ...Array.from({ length: terms.length - 1 }, () => '|' as const),
  ...terms,
]
