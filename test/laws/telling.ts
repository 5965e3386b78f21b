/** How journeys are told to the pipeline, and what its listeners then know. */
import assert from 'node:assert/strict'
import type { ShipmentEta } from '../../schemas/generated/events.ts'
import {
  carrierClaims,
  caseActions,
  cases,
  deadLetters,
  eventLags,
  laneModels,
  lates,
  laneTrips,
  referenceLinks,
  shipmentEtas,
  shipmentEvents,
  shipmentMerges,
  shipmentMilestones,
  shipmentPlans,
  shipmentSightings,
  vehicleAssignments,
  vehiclePositions,
} from '../../schemas/topics.ts'
import { relayAnswers } from '../../processors/relay-answers.ts'
import { type Delivery, drive, driveOn, type Driver, type Ground } from '../../streams/drive.ts'
import type { AnyProcessor } from '../../streams/processor.ts'
import { type Instant, later, minutes } from '../../streams/time.ts'
import type { Topic } from '../../streams/topic.ts'
import { options } from '../support/pipeline.ts'
import { t } from '../support/scene.ts'
import type { Time } from './journeys.ts'

/** Makes a log of topics of so many partitions, with nothing in it. */
export type Somewhere = (partitions: number) => Promise<Ground>

export interface Telling {
  readonly time: Time
  readonly end: Instant
  /**
   * Everything stops before each of these deliveries, and starts again from what was committed; where there are not so
   * many, before the clock goes to the end.
   */
  readonly restartsAt?: readonly number[]
  readonly partitions?: number
  /** So many deliveries lie there before any of them is read, in batches of so many records. */
  readonly together?: number
  readonly batch?: number
  /** Rows of evidence that a task keeps in memory. */
  readonly liveRows?: number
  /** Not in memory. */
  readonly on?: Somewhere
}

/** The clock goes on to the end after all has been told: so long that nothing that was heard waits any more. */
const LAST_MS = minutes(15)

export async function tell(
  pipeline: readonly AnyProcessor[],
  said: readonly Delivery[],
  { time, end, restartsAt = [], together = 1, partitions = 1, on, ...sizes }: Telling,
): Promise<Driver> {
  const driver = on
    ? await driveOn(await on(partitions), pipeline, { ...options, ...sizes })
    : await drive(pipeline, { ...options, ...sizes, partitions })
  const restarts = new Set(restartsAt.map(n => Math.min(n, said.length)))
  const waiting: Delivery[] = []
  const deliver = () => driver.feedTogether(...waiting.splice(0))
  let now: Instant = t('07:00')
  for (const [i, delivery] of said.entries()) {
    if (restarts.has(i)) await driver.restart()
    const by = time.ticks.get(i)
    if (by !== undefined) {
      await deliver()
      await driver.tick(Math.min((now = later(now, minutes(by))), later(end, -LAST_MS)) as Instant)
    }
    waiting.push(delivery)
    if (waiting.length >= together) await deliver()
  }
  await deliver()
  if (restarts.has(said.length)) await driver.restart()
  await driver.tick(end)
  return driver
}

/** Facts that may be corrected and taken back. */
const FACTS = {
  merges: shipmentMerges,
  plans: shipmentPlans,
  assignments: vehicleAssignments,
  links: referenceLinks,
  claims: carrierClaims,
  events: shipmentEvents,
  sightings: shipmentSightings,
  milestones: shipmentMilestones,
  trips: laneTrips,
  etas: shipmentEtas,
  cases,
} as const

/**
 * What a listener believes in the end: identity and content of all that was said and not taken back. But for cases that
 * depend on an ETA: when one was told first, and for how long, is a matter of the order in which things came (design: law 3).
 */
export function outcome(driver: Driver): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(FACTS).map(([name, topic]) => [
      name,
      current(driver, topic as unknown as Topic<string, Fact>).filter(fact => !dependsOnEta(fact)),
    ]),
  )
}
const dependsOnEta = (fact: string): boolean => (JSON.parse(fact) as { kind?: string }).kind === 'late_risk'

/**
 * That two listeners know the same in the end. An ETA may differ where it rests on another version of what was learnt: that
 * is made on the full hour, of what has been heard until then. That there is one may not.
 */
export function assertAlike(one: Driver, other: Driver): void {
  const models = [one, other].map(driver => modelsOf(driver))
  const alike = ({ etas = [], ...rest }: Record<string, string[]>) => ({
    ...rest,
    etas: etas.map(text => {
      const eta = JSON.parse(text) as ShipmentEta
      const identity = shipmentEtas.identityOf(eta)
      return models[0]?.get(identity) === models[1]?.get(identity) ? text : identity
    }),
  })
  assert.deepEqual(alike(outcome(one)), alike(outcome(other)))
}
const modelsOf = (driver: Driver): ReadonlyMap<string, string> =>
  new Map(driver.written(shipmentEtas).map(({ value }) => [shipmentEtas.identityOf(value), value.modelId]))

interface Fact {
  readonly revision: number
  readonly retracted: boolean
}
function current(driver: Driver, topic: Topic<string, Fact>): string[] {
  const last = new Map(driver.written(topic).map(({ value }) => [topic.identityOf(value), value]))
  return [...last.values()]
    .filter(({ retracted }) => !retracted)
    .map(fact => JSON.stringify({ ...fact, revision: 0 }))
    .sort()
}

const WORDS = [...Object.values(FACTS), laneModels, vehiclePositions, eventLags, lates, deadLetters]
/** Every word that was said, with its ids, envelopes and revisions. */
export const words = (driver: Driver) => [
  ...WORDS.map(topic => driver.written(topic as unknown as Topic<string, unknown>)),
  driver.written(caseActions).filter(({ source }) => source === relayAnswers.name),
]
