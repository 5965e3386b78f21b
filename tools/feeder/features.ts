/** What may happen in a world, and how often. */

/** How a journey goes. What no share asks for is `plain`, `via` or `milkRun`. */
export const SCENARIOS = [
  'plain',
  'via',
  'milkRun',
  'roundTrip',
  'sharedTruck',
  'interleavedTruck',
  'swapped',
  'cancelled',
  'stopAdded',
  'stopRemoved',
  'firstSkipped',
  'middleSkipped',
  'silent',
  'vanished',
] as const
export type Scenario = (typeof SCENARIOS)[number]

/**
 * Shares, each 0–1, of what is named behind them. Where a share of journeys, shipments or events is above 0, at
 * least one gets it if any can; of fixes and deliveries each draws by itself.
 */
export interface Shares {
  // of journeys: one of these each
  readonly roundTrip: number
  /** Two shipments with the same stops on one truck. */
  readonly sharedTruck: number
  /** Two shipments on one truck, picked up and delivered in turn. */
  readonly interleavedTruck: number
  /** Another vehicle takes over between the stops; the first drives on to the same place, which does not count. */
  readonly swapped: number
  readonly cancelled: number
  readonly stopAdded: number
  readonly stopRemoved: number
  readonly firstSkipped: number
  /** The device is off at the pickup, which only the carrier tells of, and the stop after it is left out. */
  readonly middleSkipped: number
  /** No signal for 45–60 min between two stops. */
  readonly silent: number
  /** No signal any more after the pickup. Only for the last journey of a vehicle. */
  readonly vanished: number
  // of journeys, whatever else happens
  readonly driveBy: number
  readonly interruptedStay: number
  readonly late: number
  // of shipments
  readonly latePlan: number
  readonly dueByRevised: number
  readonly versionsOutOfOrder: number
  readonly planResent: number
  readonly carrier: number
  /** Of all shipments how many more have no vehicle at all, only carrier events. */
  readonly carrierOnly: number
  readonly ambiguous: number
  // of carrier events
  readonly correction: number
  readonly retraction: number
  readonly resend: number
  /** How many more belong to no shipment. */
  readonly orphan: number
  readonly lateCarrier: number
  // of fixes
  readonly jump: number
  readonly nullIsland: number
  readonly inaccurate: number
  readonly future: number
  readonly duplicate: number
  /** Of the time on the road how much is buffered and delivered shuffled, up to 24 h late. */
  readonly buffered: number
}

export const defaultShares: Shares = {
  roundTrip: 0.06,
  sharedTruck: 0.06,
  interleavedTruck: 0.06,
  swapped: 0.07,
  cancelled: 0.07,
  stopAdded: 0.05,
  stopRemoved: 0.05,
  firstSkipped: 0.05,
  middleSkipped: 0.05,
  silent: 0.08,
  vanished: 0.05,
  driveBy: 0.2,
  interruptedStay: 0.15,
  late: 0.25,
  latePlan: 0.12,
  dueByRevised: 0.12,
  versionsOutOfOrder: 0.08,
  planResent: 0.1,
  carrier: 0.85,
  carrierOnly: 0.08,
  ambiguous: 0.06,
  correction: 0.15,
  retraction: 0.1,
  resend: 0.12,
  orphan: 0.03,
  lateCarrier: 0.1,
  jump: 0.003,
  nullIsland: 0.002,
  inaccurate: 0.003,
  future: 0.001,
  duplicate: 0.01,
  buffered: 0.1,
}

/** Only what a well-behaved fleet does: no faults, no disorder, nobody changes his mind. */
export const calmShares: Shares = {
  ...(Object.fromEntries(Object.keys(defaultShares).map(name => [name, 0])) as unknown as Shares),
  carrier: 0.85,
}
