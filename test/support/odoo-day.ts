/** What a day at an Odoo, the stand-in or a real one, is judged by: a poller that is killed again and again, and plans that are Odoo's. */
import assert from 'node:assert/strict'
import { OdooBook } from '../../ingest/odoo/book.ts'
import { OdooPoll } from '../../ingest/odoo/poll.ts'
import { OdooAway, type OdooClient } from '../../odoo/client.ts'
import { localWire } from '../../schemas/codec.ts'
import type { ShipmentPlan } from '../../schemas/generated/events.ts'
import { deadLetters, odooChanges, shipmentPlans } from '../../schemas/topics.ts'
import type { Driver } from '../../streams/drive.ts'
import { MemoryLog, type Disk } from '../../streams/log/memory.ts'
import type { Instant } from '../../streams/time.ts'
import type { Random } from '../../tools/feeder/random.ts'

const PICKING = 'stock.picking'

export interface TableRow {
  readonly id: number
  readonly [column: string]: unknown
}
/** Odoo's tables as they are: many2one a number or false, times in milliseconds. */
export interface Tables {
  row(model: string, id: number): TableRow | undefined
  rows(model: string): readonly TableRow[]
}

/** The plan that Odoo's own tables ask for, put together without any of what is being tested. */
function wanted(tables: Tables, row: TableRow): Record<string, unknown> {
  const at = (model: string, id: unknown) => (typeof id === 'number' ? tables.row(model, id) : undefined)
  const type = at('stock.picking.type', row['picking_type_id'])
  const house = at('res.partner', at('stock.warehouse', type?.['warehouse_id'])?.['partner_id'])
  const shop = at('res.partner', row['partner_id'])
  const batch = at('stock.picking.batch', row['batch_id'])
  const vehicle = at('fleet.vehicle', batch?.['vehicle_id'])
  const second = (ms: unknown) => Math.floor(Number(ms) / 1_000) * 1_000
  const place = (partner: TableRow | undefined) => {
    const [latitude, longitude] = [Number(partner?.['partner_latitude']), Number(partner?.['partner_longitude'])]
    return latitude === 0 && longitude === 0 ? [null, null] : [latitude, longitude]
  }
  return {
    status: row['state'] === 'cancel' ? 'cancelled' : 'active',
    vehicleId: vehicle
      ? String(vehicle['license_plate'])
          .toUpperCase()
          .replaceAll(/[^A-Z0-9]/g, '')
      : null,
    carrierId: row['carrier_id'] === false ? null : `odoo-carrier-${String(row['carrier_id'])}`,
    companyId: `odoo-company-${String(type?.['company_id'])}`,
    customerId: shop?.['ref'] === false ? `odoo-partner-${shop.id}` : shop?.['ref'],
    loadId: batch ? `odoo-lab-batch-${batch.id}` : null,
    places: [place(house), place(shop)],
    planned: second(row['scheduled_date']),
    due: second(row['date_deadline']),
    tracked: row['carrier_tracking_ref'],
  }
}
const found = (plan: ShipmentPlan | undefined): Record<string, unknown> | undefined =>
  plan && {
    status: plan.status,
    vehicleId: plan.vehicleId,
    carrierId: plan.carrierId,
    companyId: plan.companyId,
    customerId: plan.customerId,
    loadId: plan.loadId,
    places: plan.stops.map(({ place }) => [place.latitude, place.longitude]),
    planned: plan.stops[1]?.plannedArrival,
    due: plan.stops[1]?.dueBy,
    tracked: plan.references.find(({ scheme }) => scheme === 'tracking')?.value ?? false,
  }

/** Every delivery has the plan that Odoo asks for, no other shipment is active, and nothing was said twice. Returns the deliveries. */
export function assertAsOdoo(driver: Driver, tables: Tables, outgoingTypes: readonly number[]): readonly TableRow[] {
  const plans = new Map<string, ShipmentPlan>()
  for (const { value } of driver.written(shipmentPlans)) {
    const last = plans.get(value.shipmentId)
    if (!last || last.revision < value.revision) plans.set(value.shipmentId, value)
  }
  const outgoing = tables.rows(PICKING).filter(row => outgoingTypes.includes(Number(row['picking_type_id'])))
  for (const row of outgoing)
    assert.deepEqual(found(plans.get(`odoo-lab-picking-${row.id}`)), wanted(tables, row), `picking ${row.id}`)
  const there = new Set(outgoing.map(({ id }) => `odoo-lab-picking-${id}`))
  for (const [shipmentId, { status }] of plans) assert.ok(there.has(shipmentId) || status === 'cancelled', shipmentId)
  const changes = driver.written(odooChanges)
  assert.equal(new Set(changes.map(({ eventId }) => eventId)).size, changes.length)
  const contents = changes.map(({ value }) => `${value.model}/${value.id}/${value.revision}`)
  assert.equal(new Set(contents).size, changes.length)
  assert.deepEqual(driver.written(deadLetters), [])
  return outgoing
}

