/** Chance that can be had again: the same seed gives the same numbers (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e_37_79_b1) | 1
    for (let i = 0; i < 8; i++) this.next()
  }
  /** 0 ≤ x < 1 */
  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x >>> 0) / 2 ** 32
  }
  /** 0 ≤ n < limit */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }
  chance(p: number): boolean {
    return this.next() < p
  }
  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)]
    if (one === undefined) throw new RangeError('nothing to pick from')
    return one
  }
}
