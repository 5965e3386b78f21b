import type { Event } from './event.ts'
import { type Instant, type Millis, NEVER_YET } from './time.ts'
import type { Codec } from './topic.ts'

/** One kind of thing that a processor keeps of a key. All rows of its plain lists are in memory while a key is. */
export interface PlainList<V> {
  readonly name: string
  readonly codec: Codec<V>
}
/** A list with many rows: stored in blocks that span `blockMs` of time each, read when a rule looks there. */
export interface DenseList<V> {
  readonly name: string
  readonly blockMs: Millis
  readonly blocks: Codec<readonly Place<V>[]>
}
export type List<V> = PlainList<V> | DenseList<V>
/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a processor keeps lists of many kinds */
export type AnyList = List<any>

export interface Place<V> {
  readonly at: Instant
  readonly id: string
  readonly value: V
}
export interface Row<V = unknown> extends Place<V> {
  readonly list: List<V>
}

/** What was heard, in the order in which it occurred. Of several versions of one fact the last row is the one that holds. */
export const heard = <V>(list: List<V>, { occurredAt, eventId, value }: Event<V>): Row<V> => ({
  list,
  at: occurredAt,
  id: eventId,
  value,
})

/** What a single writer last said of a fact. Its next word takes the place of this one. */
export const known = <V>(list: List<V>, identity: string, value: V): Row<V> => ({
  list,
  at: NEVER_YET,
  id: identity,
  value,
})

export type At = Pick<Row, 'at' | 'id'>
export const inOrder = (a: At, b: At): number => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** Where a list's rows lie: a plain list is one block. */
export const blockOf = (list: AnyList, at: Instant): number =>
  'blockMs' in list ? Math.floor(at / list.blockMs) * list.blockMs : 0

/** What lies beneath the evidence of one key: its blocks of rows, each in order. */
export interface Blocks {
  rows(list: AnyList, block: number): readonly Row[]
  /** The nearest block with rows before (-1) or after (+1) this one, if any. */
  next(list: AnyList, block: number, direction: -1 | 1): number | undefined
}

const NOTHING: readonly Row[] = []

/** Everything kept of one key: ordered rows, read by range and by neighbour. A value: `with` makes the next one. */
export class Evidence {
  readonly #base: Blocks
  readonly #put: readonly Row[]
  readonly #removed: readonly Row[]

  constructor(base: Blocks, put: readonly Row[] = NOTHING, removed: readonly Row[] = NOTHING) {
    this.#base = base
    this.#put = put
    this.#removed = removed
  }

  all<V>(list: List<V>): readonly V[] {
    return this.between(list, Number.NEGATIVE_INFINITY as Instant, Number.POSITIVE_INFINITY as Instant).map(
      r => r.value,
    )
  }
  /** The last row of a list. */
  last<V>(list: List<V>): Row<V> | undefined {
    for (const row of this.backward(list)) return row
    return undefined
  }
  /** The row at this place, if there is one. */
  get<V>(list: List<V>, id: string, at: Instant = NEVER_YET): Row<V> | undefined {
    const rows = this.#rows(list, blockOf(list, at)) as readonly Row<V>[]
    const row = rows[rank(rows, { at, id })]
    return row?.at === at && row.id === id ? row : undefined
  }
  has(row: Row): boolean {
    return this.get(row.list, row.id, row.at) !== undefined
  }
  /** The rows with from ≤ at < until. */
  between<V>(list: List<V>, from: Instant, until: Instant): readonly Row<V>[] {
    const found: Row<V>[] = []
    for (const row of this.forward(list, { at: from, id: '' }, true)) {
      if (row.at >= until) break
      found.push(row)
    }
    return found
  }
  /** The rows after a place (or from it on), in order. */
  *forward<V>(list: List<V>, from: At, inclusive = false): Generator<Row<V>> {
    let block: number | undefined = Number.isFinite(from.at) ? blockOf(list, from.at) : this.#next(list, from.at, 1)
    while (block !== undefined) {
      const rows = this.#rows(list, block) as readonly Row<V>[]
      for (let i = rank(rows, from); i < rows.length; i++) {
        const row = rows[i]
        if (row && (inclusive || inOrder(row, from) > 0)) yield row
      }
      block = this.#next(list, block, 1)
    }
  }
  /** The rows before a place, the nearest first; without a place all, the last first. */
  *backward<V>(list: List<V>, from: At = { at: Number.POSITIVE_INFINITY as Instant, id: '' }): Generator<Row<V>> {
    let block: number | undefined = Number.isFinite(from.at) ? blockOf(list, from.at) : this.#next(list, from.at, -1)
    while (block !== undefined) {
      const rows = this.#rows(list, block) as readonly Row<V>[]
      for (let i = rank(rows, from) - 1; i >= 0; i--) {
        const row = rows[i]
        if (row) yield row
      }
      block = this.#next(list, block, -1)
    }
  }

  with(put: readonly Row[], remove: readonly Row[] = NOTHING): Evidence {
    const same = (a: Row) => (b: Row) => a.list.name === b.list.name && inOrder(a, b) === 0
    return new Evidence(
      this.#base,
      [...this.#put.filter(row => ![...put, ...remove].some(same(row))), ...put],
      [...this.#removed, ...remove],
    )
  }

  #rows(list: AnyList, block: number): readonly Row[] {
    const base = this.#base.rows(list, block)
    if (this.#put.length + this.#removed.length === 0) return base
    const here = (row: Row) => row.list.name === list.name && blockOf(list, row.at) === block
    let rows: Row[] | undefined
    for (const row of this.#removed) if (here(row)) remove((rows ??= [...base]), row)
    for (const row of this.#put) if (here(row)) insert((rows ??= [...base]), row)
    return rows ?? base
  }

  #next(list: AnyList, block: number, direction: -1 | 1): number | undefined {
    let nearest = this.#base.next(list, block, direction)
    for (const row of this.#put) {
      if (row.list.name !== list.name) continue
      const candidate = blockOf(list, row.at)
      if ((candidate - block) * direction <= 0) continue
      if (nearest === undefined || (candidate - nearest) * direction < 0) nearest = candidate
    }
    return nearest
  }
}

/** How many rows come before this place, by halving. */
export function rank(rows: readonly At[], place: At): number {
  const last = rows.at(-1)
  if (last === undefined || inOrder(last, place) < 0) return rows.length
  let [low, high] = [0, rows.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    const row = rows[middle]
    if (row && inOrder(row, place) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Put a row where it belongs, in the place of one that lies there. */
export function insert(rows: Row[], row: Row): void {
  const here = rank(rows, row)
  const there = rows[here]
  if (there && inOrder(there, row) === 0) rows[here] = row
  else if (here === rows.length) rows.push(row)
  else rows.splice(here, 0, row)
}

export function remove(rows: Row[], row: At): void {
  const here = rank(rows, row)
  const there = rows[here]
  if (there && inOrder(there, row) === 0) rows.splice(here, 1)
}
