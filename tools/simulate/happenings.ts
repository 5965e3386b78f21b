/** What a simulated world brings forth, in the order of time: what is sent to Milepost, and what is true. */
import type { Delivery } from '../feeder/delivery.ts'
import type { Cause } from './driver.ts'

/** Kinds of cases (docs/rules.md and those that are planned). */
export type CaseKind =
  | 'late'
  | 'missed_milestone'
  | 'no_signal'
  | 'ambiguous_reference'
  | 'late_risk'
  | 'dwell'
  | 'unplanned_stop'
  | 'impossible_movement'
  | 'out_of_sequence'
  | 'stale_source'
/** Why: what held a truck up, or what was wrong with those who tell of it. */
export type CaseCause =
  | Cause
  | 'closed_warehouse'
  | 'tight_plan'
  | 'stop_left_out'
  | 'device_silent'
  | 'wrong_reference'
  | 'wild_receiver'
  | 'wrong_time_told'
  | 'feed_down'

/** A line of the truth; times are ISO 8601. */
export type TrueLine =
  | {
      readonly type: 'world'
      readonly seed: string
      readonly startAt: string
      readonly vehicles: number
      readonly fixEverySeconds: number
    }
  | {
      readonly type: 'shipment'
      readonly shipmentId: string
      readonly vehicles: readonly string[]
      readonly cancelled: boolean
    }
  | {
      readonly type: 'visit'
      readonly shipmentId: string
      readonly stopId: string
      readonly kind: 'pickup' | 'delivery' | 'via'
      readonly vehicleId: string
      readonly deadline: string
      readonly arrivedAt: string
      readonly departedAt: string
    }
  | {
      readonly type: 'case'
      readonly kind: CaseKind
      readonly subject: string
      readonly stopId: string | null
      readonly cause: CaseCause
      readonly from: string
      /** null: for good. */
      readonly until: string | null
    }
  | { readonly type: 'end'; readonly shipments: number; readonly finalTick: string }

export type Happening = { readonly at: number } & ({ readonly delivery: Delivery } | { readonly truth: TrueLine })
