/**
 * What is read of Odoo: the models, and of each the fields, as a nested specification of `web_search_read`. A picking's
 * row brings all that its plan is made of, so that nothing has to be joined later; a change of what it points to has the
 * pickings that it concerns read again.
 */

/** As `web_search_read` wants it: `{}` is the field itself, of a many2one its id. */
export interface Specification {
  readonly [field: string]: { readonly fields?: Specification }
}
export type Domain = readonly (readonly [field: string, operator: string, value: unknown] | '&' | '|' | '!')[]

export interface OdooModel {
  readonly name: string
  readonly specification: Specification
  /** What of a picking points to a record of this model; none: it is the picking. */
  readonly pointedToBy: readonly string[]
}

export const PICKING = 'stock.picking'

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

/** Related models come before the pickings: what these point to has been read when they are. */
export const RELATED = [
  'sale.order',
  'res.partner',
  'delivery.carrier',
  'fleet.vehicle',
  'stock.picking.batch',
] as const

const related: Readonly<Record<(typeof RELATED)[number], Omit<OdooModel, 'name'>>> = {
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
}

/** The models in the order in which they are to be read. */
export function modelsFor({ models, ofPicking }: Readable): OdooModel[] {
  const all = Object.entries(picking(models.has('fleet.vehicle')))
  const specification = Object.fromEntries(all.filter(([field]) => ofPicking.has(field)))
  const points = (path: string) => ofPicking.has(path.split('.', 1)[0] ?? path)
  return [
    ...RELATED.filter(name => models.has(name)).map(name => ({
      name,
      specification: related[name].specification,
      pointedToBy: related[name].pointedToBy.filter(points),
    })),
    { name: PICKING, specification, pointedToBy: [] },
  ]
}

/** The domain in which at least one of these holds. */
export const anyOf = (terms: Domain): Domain => [
  ...Array.from({ length: terms.length - 1 }, () => '|' as const),
  ...terms,
]
