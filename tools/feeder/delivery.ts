/** What the feeder sends, as Milepost's HTTP interface takes it (positions, plans, carrier events). */
import type { Place } from './places.ts'

/** A position as in `POST /v1/positions`. */
export interface Fix {
  readonly vehicleId: string
  readonly occurredAt: string
  readonly latitude: number
  readonly longitude: number
  readonly speedMps?: number
  readonly courseDeg?: number
  readonly accuracyM?: number
}

export interface Reference {
  readonly scheme: string
  readonly value: string
}
export type StopKind = 'pickup' | 'delivery' | 'via'
export interface Stop {
  readonly stopId: string
  readonly kind: StopKind
  readonly place: Place
  readonly plannedArrival: string
  readonly dueBy?: string
  readonly plannedDeparture?: string
}
/** A version of a plan, the body of `PUT /v1/shipments/{shipmentId}`. */
export interface Plan {
  readonly status: 'active' | 'cancelled'
  readonly references: readonly Reference[]
  readonly carrierId: string
  readonly customerId: string
  readonly vehicleId?: string
  readonly plannedAt: string
  readonly stops: readonly Stop[]
}

export type Classifier = 'planned' | 'requested' | 'estimated' | 'actual'
/** A version of an event, one of the `events` of `POST /v1/partners/{partner}/events`. */
export interface CarrierEvent {
  readonly eventId: string
  readonly references: readonly Reference[]
  readonly code: string
  readonly classifier: Classifier
  readonly occurredAt: string
  readonly updatedAt?: string
  readonly retracted?: boolean
  readonly stopId?: string
}

export interface PositionsDelivery {
  readonly kind: 'positions'
  /** When it reaches Milepost: milliseconds since the epoch, as every `at` here. */
  readonly at: number
  readonly positions: readonly Fix[]
}
export interface PlanDelivery {
  readonly kind: 'plan'
  readonly at: number
  readonly shipmentId: string
  readonly plan: Plan
}
export interface CarrierDelivery {
  readonly kind: 'carrier'
  readonly at: number
  readonly partner: string
  /** The webhook-id: a delivery that is tried again keeps it, a resend by the carrier has one of its own. */
  readonly messageId: string
  readonly events: readonly CarrierEvent[]
}
export type Delivery = PositionsDelivery | PlanDelivery | CarrierDelivery

export const iso = (at: number): string => new Date(at).toISOString()
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
