/** One truck on one road, told about by hand: places, fixes, assignments, and what is heard of them in the end. */
import assert from 'node:assert/strict'
import { followVehicles } from '../../processors/follow-vehicles.ts'
import type {
  Period,
  ShipmentSighting,
  Stop,
  TelematicsPosition,
  VehicleAssignment,
} from '../../schemas/generated/events.ts'
import {
  deadLetters,
  lates,
  shipmentSightings,
  telematicsPositions,
  vehicleAssignments,
  vehiclePositions,
} from '../../schemas/topics.ts'
import { type Delivery, drive, type Driver } from '../../streams/drive.ts'
import type { Disk } from '../../streams/log/memory.ts'
import type { AnyProcessor } from '../../streams/processor.ts'
import { type Instant, later, minutes, seconds } from '../../streams/time.ts'
import { emit } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'

export const VEHICLE = 'TRUCK-7'
export const SHIPMENT = 'SHP-1'

/** All of it happens on one Monday, or so many days after it. `t('10:02')` is two minutes past ten, UTC. */
export const t = (clock: string, day = 0): Instant => {
  const at = Date.parse(`2026-03-02T${clock.length === 5 ? `${clock}:00` : clock}Z`)
  assert.ok(!Number.isNaN(at), `not a time of day: ${clock}`)
  return (at + day * minutes(24 * 60)) as Instant
}
export const clockOf = (at: Instant): string => new Date(at).toISOString().slice(11, 16)

/** On one meridian, a few kilometres apart: whoever takes two minutes from one to the next has not jumped. */
const LATITUDES = {
  depot: 53.5,
  gate: 53.501,
  road: 53.53,
  terminal: 53.56,
  bridge: 53.59,
  customer: 53.62,
  faraway: 60,
  nowhere: 0,
}
export type Spot = keyof typeof LATITUDES
export const point = (spot: Spot) => ({ latitude: LATITUDES[spot], longitude: spot === 'nowhere' ? 0 : 10 })
export const spotOf = (latitude: number): string =>
  Object.entries(LATITUDES).find(([, there]) => there === latitude)?.[0] ?? String(latitude)

export const fixAt = (occurredAt: Instant, spot: Spot, more: Partial<TelematicsPosition> = {}): TelematicsPosition => ({
  occurredAt,
  vehicleId: VEHICLE,
  ...point(spot),
  speedMps: null,
  courseDeg: null,
  altitudeM: null,
  accuracyM: null,
  ignition: null,
  odometerM: null,
  attributes: null,
  ...more,
})

const KINDS = { depot: 'pickup', customer: 'delivery' } as const

/** Stops by place; where a place comes again, its stops are numbered. */
export function stopsAt(spots: readonly Spot[], plannedArrival = t('12:00')): Stop[] {
  return spots.map((spot, i) => {
    const before = spots.slice(0, i).filter(other => other === spot).length
    return {
      stopId: before === 0 ? spot : `${spot} ${before + 1}`,
      kind: spot in KINDS ? KINDS[spot as keyof typeof KINDS] : 'via',
      place: { name: spot, ...point(spot), radiusM: 300 },
      plannedArrival,
      dueBy: null,
      plannedDeparture: null,
    }
  })
}

export const ALL_DAY: Period = { from: t('00:00'), until: t('23:59') }

export const assignmentOf = (
  spots: readonly Spot[],
  revision = 1,
  more: Partial<VehicleAssignment> = {},
): VehicleAssignment => ({
  occurredAt: t('06:00'),
  vehicleId: VEHICLE,
  shipmentId: SHIPMENT,
  periods: [ALL_DAY],
  stops: stopsAt(spots),
  revision,
  retracted: false,
  ...more,
})

/** Received a second later, unless it is said when. */
export const deliveredAt = (fix: TelematicsPosition, receivedAt = later(fix.occurredAt, seconds(1))): Delivery =>
  emit(telematicsPositions, fix, { receivedAt })
export const assigned = (assignment: VehicleAssignment): Delivery => emit(vehicleAssignments, assignment)

type InMemory = Driver & { readonly disk: Disk }
export const driver = (processor: AnyProcessor = followVehicles): Promise<InMemory> => drive([processor], options)

/** The words of a sighting: `arrived customer 10:10`, `progress 10:05 road`. */
const words = ({ kind, stopId, occurredAt, latitude, retracted }: ShipmentSighting): string =>
  `${retracted ? 'not ' : ''}${kind} ${stopId ?? spotOf(latitude)} ${clockOf(occurredAt)}`

export class Truck {
  readonly driver: InMemory
  constructor(through: InMemory) {
    this.driver = through
  }

  /** The truck is to call at these places; a later version of it unless the revision says otherwise. */
  async rides(spots: readonly Spot[], revision = 1, more: Partial<VehicleAssignment> = {}): Promise<void> {
    await this.driver.feed(assigned(assignmentOf(spots, revision, more)))
  }
  /** It was at these places at these times; heard in this order. */
  async seen(
    ...fixes: readonly (readonly [clock: string, spot: Spot, more?: Partial<TelematicsPosition>])[]
  ): Promise<void> {
    await this.driver.feed(...fixes.map(([clock, spot, more]) => deliveredAt(fixAt(t(clock), spot, more))))
  }
  /** Every word said of arrivals and departures, in the order of saying. */
  get calls(): string[] {
    return this.sightings.filter(({ kind }) => kind !== 'progress').map(words)
  }
  get progress(): string[] {
    return this.sightings.filter(({ kind }) => kind === 'progress').map(words)
  }
  get sightings(): ShipmentSighting[] {
    return this.driver.written(shipmentSightings).map(({ value }) => value)
  }
  /** Every word said of positions: `10:05 jump`. */
  get flags(): string[] {
    return this.driver
      .written(vehiclePositions)
      .map(({ value }) => [clockOf(value.occurredAt), ...value.flags].join(' '))
  }
  get late(): string[] {
    return this.driver.written(lates).map(({ value }) => `${value.topic} ${clockOf(value.occurredAt)}`)
  }
}

export async function truck(): Promise<Truck> {
  return new Truck(await driver())
}

/** What a listener believes in the end: the sightings not taken back, and the flags of each position. */
export function outcome(through: Driver): { sightings: string[]; flags: string[] } {
  assert.equal(through.written(deadLetters).length, 0, 'a record ended as a dead letter')
  const sightings = latest(
    through.written(shipmentSightings).map(({ value }) => value),
    sighting => shipmentSightings.identityOf(sighting),
  )
  const positions = latest(
    through.written(vehiclePositions).map(({ value }) => value),
    position => vehiclePositions.identityOf(position),
  )
  return {
    sightings: sightings
      .filter(({ retracted }) => !retracted)
      .map(sighting => JSON.stringify({ ...sighting, revision: 0 }))
      .sort(),
    flags: positions
      .map(({ positionId, flags, occurredAt }) => `${occurredAt} ${positionId} ${flags.join(' ')}`)
      .sort(),
  }
}

/** The highest revision of each fact; one that is no higher than the last said is a mistake. */
function latest<V extends { readonly revision: number }>(said: readonly V[], identityOf: (value: V) => string): V[] {
  const facts = new Map<string, V>()
  for (const fact of said) {
    const before = facts.get(identityOf(fact))
    assert.ok(fact.revision > (before?.revision ?? 0), `revisions of ${identityOf(fact)}`)
    facts.set(identityOf(fact), fact)
  }
  return [...facts.values()]
}
