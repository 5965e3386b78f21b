/** The sinks that bring cases, expected arrivals and milestones to Odoo. */
import type { AnySink } from '../../streams/sink.ts'
import { casesSink } from './cases.ts'
import { etasSink } from './etas.ts'
import type { OdooGate } from './gate.ts'
import { milestonesSink } from './milestones.ts'
import type { Links } from './shipments.ts'

export const odooSinks = (gate: OdooGate, links: Links): readonly AnySink[] =>
  [casesSink, milestonesSink, etasSink].map(sink => sink(gate, links) as AnySink)
