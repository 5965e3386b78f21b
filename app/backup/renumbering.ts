/** Offsets of a partition that may leave some out, and begin anywhere, as those of a copy that counts its records from 0. */
export class Renumbering {
  readonly #wanted: readonly number[]
  readonly #becomes = new Map<number, number>()
  #next = 0
  #copied = 0

  /** `wanted` are the offsets that will be asked for: of the next record that somebody reads. */
  constructor(wanted: Iterable<number>) {
    this.#wanted = [...new Set(wanted)].sort((a, b) => a - b)
  }

  /** The record of this offset has been copied; they come in their order. */
  pass(offset: number): void {
    for (let wanted = this.#wanted[this.#next]; wanted !== undefined && wanted <= offset;) {
      this.#becomes.set(wanted, this.#copied)
      wanted = this.#wanted[++this.#next]
    }
    this.#copied++
  }

  /** Where in the copy one of the wanted lies, once all has been copied: after the last, if none came behind it. */
  of(offset: number): number {
    return this.#becomes.get(offset) ?? this.#copied
  }
}
