import type { StateReader } from './log/log.ts'
import type { AnyProcessor } from './processor.ts'
import { Shelf } from './shelf.ts'

/** The shelves of one task that are in memory: a bounded cache over its committed state. */
export class Shelves {
  readonly #processor: AnyProcessor
  readonly #state: StateReader
  readonly #mostRows: number
  /** The longest untouched first. */
  readonly #live = new Map<string, Shelf>()
  #rows = 0

  constructor(processor: AnyProcessor, state: StateReader, mostRows: number) {
    this.#processor = processor
    this.#state = state
    this.#mostRows = mostRows
  }

  of(key: string): Shelf {
    let shelf = this.#live.get(key)
    if (!shelf) {
      shelf = new Shelf(key, this.#processor, this.#state)
      this.#live.set(key, shelf)
    }
    return shelf
  }

  /** What was changed on these is committed. The longest untouched shelves go when there are too many rows in memory. */
  settle(touched: Iterable<Shelf>): void {
    for (const shelf of touched) {
      this.#rows -= shelf.counted
      shelf.settle()
      this.#rows += shelf.counted
      this.#live.delete(shelf.key)
      this.#live.set(shelf.key, shelf)
    }
    for (const [key, shelf] of this.#live) {
      if (this.#rows <= this.#mostRows) break
      this.#rows -= shelf.counted
      this.#live.delete(key)
    }
  }
}
