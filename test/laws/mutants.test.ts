/** A law that nothing can break proves nothing: each of these bugs is planted, and the law must find it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { processors } from '../../app/pipeline.ts'
import { progressList } from '../../domain/progress.ts'
import type { CarrierEvent, ShipmentMilestone } from '../../schemas/generated/events.ts'
import type { Event } from '../../streams/event.ts'
import type { Evidence, List } from '../../streams/evidence.ts'
import type { AnyProcessor, Handler, Step } from '../../streams/processor.ts'
import { type Instant, later, NEVER_YET } from '../../streams/time.ts'
import { json } from '../../schemas/codec.ts'
import { alarmsOnce, anyOrder, likeness, wordsOnce } from './laws.ts'

type Done = Exclude<Step<unknown, string>, { readonly drop: string }>
type Heard = Event<never>
type Head = Record<string, unknown> | undefined

const list = (name: string): List<never> => ({ name, codec: json() })
const has = (kept: Evidence, name: string): boolean => kept.last(list(name)) !== undefined

/** What goes wrong: with what a step comes to, before it is taken, or when an alarm rings. */
interface Bug {
  readonly in: string
  readonly law?: 'words once' | 'alarms once'
  readonly topic?: string
  readonly after?: (step: Done, kept: Evidence, event: Heard) => Step<unknown, string>
  readonly before?: (head: Head, kept: Evidence, event: Heard) => readonly [head: unknown, kept: Evidence, event: Heard]
  readonly ring?: (step: Done, at: Instant) => Done
}

const retracted = (value: object): boolean => 'retracted' in value && value.retracted === true
const forgetsToTakeBack = (topic: string) => ({
  after: (step: Done): Done => ({
    ...step,
    emit: step.emit?.filter(({ topic: { name }, value }) => name !== topic || !retracted(value)) ?? [],
  }),
})
const LAST = Number.POSITIVE_INFINITY as Instant

