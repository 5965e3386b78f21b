/**
 * A day at a real Odoo: three people at work at once, all that they do to pickings, and transactions that take many seconds.
 * Every commit of a picking is counted by the database itself, which no cursor can fool.
 */
import { OdooAway, type OdooClient, OdooRefused } from '../../odoo/client.ts'
import type { Random } from '../feeder/random.ts'
import { type ActName, nextAct } from '../odoo/day.ts'
import { clientOf, type Company, companyOf, load, order } from './company.ts'
import type { RealOdoo } from './start.ts'

const PICKING = 'stock.picking'
const BATCH = 'stock.picking.batch'
const PEOPLE = ['anna', 'ben', 'carla'] as const
const HOUR_MS = 3_600_000
/** Of what is written, so much in a transaction that goes on for some time. */
const LONG = 0.12
/** A question is asked, another text is sent, a paper is printed: nobody is there to answer. */
const UNASKED = { skip_backorder: true, skip_sms: true, skip_sanity_check: true }
/** What a server action does: write, and let the transaction go on. Its lock is held, and its write_date is when it began. */
const SLOW = `
records.write(env.context['vals'])
env.flush_all()
time.sleep(env.context['seconds'])
`
/** Which transactions wrote a picking; a deletion is one as well. */
const COUNTED = `
  CREATE TABLE IF NOT EXISTS written (picking int, tx xid8, PRIMARY KEY (picking, tx));
  CREATE OR REPLACE FUNCTION count_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO written VALUES (coalesce(NEW.id, OLD.id), pg_current_xact_id()) ON CONFLICT DO NOTHING;
    RETURN NULL;
  END $$;
  CREATE OR REPLACE TRIGGER count_written AFTER INSERT OR UPDATE OR DELETE ON stock_picking
    FOR EACH ROW EXECUTE FUNCTION count_written();`

export interface Day {
  /** What was done, by name. */
  readonly counts: Readonly<Record<string, number>>
  /** Resolves when everybody has gone home. */
  readonly over: Promise<void>
  /** Commits of each picking so far, by its id. */
  commits(): Promise<Map<number, number>>
}

/** Begin. `pickings` orders are confirmed, and twice as many other things are done. */
export async function day(odoo: RealOdoo, random: Random, pickings: number): Promise<Day> {
  await odoo.sql(COUNTED)
  const counts: Record<string, number> = {}
  const did = (what: string) => (counts[what] = (counts[what] ?? 0) + 1)
  const company = await companyOf(clientOf(odoo, 'anna'))
  const slow = await slowAction(odoo)
  let left = pickings
  const work = async (login: (typeof PEOPLE)[number]) => {
    const person = new Person(clientOf(odoo, login), company, random.fork(login), slow, did)
    for (;;) {
      const act = nextAct(person.random)
      if (act === 'confirm' && --left < 0) return
      try {
        await person.acts[act]()
      } catch (error) {
        if (!(error instanceof OdooRefused || error instanceof OdooAway)) throw error
        // Somebody else was faster, or the goods are on their way.
        did('refused')
      }
    }
  }
  const commits = async () => {
    const said = await odoo.sql('SELECT picking, count(*) FROM written GROUP BY 1')
    return new Map(said.split('\n').map(line => line.split('\t').map(Number) as [number, number]))
  }
  return { counts, commits, over: Promise.all(PEOPLE.map(work)).then(() => undefined) }
}

async function slowAction(odoo: RealOdoo): Promise<number> {
  const admin = clientOf(odoo, 'admin')
  const [model] = await admin.call<number[]>('ir.model', 'search', { domain: [['model', '=', PICKING]] })
  const action = { name: 'Take your time', model_id: model, state: 'code', code: SLOW }
  const [id = 0] = await admin.call<number[]>('ir.actions.server', 'create', { vals_list: [action] })
  return id
}

