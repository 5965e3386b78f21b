/**
 * What is known of shipments, of each a list of facts, and which of them Odoo has. What is not in memory is read from
 * Odoo: there it is kept, so that a restart forgets nothing that was written.
 */
import type { OdooGate } from './gate.ts'
import { readField } from './shipments.ts'

export interface Known<F> {
  /** By what a fact is about. */
  readonly facts: Map<string, F>
  /** As Odoo has them. */
  written: ReadonlyMap<string, F>
}

const MOST_REMEMBERED = 20_000

export class Remembered<F> {
  readonly #field: string
  readonly #most: number
  readonly #log: string
  /** The one that was used last comes last. */
  readonly #known = new Map<string, Known<F>>()

  /**
   * `field` of the shipment holds the facts as JSON; of more than `most` shipments nothing is remembered. What another log
   * said counts for nothing: this one would never take it back.
   */
  constructor(field: string, log: string, most = MOST_REMEMBERED) {
    this.#field = field
    this.#log = log
    this.#most = most
  }

  /** All of these are known then, until the next call. */
  async of(gate: OdooGate, shipmentIds: readonly string[]): Promise<ReadonlyMap<string, Known<F>>> {
    const unknown = shipmentIds.filter(id => !this.#known.has(id))
    const read = unknown.length > 0 ? await readField(gate, unknown, this.#field) : new Map<string, string>()
    for (const id of shipmentIds) {
      const known = this.#known.get(id) ?? this.#fresh(read.get(id))
      this.#known.delete(id)
      this.#known.set(id, known)
    }
    const wanted = new Map(shipmentIds.map(id => [id, this.#known.get(id) ?? this.#fresh(undefined)]))
    for (const id of this.#known.keys()) {
      if (this.#known.size <= this.#most) break
      this.#known.delete(id)
    }
    return wanted
  }

  /** What was folded in and not written is nowhere: ask Odoo again. */
  forget(): void {
    this.#known.clear()
  }

  /** As it goes into the field. */
  told(facts: ReadonlyMap<string, F>): string {
    return facts.size === 0 ? '' : JSON.stringify({ log: this.#log, facts: Object.fromEntries(facts) })
  }

  /** Somebody may have typed into it: then it is written anew. */
  #fresh(json: string | undefined): Known<F> {
    const { log, facts } = parsed(json) as { log?: string; facts?: Readonly<Record<string, F>> }
    const written = new Map(log === this.#log ? Object.entries(facts ?? {}) : [])
    return { facts: new Map(written), written }
  }
}

function parsed(json: string | undefined): object {
  try {
    const value: unknown = JSON.parse(json ?? '{}')
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
