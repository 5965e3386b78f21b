/**
 * The stand-in's database: rows in memory, and transactions as PostgreSQL has them for Odoo. What a transaction writes bears the
 * time at which it began, and is seen by others once it commits; who writes what another has committed meanwhile fails.
 */
import { FIELDS } from './fields.ts'
import { missing, serializationFailure } from './errors.ts'
import type { Keeper, Kept as Saved } from './keeper.ts'

export interface Row {
  readonly id: number
  readonly [field: string]: unknown
}
interface Kept {
  readonly row: Row | null
  /** Number of the commit that wrote it. */
  readonly commit: number
}
export type Vals = Readonly<Record<string, unknown>>

export class OdooStore {
  /** Milliseconds since the epoch; Odoo keeps microseconds and tells seconds. */
  readonly now: () => number
  readonly #tables = new Map(Object.keys(FIELDS).map(model => [model, new Map<number, Kept>()]))
  readonly #ids = new Map<string, number>()
  /** By external id: what `load` asks for with each of its rows. */
  readonly #named = new Map<string, number>()
  readonly #keeper: Keeper | undefined
  #commits = 0

  constructor(now: () => number = Date.now, keeper?: Keeper) {
    this.now = now
    this.#keeper = keeper
    for (const { model, id, row } of keeper?.load() ?? []) {
      this.#put(model, id, row, 0)
      this.#ids.set(model, id)
    }
  }

  get commits(): number {
    return this.#commits
  }
  /** What is committed of a model, in the order of ids. */
  rows(model: string): Row[] {
    return [...(this.#tables.get(model)?.values() ?? [])].flatMap(({ row }) => row ?? []).sort((a, b) => a.id - b.id)
  }
  row(model: string, id: number): Row | undefined {
    return this.#tables.get(model)?.get(id)?.row ?? undefined
  }
  /** The row of ir.model.data that has this name. */
  named(module: string, name: string): Row | undefined {
    const id = this.#named.get(`${module}.${name}`)
    return id === undefined ? undefined : this.row('ir.model.data', id)
  }
  begin(): Transaction {
    return new Transaction(this)
  }
  /** Do it in a transaction of its own; on a serialization failure again, as Odoo does. */
  do<T>(work: (tx: Transaction) => T): T {
    for (let left = 5; ; left--) {
      const tx = this.begin()
      try {
        const result = work(tx)
        tx.commit()
        return result
      } catch (error) {
        if (left === 1 || !(error instanceof Conflict)) throw error
      }
    }
  }

  /** A sequence is no part of a transaction: ids may be left out. */
  nextId(model: string): number {
    const id = (this.#ids.get(model) ?? 0) + 1
    this.#ids.set(model, id)
    return id
  }
  commitOf(model: string, id: number): number {
    return this.#tables.get(model)?.get(id)?.commit ?? 0
  }
  apply(written: ReadonlyMap<string, ReadonlyMap<number, Row | null>>): void {
    const now = ++this.#commits
    const saved: Saved[] = []
    const put = (model: string, id: number, row: Row | null, commit: number) => {
      this.#put(model, id, row, commit)
      saved.push({ model, id, row })
    }
    for (const [model, rows] of written)
      for (const [id, row] of rows) {
        put(model, id, row, now)
        if (row === null) for (const loose of this.#pointingTo(model, id)) put(...loose)
      }
    this.#keeper?.save(saved)
  }
  #put(model: string, id: number, row: Row | null, commit: number): void {
    this.#tables.get(model)?.set(id, { row, commit })
    if (model === 'ir.model.data' && row) this.#named.set(`${String(row['module'])}.${String(row['name'])}`, id)
  }
  /** ON DELETE SET NULL: what pointed to it, and points nowhere now. No write_date moves. */
  *#pointingTo(relation: string, id: number): Generator<[model: string, at: number, row: Row, commit: number]> {
    for (const [model, fields] of Object.entries(FIELDS))
      for (const [name, field] of Object.entries(fields))
        if (field.relation === relation && field.related === undefined)
          for (const [at, { row, commit }] of this.#tables.get(model) ?? [])
            if (row?.[name] === id) yield [model, at, { ...row, [name]: false }, commit]
  }
}

class Conflict extends Error {
  readonly answer = serializationFailure()
}
export const asAnswer = (error: unknown): unknown => (error instanceof Conflict ? error.answer : error)

export class Transaction {
  readonly startedAt: number
  readonly #store: OdooStore
  readonly #since: number
  readonly #written = new Map<string, Map<number, Row | null>>()

  constructor(store: OdooStore) {
    this.#store = store
    this.startedAt = store.now()
    this.#since = store.commits
  }

  read(model: string, id: number): Row | undefined {
    const own = this.#written.get(model)?.get(id)
    return own === undefined ? this.#store.row(model, id) : (own ?? undefined)
  }
  create(model: string, vals: Vals): number {
    const id = this.#store.nextId(model)
    const empty = Object.fromEntries(Object.keys(FIELDS[model] ?? {}).map(name => [name, false]))
    const active = 'active' in (FIELDS[model] ?? {}) ? { active: true } : {}
    this.#put(model, { ...empty, ...active, ...vals, id, create_date: this.startedAt, write_date: this.startedAt })
    return id
  }
  /** Throws where there is no such record. */
  write(model: string, ids: readonly number[], vals: Vals): void {
    for (const id of ids) {
      const row = this.read(model, id)
      if (!row) throw missing(model, id)
      this.#put(model, { ...row, ...vals, id, write_date: this.startedAt })
    }
  }
  unlink(model: string, ids: readonly number[]): void {
    for (const id of ids) {
      if (!this.read(model, id)) throw missing(model, id)
      this.#of(model).set(id, null)
    }
  }
  /** The ids of a model that it wrote. */
  wrote(model: string): number[] {
    return [...(this.#written.get(model)?.keys() ?? [])]
  }
  /** Throws if another has committed one of these records since this one began. */
  commit(): void {
    for (const [model, rows] of this.#written)
      for (const id of rows.keys()) if (this.#store.commitOf(model, id) > this.#since) throw new Conflict()
    if (this.#written.size > 0) this.#store.apply(this.#written)
  }

  #put(model: string, row: Row): void {
    this.#of(model).set(row.id, row)
  }
  #of(model: string): Map<number, Row | null> {
    const rows = this.#written.get(model) ?? new Map<number, Row | null>()
    this.#written.set(model, rows)
    return rows
  }
}
