/**
 * When a picking’s goods arrive: at the next stop, the one of the stops ahead that is reached first. Odoo is told what
 * people would notice: another stop, or a time that moved by five minutes.
 */
import type { ShipmentEta } from '../../schemas/generated/events.ts'
import { shipmentEtas } from '../../schemas/topics.ts'
import type { Sink } from '../../streams/sink.ts'
import { type Instant, minutes } from '../../streams/time.ts'
import type { OdooGate } from './gate.ts'
import { type Part, shipmentSink } from './shipment-sink.ts'
import type { Links } from './shipments.ts'
import { odooTime } from './words.ts'

export const NOTICED_MS = minutes(5)

interface Ahead {
  readonly p10: Instant
  readonly p50: Instant
  readonly p90: Instant
  readonly asOf: Instant
}

const part: Part<ShipmentEta, Ahead> = {
  name: 'odoo/etas',
  reads: shipmentEtas,
  field: 'x_etas',
  counts: () => true,
  about: ({ stopId }) => stopId,
  factOf: ({ p10, p50, p90, occurredAt: asOf }) => ({ p10, p50, p90, asOf }),
  isNoticed: ({ facts, written }) =>
    facts.size !== written.size ||
    [...facts].some(([stopId, { p50 }]) => {
      const before = written.get(stopId)
      return !before || Math.abs(p50 - before.p50) >= NOTICED_MS
    }),
  valuesOf(facts) {
    const [next] = [...facts].sort(([a, x], [b, y]) => x.p50 - y.p50 || (a < b ? -1 : 1))
    return {
      x_next_stop: next?.[0] ?? '',
      x_eta_p10: odooTime(next?.[1].p10 ?? null),
      x_eta_p50: odooTime(next?.[1].p50 ?? null),
      x_eta_p90: odooTime(next?.[1].p90 ?? null),
      x_eta_as_of: odooTime(next?.[1].asOf ?? null),
    }
  },
}

export const etasSink = (gate: OdooGate, links: Links): Sink<ShipmentEta> => shipmentSink(part, gate, links)
