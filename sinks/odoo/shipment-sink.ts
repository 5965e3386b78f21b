/**
 * A sink that fills a part of the record of a picking's transport: facts that hold, by what they are about, and of them
 * what people are to see.
 */
import { SHIPMENT_MODEL } from '../../odoo/names.ts'
import type { Event } from '../../streams/event.ts'
import type { Sink } from '../../streams/sink.ts'
import type { Topic } from '../../streams/topic.ts'
import type { OdooGate } from './gate.ts'
import { load, type Row } from './load.ts'
import { newest } from './newest.ts'
import { type Known, Remembered } from './remembered.ts'
import { type Links, pickingOf, shipmentRow } from './shipments.ts'

interface Said {
  readonly shipmentId: string
  readonly companyId: string | null
  readonly revision: number
  readonly retracted: boolean
}
export interface Part<V, F> {
  readonly name: string
  readonly reads: Topic<string, V>
  /** The field that holds the facts. */
  readonly field: string
  /** What is no fact for us is left out. */
  counts(value: V): boolean
  /** What a fact is about, within its shipment. */
  about(value: V): string
  factOf(value: V): F
  /** Whether people would notice. */
  isNoticed(known: Known<F>): boolean
  valuesOf(facts: ReadonlyMap<string, F>): Readonly<Record<string, string>>
}

export function shipmentSink<V extends Said, F>(part: Part<V, F>, gate: OdooGate, links: Links): Sink<V> {
  const { name, reads, field } = part
  const remembered = new Remembered<F>(field, links.log, links.mostRemembered)
  return {
    name,
    reads,
    async write({ events }) {
      const ours = byShipment(part, gate.database, events)
      const known = await remembered.of(gate, [...ours.keys()])
      const due: { readonly row: Row; readonly told: Known<F> }[] = []
      for (const [shipmentId, { picking, said }] of ours) {
        const told = known.get(shipmentId)
        const last = said.at(-1)
        if (!told || !last) continue
        for (const { value } of said)
          if (value.retracted) told.facts.delete(part.about(value))
          else told.facts.set(part.about(value), part.factOf(value))
        if (!part.isNoticed(told)) continue
        const about = { shipmentId, companyId: last.value.companyId, eventId: last.eventId }
        const values = { ...part.valuesOf(told.facts), [field]: remembered.told(told.facts) }
        due.push({ told, row: shipmentRow(picking, about, links, values) })
      }
      const rows = due.map(({ row }) => row)
      await load(gate, SHIPMENT_MODEL, rows, ['x_picking_id']).catch((error: unknown) => {
        remembered.forget()
        throw error
      })
      for (const { told } of due) told.written = new Map(told.facts)
    },
  }
}

/** What was said last of each fact about pickings of this database. */
function byShipment<V extends Said, F>(part: Part<V, F>, database: string, events: readonly Event<V>[]) {
  const ours = new Map<string, { readonly picking: string; readonly said: Event<V>[] }>()
  const counting = events.filter(({ value }) => part.counts(value))
  for (const event of newest(counting, value => `${value.shipmentId}/${part.about(value)}`).values()) {
    const { shipmentId } = event.value
    const picking = pickingOf(database, shipmentId)
    if (picking === undefined) continue
    const one = ours.get(shipmentId) ?? { picking, said: [] }
    one.said.push(event)
    ours.set(shipmentId, one)
  }
  return ours
}
