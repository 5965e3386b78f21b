export interface LatencySummary {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** How long answers took, milliseconds. Quantiles are over the last 10,000, the maximum over all. */
export class Latencies {
  readonly #last = new Float64Array(10_000)
  #count = 0
  #max = 0

  add(ms: number): void {
    this.#last[this.#count++ % this.#last.length] = ms
    this.#max = Math.max(this.#max, ms)
  }

  summary(): LatencySummary {
    const sorted = this.#last.slice(0, this.#count).sort()
    const quantile = (q: number) => Math.round((sorted[Math.floor(q * (sorted.length - 1))] ?? 0) * 100) / 100
    return { count: this.#count, p50: quantile(0.5), p99: quantile(0.99), max: Math.round(this.#max * 100) / 100 }
  }
}
