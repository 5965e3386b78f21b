/**
 * What records there are, so that what was read here can be compared with what lies there: by the partition that a key
 * has in the one log and the one that it has in the other, their number and two checksums, one over them in their order
 * and one regardless of it. A key is in one partition of either, so the first proves the order of each key.
 */
import { crc32 } from 'node:zlib'
import type { Alarm, Recorded, StateChange } from '../../streams/log/log.ts'

/** How many, their checksum in order, and regardless of the order. */
type Pair = readonly [count: number, ordered: number, unordered: number]
/** As it is kept: by the old partition, then by the new one. */
export type Pairs = readonly (readonly Pair[])[]

/** Where in a record of the wire's format its content begins: before it stands the number of its schema, which differs between logs. */
const CONTENT = 5

export const checksumOf = ({ key, value, cause }: Pick<Recorded, 'key' | 'value' | 'cause'>): number =>
  crc32(value[0] === 0 ? value.subarray(CONTENT) : value, crc32(`${key}\u0000${cause ?? ''}`))

export class Tally {
  readonly #to: number
  readonly #counts: Float64Array
  readonly #ordered: Uint32Array
  readonly #unordered: Uint32Array

  /** Between logs of so many partitions; `pairs`: go on from there. */
  constructor(from: number, to: number, pairs?: Pairs) {
    this.#to = to
    this.#counts = new Float64Array(from * to)
    this.#ordered = new Uint32Array(from * to)
    this.#unordered = new Uint32Array(from * to)
    for (const [n, [count, ordered, unordered]] of (pairs?.flat() ?? []).entries()) {
      this.#counts[n] = count
      this.#ordered[n] = ordered
      this.#unordered[n] = unordered
    }
  }

  add(from: number, to: number, checksum: number): void {
    const n = from * this.#to + to
    this.#counts[n] = (this.#counts[n] ?? 0) + 1
    this.#ordered[n] = Math.imul((this.#ordered[n] ?? 0) ^ checksum, 0x9e_37_79_b1) + 1
    this.#unordered[n] = (this.#unordered[n] ?? 0) + checksum
  }

  pairs(): Pairs {
    const all = Array.from(this.#counts, (count, n): Pair => [count, this.#ordered[n] ?? 0, this.#unordered[n] ?? 0])
    return Array.from({ length: all.length / this.#to }, (_, from) => all.slice(from * this.#to, (from + 1) * this.#to))
  }
}

export const countOf = (pairs: Pairs): number => pairs.flat().reduce((sum, [count]) => sum + count, 0)

/** Where two differ, in words; nothing if they are equal. `anyOrder`: only in what there is. */
export function differencesOf(copied: Pairs, found: Pairs, anyOrder: boolean): string[] {
  return copied.flatMap((row, from) =>
    row.flatMap(([count, ordered, unordered], to) => {
      const [n, inOrder, sum] = found[from]?.[to] ?? [0, 0, 0]
      const where = `partition ${to}, of the former ${from}`
      if (n !== count) return [`${where}: ${count} were copied, ${n} are there`]
      if (sum !== unordered) return [`${where}: ${n} are there, but not those that were copied`]
      if (inOrder !== ordered && !anyOrder) return [`${where}: they are in another order`]
      return []
    }),
  )
}

/** What a task keeps, regardless of its order. */
export class StateTally {
  rows = 0
  alarms = 0
  #sum = 0

  addRow({ key, list, at, id, dense, bytes }: StateChange): void {
    this.rows++
    this.#add(crc32(bytes ?? '', crc32(JSON.stringify([key, list, at, id, dense]))))
  }
  addAlarm({ key, at }: Alarm): void {
    this.alarms++
    this.#add(crc32(JSON.stringify([key, at])))
  }
  equals(other: StateTally): boolean {
    return this.rows === other.rows && this.alarms === other.alarms && this.#sum === other.#sum
  }
  #add(checksum: number): void {
    this.#sum = (this.#sum + checksum) % 2 ** 48
  }
}
