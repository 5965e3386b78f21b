/**
 * The company of the simulated world at its Odoo, which the stand-in is: each order is a picking there, in a batch with its
 * truck, before its plan is sent; and the plan that is sent names that picking, so that Milepost takes both for one.
 */
import { odooKey } from '../../schemas/topics.ts'
import type { Place } from '../feeder/places.ts'
import type { Plan, PlanDelivery } from '../feeder/delivery.ts'
import type { OdooStore, Transaction, Vals } from '../odoo/store.ts'
import { confirm } from '../odoo/world.ts'
import type { Happening } from './happenings.ts'

const PICKING = 'stock.picking'
const BATCH = 'stock.picking.batch'
const PEOPLE = ['Anna Berger', 'Marek Nowak', 'Inês Duarte']

export class Office {
  readonly #store: OdooStore
  readonly #database: string
  /** What was made once, by model and name; pickings by their shipment. */
  readonly #ids = new Map<string, number>()
  /** By shipment: when the version that Odoo knows was planned. */
  readonly #plannedAt = new Map<string, number>()
  readonly company: number
  /** res.users who take care of cases. */
  readonly people: readonly number[]

  /** Goes on with what the store has of it. */
  constructor(store: OdooStore, database: string) {
    this.#store = store
    this.#database = database
    for (const model of ['res.company', 'res.users', 'res.partner', 'delivery.carrier', 'fleet.vehicle', BATCH])
      for (const { id, name } of store.rows(model)) this.#ids.set(`${model} ${String(name)}`, id)
    for (const { id, name } of store.rows('stock.picking.type')) this.#ids.set(`dock ${String(name)}`, id)
    const orders = new Map(store.rows('sale.order').map(({ id, client_order_ref: number }) => [id, String(number)]))
    for (const { id, sale_id: order } of store.rows(PICKING))
      this.#ids.set(`${PICKING} ${orders.get(Number(order)) ?? ''}`, id)
    ;[this.company, this.people] = store.do(tx => [
      this.#one(tx, 'res.company', 'Milepost Demo'),
      PEOPLE.map(name =>
        this.#one(tx, 'res.users', name, { login: name, partner_id: this.#one(tx, 'res.partner', name) }),
      ),
    ])
  }

  /** By what Milepost calls a shipment of Odoo: what the world calls it. */
  names(): ReadonlyMap<string, string> {
    const pickings = [...this.#ids].filter(([key]) => key.startsWith(`${PICKING} ${orderOf('')}`))
    const shipmentOf = (key: string) => key.slice(`${PICKING} ${orderOf('')}`.length)
    return new Map(
      pickings.map(([key, id]) => [odooKey({ database: this.#database, model: PICKING, id }), shipmentOf(key)]),
    )
  }

  /** What it brings about in Odoo; as Milepost is to hear of it. */
  heard(happening: Happening): Happening {
    if (!('delivery' in happening) || happening.delivery.kind !== 'plan') return happening
    const { delivery } = happening
    const number = { scheme: 'odoo.picking', value: `${this.#database}/${this.#planned(delivery)}` }
    const plan = { ...delivery.plan, references: [...delivery.plan.references, number] }
    return { ...happening, delivery: { ...delivery, plan } }
  }

  /** The picking of a shipment, as this version of its plan wants it. */
  #planned({ shipmentId, plan }: PlanDelivery): number {
    const plannedAt = Date.parse(plan.plannedAt)
    const order = orderOf(shipmentId)
    const known = this.#ids.get(`${PICKING} ${order}`)
    if (known !== undefined && plannedAt <= (this.#plannedAt.get(shipmentId) ?? 0)) return known
    this.#plannedAt.set(shipmentId, plannedAt)
    return this.#store.do(tx => {
      const id = known ?? this.#ordered(tx, order, plan)
      this.#changed(tx, id, plan)
      return id
    })
  }

  #ordered(tx: Transaction, order: string, plan: Plan): number {
    const [first, last] = [plan.stops[0], plan.stops.at(-1)]
    if (!first || !last) throw new Error(`${order}: a plan without stops`)
    const partner = this.#address(tx, last.place)
    const id = confirm(tx, { type: this.#dock(tx, first.place), partner, at: Date.parse(first.plannedArrival) })
    const customer = this.#one(tx, 'res.partner', titled(plan.customerId), { ref: plan.customerId, is_company: true })
    const sale = tx.read(PICKING, id)?.['sale_id'] as number
    tx.write('sale.order', [sale], { client_order_ref: order, partner_id: customer, company_id: this.company })
    tx.write(PICKING, [id], {
      carrier_id: this.#one(tx, 'delivery.carrier', plan.carrierId, { delivery_type: 'fixed' }),
      batch_id: this.#one(tx, BATCH, `BATCH/${order}`, { state: 'in_progress', company_id: this.company }),
      state: 'assigned',
    })
    this.#ids.set(`${PICKING} ${order}`, id)
    return id
  }

  /** People write what differs. */
  #changed(tx: Transaction, id: number, { status, stops, vehicleId }: Plan): void {
    const row = tx.read(PICKING, id)
    const last = stops.at(-1)
    const vals: Vals = {
      scheduled_date: Date.parse(stops[0]?.plannedArrival ?? ''),
      date_deadline: Date.parse(last?.dueBy ?? last?.plannedArrival ?? ''),
      ...(status === 'cancelled' && { state: 'cancel' }),
    }
    if (Object.entries(vals).some(([name, value]) => row?.[name] !== value)) tx.write(PICKING, [id], vals)
    if (vehicleId === undefined) return
    const vehicle_id = this.#one(tx, 'fleet.vehicle', vehicleId, { license_plate: vehicleId })
    const batch = row?.['batch_id'] as number
    if (tx.read(BATCH, batch)?.['vehicle_id'] !== vehicle_id) tx.write(BATCH, [batch], { vehicle_id })
  }

  #address(tx: Transaction, { name, latitude, longitude }: Place): number {
    return this.#one(tx, 'res.partner', name, { partner_latitude: latitude, partner_longitude: longitude })
  }
  /** The outgoing transfers of the warehouse at a place. */
  #dock(tx: Transaction, place: Place): number {
    const known = this.#ids.get(`dock ${place.name}`)
    if (known !== undefined) return known
    const [name, company_id] = [place.name, this.company]
    const warehouse_id = tx.create('stock.warehouse', { name, company_id, partner_id: this.#address(tx, place) })
    const id = tx.create('stock.picking.type', { name, code: 'outgoing', warehouse_id, company_id })
    this.#ids.set(`dock ${name}`, id)
    return id
  }

  #one(tx: Transaction, model: string, name: string, vals: Vals = {}): number {
    const key = `${model} ${name}`
    const id = this.#ids.get(key) ?? tx.create(model, { name, ...vals })
    this.#ids.set(key, id)
    return id
  }
}

/** The number under which the customer ordered it. */
const orderOf = (shipmentId: string): string => `PO-${shipmentId}`
/** `customer-7` → `Customer 7`. */
const titled = (id: string): string => id.charAt(0).toUpperCase() + id.slice(1).replaceAll('-', ' ')
