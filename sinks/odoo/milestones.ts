/** How far a picking’s goods have come: of the milestones that hold, the latest. */
import { words } from '../../odoo/module/fields.ts'
import type { ShipmentMilestone } from '../../schemas/generated/events.ts'
import { shipmentMilestones } from '../../schemas/topics.ts'
import type { Sink } from '../../streams/sink.ts'
import type { Instant } from '../../streams/time.ts'
import type { OdooGate } from './gate.ts'
import { type Part, shipmentSink } from './shipment-sink.ts'
import type { Links } from './shipments.ts'
import { claimantOf, odooTime } from './words.ts'

interface Reached {
  readonly code: string
  readonly stop: string | null
  readonly at: Instant
  readonly by: string
}

const part: Part<ShipmentMilestone, Reached> = {
  name: 'odoo/milestones',
  reads: shipmentMilestones,
  field: 'x_milestones',
  counts: ({ classifier }) => classifier === 'actual',
  about: ({ code, stopId }) => `${code}/${stopId ?? ''}`,
  factOf: ({ code, stopId: stop, occurredAt: at, claimedBy: by }) => ({ code, stop, at, by }),
  isNoticed: ({ facts, written }) =>
    facts.size !== written.size ||
    [...facts].some(([id, { at, by }]) => at !== written.get(id)?.at || by !== written.get(id)?.by),
  valuesOf(facts) {
    const [last] = [...facts].sort(([a, x], [b, y]) => y.at - x.at || (a < b ? -1 : 1))
    const reached = last?.[1]
    return {
      x_milestone: reached ? words(reached.code) : '',
      x_milestone_stop: reached?.stop ?? '',
      x_milestone_at: odooTime(reached?.at ?? null),
      x_milestone_by: reached ? claimantOf(reached.by) : '',
    }
  },
}

export const milestonesSink = (gate: OdooGate, links: Links): Sink<ShipmentMilestone> => shipmentSink(part, gate, links)