export interface MortalPoll {
  kills: number
  polls: number
  /** Poll, and die on the way now and then. */
  once(mayDie?: boolean): Promise<void>
  /** End the one that lives. */
  die(): void
}
export interface MortalPollNeeds {
  readonly driver: { readonly disk: Disk }
  readonly client: OdooClient
  readonly random: Random
  readonly now: () => number
  readonly pageRows: number
  readonly sweepMs: number
  /** It dies after so many doings at the log at most. */
  readonly longestLife: number
}

/** A poller in the driver's log that dies at some doing, whose next goes on from what was committed. */
export function mortalPoll(needs: MortalPollNeeds): MortalPoll {
  const { driver, client, random, now, pageRows, sweepMs, longestLife } = needs
  let living: { log: MemoryLog; poll: OdooPoll; book: OdooBook } | undefined
  const born = async (mayDie: boolean) => {
    let left = mayDie ? random.whole(1, longestLife) : Infinity
    const log = new MemoryLog(driver.disk, doing => {
      if (--left <= 0) throw new Error(`killed at ${doing}`)
      return undefined
    })
    const poll = new OdooPoll({
      ...{ log, client, wire: localWire, pageRows, now, every: { sweepMs } },
      receivedAt: () => now() as Instant,
      metrics: { records: { inc: () => undefined } },
      gauges: { readUntil: { set: () => undefined }, firstReading: { set: () => undefined } },
      logger: { info: () => undefined, warn: () => undefined },
    })
    return { log, poll, book: await OdooBook.claim(log, client.database) }
  }
  const self: MortalPoll = {
    ...{ kills: 0, polls: 0 },
    die: () => {
      if (living) living.log.alive = false
      const task = driver.disk.tasks.get('poll-odoo')
      if (task) task.owner = undefined
      living = undefined
    },
    once: async (mayDie = true) => {
      try {
        living ??= await born(mayDie)
        await living.poll.once(living.book)
        self.polls++
      } catch (error) {
        // Odoo may be gone for a moment: it is asked again.
        if (error instanceof OdooAway) return
        assert.match(String(error), /killed at/)
        self.kills++
        self.die()
      }
    },
  }
  return self
}

/** What one would write first: all that was written after the last that was seen. */
export class NaiveCursor {
  readonly #client: OdooClient
  #cursor = '1970-01-01 00:00:00'
  /** How many commits of each picking there were when it was seen last. */
  readonly #seen = new Map<number, number>()

  constructor(client: OdooClient) {
    this.#client = client
  }

  /** `commits` says how many of each picking there are when it is asked. */
  async poll(commits: () => Promise<ReadonlyMap<number, number>> | ReadonlyMap<number, number>): Promise<void> {
    const body = {
      domain: [['write_date', '>', this.#cursor]],
      specification: { write_date: {} },
      order: 'write_date, id',
      context: { active_test: false },
    }
    const { records } = await this.#client.call<{ records: { id: number; write_date: string }[] }>(
      PICKING,
      'web_search_read',
      body,
    )
    // Asked afterwards: what was committed in between counts as seen, in favour of the cursor.
    const now = records.length > 0 ? await commits() : new Map<number, number>()
    for (const { id, write_date } of records) {
      this.#seen.set(id, now.get(id) ?? 0)
      if (write_date > this.#cursor) this.#cursor = write_date
    }
  }

  /** What it never saw of the pickings that are still there. */
  lost(commits: ReadonlyMap<number, number>, isThere: (id: number) => boolean): { changes: number; stale: number } {
    const missed = [...commits].filter(([id]) => isThere(id)).map(([id, n]) => n - (this.#seen.get(id) ?? 0))
    return { changes: missed.reduce((sum, n) => sum + n, 0), stale: missed.filter(n => n > 0).length }
  }
}