class Person {
  readonly random: Random
  readonly #client: OdooClient
  readonly #company: Company
  readonly #slow: number
  readonly #did: (what: string) => void
  readonly acts: Readonly<Record<ActName, () => Promise<void>>> = {
    confirm: () => this.#confirm(),
    internal: () => this.#internal(),
    assign: () => this.#assign(),
    delay: () =>
      this.#write('delayed', ['confirmed', 'assigned'], () => ({
        scheduled_date: odooTime(Date.now() + this.random.between(1, 48) * HOUR_MS),
      })),
    note: () => this.#write('noted', ['confirmed', 'assigned', 'done'], () => ({ note: String(this.random.next()) })),
    track: () =>
      this.#write('tracked', ['assigned', 'done'], id => ({
        carrier_tracking_ref: `T${id}-${this.random.whole(0, 999)}`,
      })),
    cancel: () => this.#on('cancelled', ['confirmed', 'assigned'], id => this.#do(PICKING, 'action_cancel', [id])),
    load: () => this.#load(),
    swap: () => this.#swap(),
    ship: () => this.#on('shipped', ['assigned'], id => this.#validate(id)),
    part: () => this.#on('shipped in part', ['assigned'], id => this.#part(id)),
    delete: () => this.#on('deleted', ['cancel', 'confirmed'], id => this.#do(PICKING, 'unlink', [id])),
    move: () => this.#move(),
    replate: () => this.#replate(),
  }

  constructor(client: OdooClient, company: Company, random: Random, slow: number, did: (what: string) => void) {
    this.#client = client
    this.#company = company
    this.random = random
    this.#slow = slow
    this.#did = did
  }

  async #do(model: string, method: string, ids: readonly number[], body: object = {}): Promise<unknown> {
    return this.#client.call(model, method, { ids, ...body })
  }

  /** Some picking in one of these states; also those that are no deliveries. */
  async #some(states: readonly string[], more: readonly unknown[] = []): Promise<number | undefined> {
    const domain = [['state', 'in', states], ...more]
    const count = await this.#client.call<number>(PICKING, 'search_count', { domain })
    if (count === 0) return undefined
    const offset = this.random.whole(0, count - 1)
    const [id] = await this.#client.call<number[]>(PICKING, 'search', { domain, offset, limit: 1, order: 'id' })
    return id
  }
  async #on(what: string, states: readonly string[], act: (id: number) => Promise<unknown>): Promise<void> {
    const id = await this.#some(states)
    if (id === undefined) return
    await act(id)
    this.#did(what)
  }
  async #write(what: string, states: readonly string[], vals: (id: number) => object): Promise<void> {
    await this.#on(what, states, async id => {
      if (!this.random.chance(LONG)) {
        await this.#do(PICKING, 'write', [id], { vals: vals(id) })
        return
      }
      const context = { active_model: PICKING, active_ids: [id], active_id: id, vals: vals(id) }
      const seconds = this.random.between(6, 15)
      await this.#do('ir.actions.server', 'run', [this.#slow], { context: { ...context, seconds } })
      this.#did('long transactions')
    })
  }

  async #confirm(): Promise<void> {
    const { companies, customers, products, carriers } = this.#company
    await order(this.#client, {
      company: this.random.chance(0.7) ? companies[0] : companies[1],
      customer: this.random.pick(customers),
      product: this.random.pick(products),
      quantity: this.random.whole(2, 10),
      ...(this.random.chance(0.5) && { carrier: this.random.pick(carriers) }),
      customersNumber: `PO-${this.random.whole(1_000_000, 9_999_999)}`,
    })
    this.#did('confirmed')
  }
  async #internal(): Promise<void> {
    const domain = [
      ['code', '=', 'internal'],
      ['company_id', '=', this.#company.companies[0]],
    ]
    const fields = ['default_location_src_id']
    const [type] = await this.#client.call<{ id: number; default_location_src_id: [number, string] }[]>(
      'stock.picking.type',
      'search_read',
      { domain: [...domain, ['default_location_src_id', '!=', false]], fields, context: { active_test: false } },
    )
    if (!type) return
    const [location] = type.default_location_src_id
    const move = {
      product_id: this.#company.products[0],
      product_uom_qty: 1,
      location_id: location,
      location_dest_id: location,
    }
    const picking = {
      picking_type_id: type.id,
      location_id: location,
      location_dest_id: location,
      move_ids: [[0, 0, move]],
    }
    const made = await this.#client.call<number[]>(PICKING, 'create', { vals_list: [picking] })
    await this.#do(PICKING, 'action_confirm', made)
    this.#did('internal')
  }
  /** Goods are there: an order is assigned at once. So some are let go first, and a carrier is chosen. */
  async #assign(): Promise<void> {
    const id = await this.#some(['confirmed'])
    if (id !== undefined) {
      await this.#do(PICKING, 'action_assign', [id])
      await this.#do(PICKING, 'write', [id], { vals: { carrier_id: this.random.pick(this.#company.carriers) } })
      this.#did('assigned')
    } else await this.#on('unassigned', ['assigned'], other => this.#do(PICKING, 'do_unreserve', [other]))
  }
  async #load(): Promise<void> {
    const company = this.random.pick(this.#company.companies)
    const free = [
      ['company_id', '=', company],
      ['batch_id', '=', false],
      ['picking_type_code', '=', 'outgoing'],
    ]
    const ids = new Set<number>()
    for (let n = 0; n < 3; n++) {
      const id = await this.#some(['assigned'], free)
      if (id !== undefined) ids.add(id)
    }
    if (ids.size === 0) return
    await load(this.#client, [...ids], this.random.pick(this.#company.vehicles).id)
    this.#did('loaded')
  }
  async #swap(): Promise<void> {
    const domain = [['state', 'in', ['draft', 'in_progress']]]
    const batches = await this.#client.call<number[]>(BATCH, 'search', { domain })
    if (batches.length === 0) return
    const vals = { vehicle_id: this.random.pick(this.#company.vehicles).id }
    await this.#do(BATCH, 'write', [this.random.pick(batches)], { vals })
    this.#did('vehicles swapped')
  }
  async #validate(id: number): Promise<void> {
    const answer = await this.#do(PICKING, 'button_validate', [id], { context: UNASKED })
    // A question instead: nothing has been validated.
    if (answer !== true) this.#did('asked')
  }
  /** One of several: the rest is another picking. */
  async #part(id: number): Promise<void> {
    const moves = await this.#client.call<number[]>('stock.move', 'search', { domain: [['picking_id', '=', id]] })
    await this.#do('stock.move', 'write', moves, { vals: { quantity: 1, picked: true } })
    await this.#validate(id)
  }
  async #move(): Promise<void> {
    const [latitude, longitude] = [48 + this.random.next() * 5, 3 + this.random.next() * 6]
    const vals = { partner_latitude: latitude, partner_longitude: longitude, city: 'Moved' }
    await this.#do('res.partner', 'write', [this.random.pick(this.#company.customers)], { vals })
    this.#did('addresses moved')
  }
  async #replate(): Promise<void> {
    const license_plate = `${this.random.whole(10, 99)}-NEW-${this.random.whole(0, 9)}`
    await this.#do('fleet.vehicle', 'write', [this.random.pick(this.#company.vehicles).id], { vals: { license_plate } })
    this.#did('plates changed')
  }
}

const odooTime = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')
