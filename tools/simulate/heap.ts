/** What comes next: a binary heap by a number; of equal ones the first pushed comes first. */
export class Heap<T> {
  readonly #rankOf: (item: T) => number
  readonly #items: { readonly rank: number; readonly turn: number; readonly item: T }[] = []
  #turns = 0

  constructor(rankOf: (item: T) => number) {
    this.#rankOf = rankOf
  }
  get size(): number {
    return this.#items.length
  }
  peek(): T | undefined {
    return this.#items[0]?.item
  }

  push(item: T): void {
    const items = this.#items
    const entry = { rank: this.#rankOf(item), turn: this.#turns++, item }
    let at = items.length
    items.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = items[above]
      if (!other || !before(entry, other)) break
      items[at] = other
      at = above
    }
    items[at] = entry
  }

  pop(): T | undefined {
    const items = this.#items
    const [first] = items
    const entry = items.pop()
    if (!first || !entry || items.length === 0) return first?.item
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const [a, b] = [items[left], items[left + 1]]
      if (!a) break
      const [next, below] = b && before(b, a) ? [b, left + 1] : [a, left]
      if (!before(next, entry)) break
      items[at] = next
      at = below
    }
    items[at] = entry
    return first.item
  }
}

const before = (a: { rank: number; turn: number }, b: { rank: number; turn: number }): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.turn < b.turn)
