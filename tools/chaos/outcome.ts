/** What Milepost concludes of a world, as sets of lines that can be compared: by the read API, and by the feeder's truth. */
import type { z } from 'zod'
import type { casePage, shipment, shipmentPage } from '../../app/read/answers.ts'
import type { Truth } from '../feeder/world.ts'
import type { Installation } from './installation.ts'

type Shipment = z.output<typeof shipment>
type Case = z.output<typeof casePage>['cases'][number]

/** By what it is about: one line each, sorted. */
export type Lines = Readonly<Record<string, readonly string[]>>

export const line = (...parts: readonly (string | number | boolean | null)[]): string =>
  parts.map(part => part ?? '-').join(' ')
const sorted = (lines: Iterable<string>): string[] => [...lines].sort()

export interface Standing {
  readonly shipments: readonly Shipment[]
  readonly cases: readonly Case[]
}

/** All shipments and cases, as the read API has them. */
export async function standingOf(at: Installation): Promise<Standing> {
  const summaries = await pages(cursor =>
    at
      .get<z.output<typeof shipmentPage>>(`/v1/shipments?limit=200${cursor}`)
      .then(({ shipments, nextCursor }) => ({ items: shipments, nextCursor })),
  )
  const cases = await pages(cursor =>
    at
      .get<z.output<typeof casePage>>(`/v1/cases?limit=200${cursor}`)
      .then(({ cases: items, nextCursor }) => ({ items, nextCursor })),
  )
  const shipments: Shipment[] = []
  for (const { shipmentId } of summaries)
    shipments.push(await at.get<Shipment>(`/v1/shipments/${encodeURIComponent(shipmentId)}`))
  return { shipments, cases }
}

async function pages<T>(
  page: (cursor: string) => Promise<{ items: readonly T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const all: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { items, nextCursor } = await page(cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`)
    all.push(...items)
    cursor = nextCursor
  }
  return all
}

/** Kinds that tell of when things were received, or rest on ETAs: they are a matter of the order in which things came. */
const OF_ORDER: ReadonlySet<string> = new Set(['stale_source', 'late_risk'])
/** Of other kinds the feeder's truth says nothing. */
const JUDGED: ReadonlySet<string> = new Set(['late', 'missed_milestone', 'no_signal', 'ambiguous_reference'])
const isOpen = ({ state }: Case) => state === 'open' || state === 'acknowledged'

/** What the feeder's truth speaks of too. */
export const outcomeOf = ({ shipments, cases }: Standing): Lines => ({
  milestones: sorted(
    shipments.flatMap(({ shipmentId, milestones }) =>
      milestones
        .filter(({ retracted }) => !retracted)
        .map(({ stopId, code, classifier, occurredAt, claimedBy }) =>
          line(shipmentId, stopId, code, classifier, occurredAt, claimedBy.split(':')[0] ?? ''),
        ),
    ),
  ),
  'open cases': sorted(
    cases
      .filter(each => isOpen(each) && JUDGED.has(each.kind))
      .map(({ kind, subject, stopId }) => line(kind, subject.id, stopId)),
  ),
  'late arrivals': sorted(
    cases
      .filter(({ kind, state }) => kind === 'late' && state === 'resolved')
      .map(({ subject, stopId }) => line(subject.id, stopId)),
  ),
  cancelled: sorted(shipments.filter(({ status }) => status === 'cancelled').map(({ shipmentId }) => shipmentId)),
})

export const outcomeOfTruth = ({ milestones, openCases, resolvedLate, cancelled }: Truth): Lines => ({
  milestones: sorted(
    milestones.map(({ shipmentId, stopId, code, classifier, occurredAt, by }) =>
      line(shipmentId, stopId, code, classifier, occurredAt, by),
    ),
  ),
  'open cases': sorted(
    openCases.map(({ kind, shipmentId, stopId, reference }) => line(kind, shipmentId ?? reference ?? null, stopId)),
  ),
  'late arrivals': sorted(resolvedLate.map(({ shipmentId, stopId }) => line(shipmentId, stopId))),
  cancelled: sorted(cancelled),
})

/** What two runs of one world have in common beyond that: everything but when it was heard and how often it was said. */
export const detailsOf = ({ shipments, cases }: Standing): Lines => ({
  plans: sorted(
    shipments.map(({ shipmentId, phase, plan, plannedAt }) =>
      line(shipmentId, phase, plannedAt, JSON.stringify(plan.stops)),
    ),
  ),
  claims: sorted(
    shipments.flatMap(({ shipmentId, milestones }) =>
      milestones
        .filter(({ retracted }) => !retracted)
        .map(({ stopId, code, claims }) => line(shipmentId, stopId, code, JSON.stringify(claims))),
    ),
  ),
  etas: sorted(
    shipments.flatMap(({ shipmentId, etas }) =>
      etas
        .filter(({ retracted }) => !retracted)
        .map(({ stopId, p10, p50, p90, asOf, modelId }) =>
          [line(shipmentId, stopId, asOf), modelId, line(p10, p50, p90)].join(BY_MODEL),
        ),
    ),
  ),
  sightings: sorted(
    shipments.flatMap(({ shipmentId, evidence }) =>
      evidence.sightings
        .filter(({ retracted }) => !retracted)
        .map(({ kind, stopId, vehicleId, occurredAt }) => line(shipmentId, vehicleId, kind, stopId, occurredAt)),
    ),
  ),
  'evidence of open cases': sorted(
    cases
      .filter(each => isOpen(each) && !OF_ORDER.has(each.kind))
      .map(({ kind, subject, stopId, basis }) => line(kind, subject.id, stopId, basis)),
  ),
})

/** Between an ETA, the version of the model that it is by, and what it says. */
const BY_MODEL = ' | '

/** Where one fact is by two versions of a model, only that there is one: versions are made of what was heard until some full hour. */
function byOneModel(some: readonly string[], others: readonly string[]): [string[], string[]] {
  const models = [some, others].map(lines => new Map(lines.map(each => each.split(BY_MODEL) as [string, string])))
  const alike = (each: string): string => {
    const [fact = '', model] = each.split(BY_MODEL)
    return model === undefined || models.every(of => (of.get(fact) ?? model) === model) ? each : fact
  }
  return [some.map(alike), others.map(alike)]
}

/** What differs, in words: nothing if they are equal. */
export function differences(of: string, expected: Lines, found: Lines): string[] {
  return Object.keys(expected).flatMap(name => {
    const [should, does] = byOneModel(expected[name] ?? [], found[name] ?? []).map(tally) as [Tally, Tally]
    const more = (than: Tally, some: Tally) =>
      [...some].filter(([each, n]) => n > (than.get(each) ?? 0)).map(([each]) => each)
    return [
      ...more(does, should).map(each => `${of}: ${name}: missing: ${each}`),
      ...more(should, does).map(each => `${of}: ${name}: unexpected: ${each}`),
    ]
  })
}

type Tally = ReadonlyMap<string, number>
const tally = (lines: readonly string[]): Tally => {
  const counts = new Map<string, number>()
  for (const each of lines) counts.set(each, (counts.get(each) ?? 0) + 1)
  return counts
}