const bugs: Record<string, Bug> = {
  'believes the version it heard last': {
    in: 'plan-shipments',
    after: (step, _, { value }) => ({
      ...step,
      put:
        step.put?.map(row =>
          row.list.name === 'riders' ? { ...row, at: NEVER_YET, id: `~${JSON.stringify(value)}` } : row,
        ) ?? [],
    }),
  },
  'forgets that a vehicle no longer rides': { in: 'plan-shipments', ...forgetsToTakeBack('vehicle.assignment.v1') },
  'forgets the references of a cancelled shipment': { in: 'plan-shipments', ...forgetsToTakeBack('reference.link.v1') },
  'says each time what people have said in Odoo': {
    in: 'relay-answers',
    law: 'words once',
    before: (head, kept, event) => [head, kept.with([], kept.between(list('told'), NEVER_YET, LAST)), event],
  },
  'remembers no versions but the one that holds': {
    in: 'plan-shipments',
    before: (head, kept, event) => [
      head,
      kept.with([], kept.between(list('riders'), NEVER_YET, event.occurredAt)),
      event,
    ],
  },
  'takes the version that it heard last': {
    in: 'claim-references',
    before: (head, kept, event) => [
      head && { ...head, holds: { at: 0, id: (head['holds'] as { id: string }).id } },
      kept,
      event,
    ],
  },
  'forgets that an event was taken back before it was ever heard': {
    in: 'claim-references',
    after: (step, kept, event) =>
      (event.value as CarrierEvent).retracted && !has(kept, 'told') ? { drop: 'nothing to take back' } : step,
  },
  'leaves a claim where a later version no longer makes it': {
    in: 'claim-references',
    ...forgetsToTakeBack('carrier.claim.v1'),
  },
  'lets no event wait for its shipment': {
    in: 'resolve-references',
    topic: 'carrier.claim.v1',
    after: (step, kept) => (has(kept, 'links') ? step : { drop: 'of no shipment' }),
  },
  'leaves an event where it was when its reference becomes ambiguous': {
    in: 'resolve-references',
    ...forgetsToTakeBack('shipment.event.v1'),
  },
  'forgets that a reference is ambiguous no more': { in: 'resolve-references', ...forgetsToTakeBack('case.v1') },
  'hears a plan, and does nothing until something is seen': {
    in: 'detect-milestones',
    topic: 'shipment.plan.v1',
    after: ({ put = [] }) => ({ put: put.filter(row => row.list.name === 'plan') }),
  },
  'forgets to take milestones back': { in: 'detect-milestones', ...forgetsToTakeBack('shipment.milestone.v1') },
  'never corrects a milestone': {
    in: 'detect-milestones',
    after: step => ({
      ...step,
      emit: step.emit?.filter(({ value }) => (value as ShipmentMilestone).revision === 1 || retracted(value)) ?? [],
    }),
  },
  'takes the progress that it heard last for the newest': {
    in: 'predict-etas',
    topic: 'shipment.sighting.v1',
    before: (head, kept, event) => [head, kept.with([], kept.between(progressList, event.occurredAt, LAST)), event],
  },
  'keeps the ETA of a stop that was reached': { in: 'predict-etas', ...forgetsToTakeBack('shipment.eta.v1') },
  'learns nothing of progress that comes after the arrival': {
    in: 'recall-trips',
    topic: 'shipment.sighting.v1',
    after: ({ put = [] }) => ({ put: put.slice(0, 1) }),
  },
  'leaves a trip on a lane that the shipment no longer takes': {
    in: 'recall-trips',
    ...forgetsToTakeBack('lane.trip.v1'),
  },
  'sets no alarm for a plan that comes after its deadline': {
    in: 'raise-cases',
    topic: 'shipment.plan.v1',
    after: (step, _, { receivedAt }) =>
      typeof step.wakeAt === 'number' && step.wakeAt < receivedAt ? { ...step, wakeAt: 'never' } : step,
  },
  'rings for the first deadline only': { in: 'raise-cases', ring: step => ({ ...step, wakeAt: 'never' }) },
  'forgets to withdraw a case': { in: 'raise-cases', ring: forgetsToTakeBack('case.v1').after },
  'lets nobody act on a case that is not there yet': {
    in: 'raise-cases',
    topic: 'case.action.v1',
    after: (step, kept) => (has(kept, 'told') ? step : { drop: 'no such case' }),
  },
  'forgets progress that comes late': {
    in: 'raise-cases',
    topic: 'shipment.sighting.v1',
    after: (step, kept, { occurredAt }) =>
      (kept.last(progressList)?.at ?? NEVER_YET) > occurredAt ? { drop: 'late' } : step,
  },
  'asks again to be woken for what has rung': {
    in: 'raise-cases',
    law: 'alarms once',
    after: step => ({ ...step, wakeAt: later(NEVER_YET, 1) }),
  },
  'measures a version whenever anything is said of it': {
    in: 'measure-lag',
    law: 'words once',
    after: step => ({ ...step, put: [] }),
  },
}

function planted(processor: AnyProcessor, { topic, before, after, ring }: Bug): AnyProcessor {
  const mutant = likeness(processor)
  const { wake } = mutant
  for (const [name, { topic: of, step }] of mutant.handlers) {
    if (topic !== undefined && topic !== name) continue
    const wrong: Handler<unknown, string> = (head, kept, event, tick) => {
      const [h, k, e] = before?.(head as Head, kept, event) ?? [head, kept, event]
      const right = (step as Handler<unknown, string>)(h, k, e, tick)
      return 'drop' in right || !after ? right : after(right, kept, event)
    }
    mutant.handlers.set(name, { topic: of, step: wrong })
  }
  if (wake && ring)
    mutant.onWake((head, kept, at, tick) => {
      const right: Step<unknown, string> = wake(head, kept, at, tick)
      return 'drop' in right ? right : ring(right, at)
    })
  return mutant
}

const laws = { 'any order': anyOrder, 'words once': wordsOnce, 'alarms once': alarmsOnce }
for (const [name, bug] of Object.entries(bugs)) {
  const law = bug.law ?? 'any order'
  test(`the law “${law}” finds a ${bug.in} that ${name}`, async t => {
    const mutants = processors.map(processor => (processor.name === bug.in ? planted(processor, bug) : processor))
    const found = await fc.check<unknown>(laws[law](mutants) as fc.IRawProperty<unknown, true>, {
      numRuns: 500,
      seed: 1,
      endOnFailure: true,
    })
    assert.ok(found.failed, 'nothing found')
    t.diagnostic(`after ${found.numRuns} journeys`)
  })
}
