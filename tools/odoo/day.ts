/** A day at the stand-in: three people at work at once, some of whose transactions take minutes, and all that they do to pickings. */
import type { Random } from '../feeder/random.ts'
import type { OdooStore, Transaction } from './store.ts'
import { asAnswer } from './store.ts'
import { OdooError } from './errors.ts'
import { confirm, validate, validatePart, type World } from './world.ts'

const PICKING = 'stock.picking'
const WRITERS = 3
const LONGEST_S = 140

interface Work {
  readonly startedAt: number
  readonly tx: Transaction
  readonly until: number
  readonly acts: readonly Act[]
}
/** May be done again, where a transaction has failed. */
type Act = (tx: Transaction) => void

export interface Day {
  /** Let it be so late: whatever ends until then is committed, and what can begin begins. */
  until(at: number): void
  /** No new work. */
  end(): void
  readonly counts: Readonly<Record<string, number>>
  /** Commits of a picking, by its id. */
  readonly commits: ReadonlyMap<number, number>
}

/** What people do, as often as they do it, here and at a real Odoo. */
const OFTEN = [
  ...Array.from({ length: 9 }, () => 'confirm' as const),
  ...(['assign', 'assign', 'assign', 'assign', 'delay', 'delay', 'note', 'note', 'track', 'load', 'ship'] as const),
  ...(['ship', 'part', 'cancel', 'delete', 'swap', 'internal'] as const),
]
const SELDOM = ['move', 'replate'] as const
export type ActName = (typeof OFTEN)[number] | (typeof SELDOM)[number]
export function nextAct(random: Random): ActName {
  const from = random.next() < 0.02 ? SELDOM : OFTEN
  return from[Math.floor(random.next() * from.length)] ?? 'confirm'
}

/** `clock.at` is what the store takes for the time. */
export function day(store: OdooStore, world: World, random: Random, clock: { at: number }, pickings: number): Day {
  const counts: Record<string, number> = {}
  const commits = new Map<number, number>()
  const writers: (Work | undefined)[] = Array.from({ length: WRITERS }, () => undefined)
  let open = true
  let made = 0

  const did = (what: string) => (counts[what] = (counts[what] ?? 0) + 1)
  const one = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)] as T

  const some = (states: readonly string[]): number | undefined => {
    const rows = store.rows(PICKING).filter(({ state }) => states.includes(String(state)))
    return rows.length > 0 ? one(rows).id : undefined
  }
  const write = (
    what: string,
    states: readonly string[],
    vals: (id: number) => Record<string, unknown>,
  ): Act | undefined => {
    const id = some(states)
    if (id === undefined) return undefined
    const written = vals(id)
    return tx => {
      if (!tx.read(PICKING, id)) return
      tx.write(PICKING, [id], written)
      did(what)
    }
  }

  const acts: Readonly<Record<ActName, () => Act | undefined>> = {
    confirm: () => {
      if (made >= pickings) return undefined
      made++
      const at = clock.at + (2 + random.next() * 40) * 3_600_000
      const wanted = { type: one(world.outgoing), partner: one(world.customers), at }
      return tx => {
        confirm(tx, wanted)
        did('confirmed')
      }
    },
    internal: () => tx => {
      confirm(tx, { type: world.internal, partner: one(world.customers), at: clock.at })
      did('internal')
    },
    assign: () => write('assigned', ['confirmed'], () => ({ state: 'assigned', carrier_id: one(world.carriers) })),
    delay: () =>
      write('delayed', ['confirmed', 'assigned'], id => ({
        scheduled_date: Number(store.row(PICKING, id)?.['scheduled_date']) + 3_600_000,
      })),
    note: () => write('noted', ['confirmed', 'assigned', 'done'], () => ({ note: String(random.next()) })),
    track: () =>
      write('tracked', ['assigned', 'done'], id => ({ carrier_tracking_ref: `T${id}-${clock.at % 100_000}` })),
    cancel: () => write('cancelled', ['confirmed', 'assigned'], () => ({ state: 'cancel' })),
    load: () => {
      const ids = Array.from({ length: 4 }, () => some(['assigned'])).filter(id => id !== undefined)
      const vehicle_id = one(world.vehicles)
      return tx => {
        const batch_id = tx.create('stock.picking.batch', { name: 'BATCH', state: 'in_progress', vehicle_id })
        for (const id of ids) if (tx.read(PICKING, id)) tx.write(PICKING, [id], { batch_id })
        did('loaded')
      }
    },
    swap: () => {
      const batches = store.rows('stock.picking.batch')
      if (batches.length === 0) return undefined
      const [batch, vehicle_id] = [one(batches).id, one(world.vehicles)]
      return tx => {
        tx.write('stock.picking.batch', [batch], { vehicle_id })
        did('vehicles swapped')
      }
    },
    ship: () => {
      const id = some(['assigned'])
      return id === undefined
        ? undefined
        : tx => {
            if (tx.read(PICKING, id)?.['state'] !== 'assigned') return
            validate(tx, id)
            did('shipped')
          }
    },
    part: () => {
      const id = some(['assigned'])
      return id === undefined
        ? undefined
        : tx => {
            if (tx.read(PICKING, id)?.['state'] !== 'assigned') return
            validatePart(tx, id)
            did('shipped in part')
          }
    },
    delete: () => {
      const id = some(['cancel', 'confirmed'])
      return id === undefined
        ? undefined
        : tx => {
            if (!tx.read(PICKING, id)) return
            tx.unlink(PICKING, [id])
            did('deleted')
          }
    },
    move: () => {
      const id = one(world.customers)
      const vals = { partner_latitude: 48 + random.next() * 5, partner_longitude: 3 + random.next() * 6, city: 'Moved' }
      return tx => {
        tx.write('res.partner', [id], vals)
        did('addresses moved')
      }
    },
    replate: () => {
      const id = one(world.vehicles)
      const license_plate = `${Math.floor(random.next() * 90) + 10}-NEW-${Math.floor(random.next() * 9)}`
      return tx => {
        tx.write('fleet.vehicle', [id], { license_plate })
        did('plates changed')
      }
    },
  }
  function begin(work: readonly Act[], until: number): Work {
    const tx = store.begin()
    for (const act of work) act(tx)
    return { startedAt: clock.at, tx, until, acts: work }
  }
  function finish(work: Work, at: number): Work | undefined {
    try {
      work.tx.commit()
      for (const id of work.tx.wrote(PICKING)) commits.set(id, (commits.get(id) ?? 0) + 1)
      if (at - work.startedAt > 5_000) did('long transactions')
      return undefined
    } catch (error) {
      if (!(asAnswer(error) instanceof OdooError)) throw error
      // As Odoo does: again, in a transaction that begins now.
      did('serialization failures')
      return begin(work.acts, at + 50)
    }
  }
  const next = (): Work | undefined => {
    const work = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => acts[nextAct(random)]()).filter(
      act => act !== undefined,
    )
    if (work.length === 0) return undefined
    const takesS = random.next() < 0.06 ? 10 + random.next() * (LONGEST_S - 10) : 0.05 + random.next()
    return begin(work, clock.at + takesS * 1_000)
  }

  return {
    counts,
    commits,
    end: () => (open = false),
    until(at) {
      while (clock.at < at) {
        clock.at = Math.min(at, clock.at + 250)
        writers.forEach((work, n) => {
          if (work && work.until <= clock.at) writers[n] = finish(work, clock.at)
          else if (!work && open && random.next() < 0.03) writers[n] = next()
        })
      }
    },
  }
}
