import { type AnyList, blockOf, type Blocks, insert, inOrder, remove, type Row } from './evidence.ts'
import type { StateChange, StateReader } from './log/log.ts'
import type { AnyProcessor } from './processor.ts'
import type { Instant } from './time.ts'

/** The list that a key's head is stored under. */
const HEAD = ''
const NOTHING: readonly Row[] = []
/** What a shelf takes without any rows, in rows. */
const OWN_WEIGHT = 10

/**
 * What is kept of one key, live: read from the committed state when first touched, changed in place by steps, and
 * asked for its changes when they are to be committed. After a failed commit it is thrown away.
 */
export class Shelf implements Blocks {
  readonly key: string
  head: unknown
  /** How many rows were in memory when it last settled. */
  counted = 0
  readonly #processor: AnyProcessor
  readonly #state: StateReader
  readonly #plain = new Map<string, Row[]>()
  readonly #dense = new Map<string, Map<number, Row[]>>()
  readonly #newest = new Map<string, number>()
  readonly #oldest = new Map<string, number>()
  #headChanged = false
  // Made when needed: many thousand shelves lie in memory, and few have changes.
  #changedRows: Map<string, Row> | undefined
  #changedBlocks: Map<AnyList, Set<number>> | undefined

  constructor(key: string, processor: AnyProcessor, state: StateReader) {
    this.key = key
    this.#processor = processor
    this.#state = state
    const lists = new Map(processor.keeps.map(list => [list.name, list]))
    for (const { list: name, at, id, bytes } of state.load(key)) {
      const list = lists.get(name)
      if (name === HEAD) this.head = processor.head.decode(bytes) as unknown
      else if (list && 'codec' in list)
        this.#plainOf(name).push({ list, at: at as Instant, id, value: list.codec.decode(bytes) })
    }
    for (const rows of this.#plain.values()) rows.sort(inOrder)
  }

  rows(list: AnyList, block: number): readonly Row[] {
    return 'blockMs' in list ? this.#block(list, block) : (this.#plain.get(list.name) ?? NOTHING)
  }

  next(list: AnyList, block: number, direction: -1 | 1): number | undefined {
    if (!('blockMs' in list)) return (0 - block) * direction > 0 && this.#plain.get(list.name)?.length ? 0 : undefined
    // Most reads look past the newest row: that needs no look into the store.
    if (direction > 0 && block >= this.#newestBlock(list)) return undefined
    if (direction > 0 && block < this.#oldestBlock(list)) return this.#oldestBlock(list)
    const newest = this.#newestBlock(list)
    if (direction < 0 && block > newest && Number.isFinite(newest) && this.#block(list, newest).length > 0)
      return newest
    const nearer = (a: number | undefined, b: number) => (a === undefined || (b - a) * direction < 0 ? b : a)
    let nearest: number | undefined
    const loaded = this.#dense.get(list.name)
    for (const [start, rows] of loaded ?? [])
      if (rows.length > 0 && (start - block) * direction > 0) nearest = nearer(nearest, start)
    let stored = this.#stored(list, block, direction)
    while (stored !== undefined && loaded?.get(stored)?.length === 0) stored = this.#stored(list, stored, direction)
    return stored === undefined ? nearest : nearer(nearest, stored)
  }

  setHead(head: unknown): void {
    this.head = head
    this.#headChanged = true
  }

  put(row: Row): void {
    const block = this.#touch(row)
    insert(block, row)
  }

  remove(row: Row): void {
    const block = this.#touch(row)
    remove(block, row)
    // It may have been the first block's last row.
    if (block.length === 0) this.#oldest.delete(row.list.name)
  }

  changes(): StateChange[] {
    const { key } = this
    const changes: StateChange[] = []
    if (this.#headChanged)
      changes.push({ key, list: HEAD, at: 0, id: '', dense: false, bytes: this.#processor.head.encode(this.head) })
    for (const { list, at, id } of this.#changedRows?.values() ?? []) {
      const row = this.#plain.get(list.name)?.find(r => r.at === at && r.id === id)
      const bytes = row && 'codec' in list ? list.codec.encode(row.value) : null
      changes.push({ key, list: list.name, at, id, dense: false, bytes })
    }
    for (const [list, blocks] of this.#changedBlocks ?? [])
      for (const block of blocks) {
        const rows = this.#dense.get(list.name)?.get(block) ?? []
        const bytes = rows.length > 0 && 'blockMs' in list ? list.blocks.encode(rows) : null
        changes.push({ key, list: list.name, at: block, id: '', dense: true, bytes })
      }
    return changes
  }

  /** What changed has been committed. Of dense lists only the newest block stays in memory. */
  settle(): void {
    this.#headChanged = false
    this.#changedRows = undefined
    this.#changedBlocks = undefined
    this.counted = OWN_WEIGHT
    for (const rows of this.#plain.values()) this.counted += rows.length
    for (const blocks of this.#dense.values()) {
      if (blocks.size > 1) {
        const newest = Math.max(...blocks.keys())
        for (const block of blocks.keys()) if (block !== newest) blocks.delete(block)
      }
      for (const rows of blocks.values()) this.counted += rows.length
    }
  }

  #touch(row: Row): Row[] {
    const { list, at, id } = row
    if (!('blockMs' in list)) {
      this.#changedRows ??= new Map<string, Row>()
      this.#changedRows.set(`${list.name} ${at} ${id}`, row)
      return this.#plainOf(list.name)
    }
    const block = blockOf(list, at)
    if (block > this.#newestBlock(list)) this.#newest.set(list.name, block)
    const oldest = this.#oldest.get(list.name)
    if (oldest !== undefined && block < oldest) this.#oldest.set(list.name, block)
    this.#changedBlocks ??= new Map<AnyList, Set<number>>()
    const changed = this.#changedBlocks.get(list)
    if (changed) changed.add(block)
    else this.#changedBlocks.set(list, new Set([block]))
    return this.#block(list, block)
  }

  /** No block of a dense list starts later than this. */
  #newestBlock(list: AnyList): number {
    let newest = this.#newest.get(list.name)
    if (newest === undefined) {
      newest = this.#stored(list, Number.POSITIVE_INFINITY, -1) ?? Number.NEGATIVE_INFINITY
      this.#newest.set(list.name, newest)
    }
    return newest
  }

  /** The first block of a dense list that has rows; Infinity: there is none. */
  #oldestBlock(list: AnyList): number {
    let oldest = this.#oldest.get(list.name)
    if (oldest === undefined) {
      this.#oldest.set(list.name, Number.NEGATIVE_INFINITY)
      oldest = this.next(list, Number.NEGATIVE_INFINITY, 1) ?? Number.POSITIVE_INFINITY
      this.#oldest.set(list.name, oldest)
    }
    return oldest
  }

  #plainOf(name: string): Row[] {
    const rows = this.#plain.get(name)
    if (rows) return rows
    const fresh: Row[] = []
    this.#plain.set(name, fresh)
    return fresh
  }

  /** The nearest block in the store; whoever asks for it reads it next. */
  #stored(list: AnyList, block: number, direction: -1 | 1): number | undefined {
    const found = this.#state.nextBlock(this.key, list.name, block, direction)
    if (found) this.#load(list, found.start, found.bytes)
    return found?.start
  }

  #block(list: AnyList, block: number): Row[] {
    return (
      this.#dense.get(list.name)?.get(block) ?? this.#load(list, block, this.#state.block(this.key, list.name, block))
    )
  }

  /** What is in memory already stays: it may have changed. */
  #load(list: AnyList, block: number, bytes: Uint8Array | undefined): Row[] {
    let blocks = this.#dense.get(list.name)
    if (!blocks) this.#dense.set(list.name, (blocks = new Map<number, Row[]>()))
    let rows = blocks.get(block)
    if (rows) return rows
    rows = bytes && 'blockMs' in list ? list.blocks.decode(bytes).map(place => ({ list, ...place })) : []
    blocks.set(block, rows)
    return rows
  }
}
