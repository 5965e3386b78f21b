import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CarrierEvent, Case, ShipmentRequest, ShipmentSighting } from '../../schemas/generated/events.ts'
import {
  carrierEvents,
  caseActions,
  cases,
  deadLetters,
  shipmentRequests,
  shipmentSightings,
  telematicsPositions,
} from '../../schemas/topics.ts'
import { drive, type Driver } from '../../streams/drive.ts'
import { type Instant, later, NEVER_YET, seconds } from '../../streams/time.ts'
import { emit, type Emission, type Origin, type Topic } from '../../streams/topic.ts'
import { type Due, fix, report, request, sighting, type Somewhere, t } from './scene.ts'
import { processors } from '../../app/pipeline.ts'
import { options } from './pipeline.ts'

/** `story('a sentence', s => s.planned(…).seen(…).tells(…))`: the whole pipeline, told one thing after the other. */
export const story = (sentence: string, tell: (s: Story) => Story): void => {
  test(sentence, async () => {
    const driver = await drive(processors, options)
    for (const step of tell(new Story()).steps) await step(driver)
    assert.deepEqual(driver.written(deadLetters), [])
  })
}

type Step = (driver: Driver) => Promise<void> | void

export class Story {
  readonly steps: Step[] = []
  #now = NEVER_YET

  /** The shipment must reach these places by these times. */
  planned(due: Due, more: Partial<ShipmentRequest> = {}): this {
    return this.#feed(emit(shipmentRequests, request(due, more), { receivedAt: t('00:00') }))
  }

  /** The truck reported these places at these times, in this order of arrival, each half a minute afterwards. */
  seen(...fixes: readonly (readonly [clock: string, at: Somewhere, vehicleId?: string])[]): this {
    return this.#feed(
      ...fixes.map(([clock, at, vehicleId]) => {
        const position = fix(clock, at, vehicleId === undefined ? {} : { vehicleId })
        const receivedAt = (position.occurredAt + 30_000) as typeof position.occurredAt
        return emit(telematicsPositions, position, { source: 'tracker', receivedAt })
      }),
    )
  }

  /** As if the vehicle side had said so. */
  sighted(clock: string, kind: ShipmentSighting['kind'], at: Somewhere, more: Partial<ShipmentSighting> = {}): this {
    return this.#feed(
      emit(shipmentSightings, sighting(clock, kind, at, more), { source: 'tracker', receivedAt: t(clock) }),
    )
  }

  /** As if somebody inside had said so. */
  told(...said: readonly Emission<string>[]): this {
    return this.#feed(...said)
  }

  /** Progress every five minutes from one time to another. */
  underWay(from: string, until: string, at: Somewhere = 'a7'): this {
    const times: number[] = []
    for (let time: number = t(from); time <= t(until); time += 5 * 60_000) times.push(time)
    return this.#feed(
      ...times.map(time =>
        emit(shipmentSightings, { ...sighting('00:00', 'progress', at), occurredAt: time as ReturnType<typeof t> }),
      ),
    )
  }

  /** A partner reports this; the code is also its id of the event, unless `more` has another. */
  reported(clock: string, code: string, more: Partial<CarrierEvent> = {}, origin: Origin = {}): this {
    const received = { source: 'nordic', receivedAt: t(clock), ...origin }
    return this.#feed(emit(carrierEvents, report(clock, code, more), received))
  }

  /** The clock passes this time. */
  until(clock: string): this {
    return this.#do(driver => this.#isNow(driver, t(clock)))
  }

  /** Everything stops, and starts again from what was committed. */
  restarted(): this {
    return this.#do(driver => driver.restart())
  }

  /** Somebody does something about the case that was last told of, as they saw it. */
  acts(action: 'acknowledge' | 'resolve' | 'comment', by: string, clock: string, text: string | null = null): this {
    return this.#do(async driver => {
      const seenCase: Case | undefined = driver.written(cases).at(-1)?.value
      assert.ok(seenCase, 'no case to do anything about')
      const { caseId, subjectId, subjectKind, basis } = seenCase
      const done = { occurredAt: t(clock), caseId, subjectId, subjectKind, action, by, text, basis }
      await this.#tell(driver, emit(caseActions, done, { receivedAt: t(clock) }))
    })
  }

  /**
   * Exactly these records were written to the topic since the start (of those that the story is about); each expectation
   * names only the fields it is about.
   */
  tells<V extends object>(
    topic: Topic<string, V>,
    expected: readonly Partial<V>[],
    isAbout: (value: V) => boolean = () => true,
  ): this {
    return this.#do(driver => {
      const actual = driver
        .written(topic)
        .map(event => event.value)
        .filter(isAbout)
      const shown = actual.map((value, i) => pick(value, Object.keys(expected[i] ?? value) as (keyof V)[]))
      assert.deepEqual(plain(shown), expected)
    })
  }

  #feed(...deliveries: readonly Emission<string>[]): this {
    return this.#do(driver => this.#tell(driver, ...deliveries))
  }
  /** The clock passes the moment at which they were received: before that nothing is concluded. */
  async #tell(driver: Driver, ...deliveries: readonly Emission<string>[]): Promise<void> {
    for (const delivery of deliveries) {
      await driver.feed(delivery)
      await this.#isNow(driver, later(Math.max(this.#now, delivery.origin.receivedAt ?? 0) as Instant, seconds(1)))
    }
  }
  async #isNow(driver: Driver, at: Instant): Promise<void> {
    this.#now = Math.max(this.#now, at) as Instant
    await driver.tick(at)
  }
  #do(step: Step): this {
    this.steps.push(step)
    return this
  }
}

const pick = <V extends object>(value: V, keys: readonly (keyof V)[]): Partial<V> =>
  Object.fromEntries(keys.map(key => [key, value[key]])) as Partial<V>
/** As it looks, whatever class a decoder made of it. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown
