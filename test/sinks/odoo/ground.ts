/** What the sinks' tests stand on: an Odoo with the module's keys, and records to bring to it. */
import { OdooClient } from '../../../odoo/client.ts'
import type { Case, ShipmentEta, ShipmentMilestone } from '../../../schemas/generated/events.ts'
import { OdooGate, type Pace } from '../../../sinks/odoo/gate.ts'
import type { Event } from '../../../streams/event.ts'
import type { Instant } from '../../../streams/time.ts'

/** A stand-in, or a real one: the suite holds for both. */
export interface Ground {
  readonly url: string
  readonly database: string
  readonly admin: string
  readonly bot: string
  /** A picking of company `company` that may be deleted, and one that stays. */
  readonly pickings: readonly [number, number]
  readonly company: number
  /** A user who may take cases. */
  readonly person: number
}

export const NOW = Date.parse('2026-11-24T12:00:00Z') as Instant
export const MINUTE = 60_000

export const clientOf = ({ url, database }: Ground, apiKey: string): OdooClient =>
  new OdooClient({ url, database, apiKey })

/** A gate, and what it told. */
export function gateOf(
  client: OdooClient,
  more: { pace?: Partial<Pace>; now?: () => number; stop?: AbortSignal } = {},
) {
  const told: string[] = []
  const logger = {
    info: (_: object, message: string) => told.push(message),
    warn: (fields: object, message: string) => told.push(`${message}: ${(fields as { reason: string }).reason}`),
  }
  return { gate: new OdooGate({ client, logger, stop: new AbortController().signal, ...more }), told }
}
export const LINKS = { tower: 'https://tower.example', log: 'log-1' }

let events = 0
const event = <V extends { readonly occurredAt: Instant }>(value: V): Event<V> => ({
  eventId: `event-${++events}`,
  source: 'test',
  emittedAt: null,
  receivedAt: value.occurredAt,
  occurredAt: value.occurredAt,
  cause: null,
  value,
})
export const batch = <V extends { readonly occurredAt: Instant }>(...values: V[]) => ({
  token: 'token',
  events: values.map(event),
})

const nobody = { customerId: null, carrierId: null, companyId: null }

export const aCase = (
  g: Pick<Ground, 'database'>,
  caseId: string,
  more: Partial<Case> & { picking?: number } = {},
): Case => {
  const { picking, ...rest } = more
  const shipmentId = picking === undefined ? null : `odoo-${g.database}-picking-${picking}`
  return {
    ...{ occurredAt: NOW, caseId, kind: 'late', subjectKind: 'shipment', subjectId: shipmentId ?? 'S1', shipmentId },
    ...{
      stopId: 'delivery',
      severity: 'high',
      state: 'open',
      owner: null,
      openedAt: NOW,
      closedAt: null,
      closedBy: null,
    },
    ...{ basis: 'due 2026-11-24T11:00:00.000Z, not there', evidence: '{"minutesLate":45}', notes: [] },
    ...{ ...nobody, revision: 0, retracted: false },
    ...rest,
  }
}

/** `minutes` from now. */
export const anEta = (
  g: Pick<Ground, 'database'>,
  picking: number,
  stopId: string,
  minutes: number,
  more: Partial<ShipmentEta> = {},
): ShipmentEta => {
  const at = (n: number) => (NOW + n * MINUTE) as Instant
  return {
    ...{ occurredAt: NOW, shipmentId: `odoo-${g.database}-picking-${picking}`, stopId },
    ...{ p10: at(minutes - 10), p50: at(minutes), p90: at(minutes + 20), basis: 'b', modelId: 'm', remainingM: 1 },
    ...{ speedMps: 1, ...nobody, revision: 0, retracted: false },
    ...more,
  }
}

export const aMilestone = (
  g: Pick<Ground, 'database'>,
  picking: number,
  code: string,
  minutes: number,
  more: Partial<ShipmentMilestone> = {},
): ShipmentMilestone => ({
  ...{ occurredAt: (NOW + minutes * MINUTE) as Instant, shipmentId: `odoo-${g.database}-picking-${picking}` },
  ...{ stopId: 'pickup', code, classifier: 'actual', claimedBy: 'positions:95BXK7', claims: [] },
  ...{ ...nobody, revision: 0, retracted: false },
  ...more,
})
