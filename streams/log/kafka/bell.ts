/** Wakes all who wait at the moment. */
export class Bell {
  #rung = Promise.withResolvers<undefined>()

  ring(): void {
    this.#rung.resolve(undefined)
    this.#rung = Promise.withResolvers()
  }

  /** Until it rings, or so long. */
  async wait(ms: number): Promise<void> {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, ms, undefined)
    await Promise.race([this.#rung.promise, late.promise])
    clearTimeout(timer)
  }
}
