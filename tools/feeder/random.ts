/** Chance with a seed: the same seed gives the same world on every machine. Never `Math.random`. */
export interface Random {
  /** 0 ≤ x < 1 */
  next(): number
  /** low ≤ x < high */
  between(low: number, high: number): number
  /** A whole number, low ≤ n ≤ high. */
  whole(low: number, high: number): number
  chance(probability: number): boolean
  /** Throws on an empty list. */
  pick<T>(from: readonly T[]): T
  shuffled<T>(items: Iterable<T>): T[]
  /** Chance of its own, so that more draws in one part of the world leave the others as they were. */
  fork(label: string): Random
}

export function random(seed: string): Random {
  let state = hash(seed)
  const next = () => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32
  }
  const self: Random = {
    next,
    between: (low, high) => low + next() * (high - low),
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: probability => next() < probability,
    pick: from => {
      if (from.length === 0) throw new RangeError('nothing to pick from')
      return from[Math.floor(next() * from.length)] as (typeof from)[number]
    },
    shuffled: items => {
      const drawn = Array.from(items, item => ({ item, rank: next() }))
      return drawn.sort((a, b) => a.rank - b.rank).map(({ item }) => item)
    },
    fork: label => random(`${seed}/${label}`),
  }
  return self
}

/**
 * A share of the items by seed: round(share × n), and at least one where the share is above 0. Small worlds
 * would otherwise often lack the rare things that they are made for.
 */
export function someOf<T>(rng: Random, items: readonly T[], share: number): T[] {
  const count = share <= 0 ? 0 : Math.min(items.length, Math.max(1, Math.round(share * items.length)))
  return rng.shuffled(items).slice(0, count)
}

function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  return h ^ (h >>> 15)
}
