/** A law reaches only what its runs reach: how many of them had what. */
import assert from 'node:assert/strict'
import {
  carrierClaims,
  caseActions,
  cases,
  laneTrips,
  referenceLinks,
  shipmentEtas,
  shipmentEvents,
  shipmentMerges,
  shipmentMilestones,
  shipmentPlans,
  shipmentSightings,
  vehicleAssignments,
} from '../../schemas/topics.ts'
import type { LaneTrip } from '../../schemas/generated/events.ts'
import type { Driver } from '../../streams/drive.ts'
import type { Event } from '../../streams/event.ts'
import type { Topic } from '../../streams/topic.ts'

const schemesOf = (references: readonly { scheme: string }[]) => new Set(references.map(({ scheme }) => scheme))

/** Whether a trip was said again with fewer calls. */
const tookBack = (trips: readonly LaneTrip[]): boolean =>
  trips.some(({ lane, shipmentId, calls }, i) => {
    const before = trips.slice(0, i).findLast(trip => trip.lane === lane && trip.shipmentId === shipmentId)
    return before !== undefined && before.calls.length > calls.length
  })

type Reached = (driver: Driver) => Readonly<Record<string, boolean>>

const ofJourneys: Reached = driver => {
  const of = <V>(topic: Topic<string, V>) => driver.written(topic).map(({ value }) => value)
  const milestones = of(shipmentMilestones)
  const raised = of(cases)
  const ofOdoo = of(shipmentPlans).filter(
    ({ shipmentId, loadId }) => shipmentId === 'odoo-lab-picking-7' && loadId !== null,
  )
  const links = new Set(driver.written(referenceLinks).map(({ eventId }) => eventId))
  const afterLink = ({ cause, value }: Event<{ retracted: boolean }>) =>
    cause !== null && links.has(cause) && !value.retracted
  return {
    milestones: milestones.length > 0,
    'corrected milestones': milestones.some(({ revision, retracted }) => revision > 1 && !retracted),
    'retracted milestones': milestones.some(({ retracted }) => retracted),
    'milestones that come back': milestones.some(({ revision, retracted }) => revision > 2 && !retracted),
    'milestones claimed by several': milestones.some(({ claims }) => claims.length > 1),
    'estimated milestones': milestones.some(({ classifier }) => classifier === 'estimated'),
    'several versions of a plan': of(shipmentPlans).some(({ revision }) => revision > 1),
    'swapped vehicles': of(vehicleAssignments).some(({ retracted, revision }) => retracted || revision > 1),
    'vehicles that ride twice': of(vehicleAssignments).some(({ periods }) => periods.length > 1),
    'pickings that are planned': ofOdoo.length > 0,
    'pickings that are cancelled': ofOdoo.some(({ status }) => status === 'cancelled'),
    'pickings that their owner names': of(shipmentMerges).length > 0,
    'pickings that Odoo and their owner know': ofOdoo.some(({ references }) => schemesOf(references).has('shipment')),
    'owners that take back what they named': of(shipmentMerges).some(
      ({ references }) => !schemesOf(references).has('odoo.picking'),
    ),
    'stops without coordinates': raised.some(({ kind }) => kind === 'stop_without_coordinates'),
    'cancelled shipments': of(shipmentPlans).some(({ status }) => status === 'cancelled'),
    'arrivals by position': of(shipmentSightings).some(({ kind }) => kind === 'arrived'),
    'claims taken back': of(carrierClaims).some(({ retracted }) => retracted),
    'events that waited': driver.written(shipmentEvents).some(afterLink),
    'events taken back': of(shipmentEvents).some(({ retracted }) => retracted),
    'trips that teach': of(laneTrips).some(({ calls }) => calls.some(({ predictions }) => predictions.length > 0)),
    'trips that are taken back': of(laneTrips).some(({ retracted }) => retracted),
    'arrivals that are taken back': tookBack(of(laneTrips)),
    etas: of(shipmentEtas).length > 0,
    'etas taken back': of(shipmentEtas).some(({ retracted }) => retracted),
    'late cases': raised.some(({ kind }) => kind === 'late'),
    'missed milestones': raised.some(({ kind }) => kind === 'missed_milestone'),
    silences: raised.some(({ kind }) => kind === 'no_signal'),
    'stays too long': raised.some(({ kind }) => kind === 'dwell'),
    'contradictions of the flow': raised.some(({ kind }) => kind === 'out_of_sequence'),
    'risks of being late': raised.some(({ kind }) => kind === 'late_risk'),
    'ambiguous references': raised.some(({ kind }) => kind === 'ambiguous_reference'),
    'withdrawn cases': raised.some(({ state }) => state === 'withdrawn'),
    'cases closed by people': raised.some(({ closedBy }) => closedBy !== null),
    'answers in Odoo': driver.written(caseActions).some(({ source }) => source === 'relay-answers'),
    'acknowledged cases': raised.some(({ state }) => state === 'acknowledged'),
    'closes that do not hold': of(caseActions).some(
      ({ action, caseId }) =>
        action === 'resolve' && raised.findLast(aCase => aCase.caseId === caseId)?.state === 'open',
    ),
  }
}

/** `reached`: which of the things that are to happen did. */
export class Coverage {
  readonly #reached: Reached
  readonly #counts = new Map<string, number>()
  #runs = 0

  constructor(reached = ofJourneys) {
    this.#reached = reached
  }

  add(driver: Driver): void {
    this.#runs++
    for (const [what, is] of Object.entries(this.#reached(driver)))
      this.#counts.set(what, (this.#counts.get(what) ?? 0) + (is ? 1 : 0))
  }
  get report(): string {
    return `of ${this.#runs} runs: ${[...this.#counts].map(([what, n]) => `${what} ${n}`).join(', ')}`
  }
  /** Every kind of thing happened in at least this part of the runs. */
  assertAtLeast(part: number): void {
    for (const [what, n] of this.#counts) assert.ok(n >= part * this.#runs, `too few ${what}: ${this.report}`)
  }
}
