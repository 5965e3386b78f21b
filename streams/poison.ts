/** A processor that fails on more than this part of its last records has a bug, not bad input. */
const RATIO = 0.1
const WINDOW = 500

/** Too much of what a processor reads ends as dead letters: it stops rather than empty its input. */
export class Poisoned extends Error {
  override readonly name = 'Poisoned'
}

/** How much of what a task reads ends as dead letters. */
export class PoisonGauge {
  readonly #task: string
  #heard = 0
  #dead = 0

  constructor(task: string) {
    this.#task = task
  }

  /** So many records were read, so many of them are dead letters. Throws `Poisoned`. */
  count(heard: number, deadLetters: number): void {
    this.#heard += heard
    this.#dead += deadLetters
    if (this.#heard < WINDOW) return
    const [all, dead] = [this.#heard, this.#dead]
    this.#heard = this.#dead = 0
    if (dead > all * RATIO)
      throw new Poisoned(
        `${this.#task}: ${dead} of the last ${all} records could not be handled; see: milepost dead-letters list`,
      )
  }
}
