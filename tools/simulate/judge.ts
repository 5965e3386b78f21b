/** The truth of a simulated world beside what Milepost found. Pure; every figure says of how many it is. */
import { HOUR, MINUTE } from '../feeder/delivery.ts'
import type { TrueLine } from './happenings.ts'

export interface FoundCase {
  readonly kind: string
  readonly subject: string
  readonly stopId: string | null
  /** Not withdrawn: it was so, or still is. */
  readonly stands: boolean
  readonly openedAt: number
}
export interface FoundEta {
  readonly shipmentId: string
  readonly stopId: string
  readonly asOf: number
  readonly p10: number
  readonly p50: number
  readonly p90: number
  readonly modelId: string
}
export interface Found {
  readonly cases: readonly FoundCase[]
  readonly milestones: readonly {
    readonly shipmentId: string
    readonly stopId: string
    readonly code: string
    readonly at: number
    readonly by: string
  }[]
  readonly etas: readonly FoundEta[]
}

export interface KindScore {
  readonly kind: string
  readonly truth: number
  readonly found: number
  readonly right: number
  /** null: nothing to divide by; of a kind that Milepost does not look for yet both are null. */
  readonly precision: number | null
  readonly recall: number | null
  /** Told at some time and taken back later. */
  readonly withdrawn: number
  /** Some of what was missed, and of what was found though it was not so. */
  readonly missed: readonly string[]
  readonly wrong: readonly string[]
}
export interface ArrivalScore {
  readonly event: 'arrival' | 'departure'
  readonly truth: number
  readonly found: number
  /** Within the tolerance of the true time. */
  readonly right: number
  readonly medianErrorSeconds: number | null
  readonly recall: number | null
  readonly precision: number | null
  readonly wrong: readonly string[]
}
export interface HorizonScore {
  readonly hoursForetold: string
  readonly etas: number
  /** p50 from the arrival. */
  readonly medianAbsoluteErrorMinutes: number
  readonly meanAbsoluteErrorMinutes: number
  /** Of the arrivals how many lie within p10–p90; 0.8 is what the interval promises. */
  readonly coverage: number
  readonly medianWidthMinutes: number
}
export interface Verdict {
  readonly shipments: number
  readonly visits: number
  readonly cases: readonly KindScore[]
  readonly arrivals: readonly ArrivalScore[]
  readonly etas: readonly HorizonScore[]
}

const DETECTED = new Set([
  ...['late', 'missed_milestone', 'no_signal', 'ambiguous_reference'],
  ...['dwell', 'out_of_sequence', 'impossible_movement', 'stale_source', 'late_risk'],
])
/** Of these an end is a withdrawal (docs/rules.md): what was told once counts as found. */
const WITHDRAWN_WHEN_MENDED = new Set(['ambiguous_reference'])
/** One case each time it happens, though it is one record that opens again. */
export const COMES_AGAIN: ReadonlySet<string> = new Set(['stale_source'])
/** A device reports every minute or so, and what it missed a carrier tells to some minutes. */
const TOLERANCE_MS = 5 * MINUTE
const HORIZONS_H = [0.25, 0.5, 1, 2, 4, 8, 16, 32, Infinity]
const MOST_EXAMPLES = 8

/** Compares; `detected`: the kinds of cases that this Milepost looks for. */
export function judge(truth: readonly TrueLine[], found: Found, detected: ReadonlySet<string> = DETECTED): Verdict {
  const visits = truth.filter(line => line.type === 'visit')
  return {
    shipments: truth.filter(line => line.type === 'shipment').length,
    visits: visits.length,
    cases: casesOf(truth, found, detected),
    arrivals: (['arrival', 'departure'] as const).map(event => arrivalsOf(event, visits, found)),
    etas: etasOf(visits, found),
  }
}

type Visit = Extract<TrueLine, { type: 'visit' }>
type TrueCase = Omit<Extract<TrueLine, { type: 'case' }>, 'kind'> & { readonly kind: string }

/** From when on the world has so little left to do that its feeds fall silent for want of anything to tell. */
function runsOutAt(truth: readonly TrueLine[]): number {
  const arrivals = truth.flatMap(line => (line.type === 'visit' ? Date.parse(line.arrivedAt) : []))
  return quantile(arrivals, 0.9)
}
const keyOf = ({ kind, subject, stopId, from }: Pick<TrueCase, 'kind' | 'subject' | 'stopId' | 'from'>) =>
  `${kind} ${subject} ${stopId ?? '-'}${COMES_AGAIN.has(kind) ? ` ${from}` : ''}`
/** The key of the true case that it tells of, or one of its own. */
function keyFound(found: FoundCase, truth: readonly TrueCase[]): string {
  const { kind, subject, openedAt } = found
  if (!COMES_AGAIN.has(kind)) return keyOf({ ...found, from: '' })
  const during = ({ from, until }: TrueCase) =>
    Date.parse(from) <= openedAt && (until === null || openedAt < Date.parse(until))
  const from = truth.find(each => each.subject === subject && during(each))?.from
  return keyOf({ ...found, from: from ?? new Date(openedAt).toISOString() })
}
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

function casesOf(truth: readonly TrueLine[], found: Found, detected: ReadonlySet<string>): KindScore[] {
  const runsOut = runsOutAt(truth)
  const lines = truth
    .filter(line => line.type === 'case')
    .filter(({ kind, from }) => kind !== 'stale_source' || Date.parse(from) < runsOut)
  const kinds = new Set([...detected, ...lines.map(({ kind }) => kind), ...found.cases.map(({ kind }) => kind)])
  return [...kinds].map(kind => {
    const mine = lines.filter(each => each.kind === kind)
    const should = new Map(mine.map(each => [keyOf(each), each]))
    const told = found.cases.filter(each => each.kind === kind && (kind !== 'stale_source' || each.openedAt < runsOut))
    const does = new Map(
      told.filter(({ stands }) => stands || WITHDRAWN_WHEN_MENDED.has(kind)).map(each => [keyFound(each, mine), each]),
    )
    const right = [...does.keys()].filter(key => should.has(key)).length
    const sought = detected.has(kind)
    return {
      ...{ kind, truth: should.size, found: does.size, right },
      precision: sought ? share(right, does.size) : null,
      recall: sought ? share(right, should.size) : null,
      withdrawn: told.filter(({ stands }) => !stands).length,
      missed: sought
        ? [...should].flatMap(([key, { cause, from, until }]) =>
            does.has(key) ? [] : [`${key}: ${cause}, ${from}–${until ?? ''}`],
          )
        : [],
      wrong: [...does].flatMap(([key, { openedAt }]) =>
        should.has(key) ? [] : [`${key}: since ${new Date(openedAt).toISOString()}`],
      ),
    }
  })
}

function arrivalsOf(event: 'arrival' | 'departure', visits: readonly Visit[], found: Found): ArrivalScore {
  const begins = event === 'arrival' ? 'arrived_' : 'departed_'
  const told = new Map(
    found.milestones
      .filter(({ code }) => code.startsWith(begins))
      .map(({ shipmentId, stopId, at }) => [`${shipmentId} ${stopId}`, at]),
  )
  const errors: number[] = []
  const wrong: string[] = []
  for (const { shipmentId, stopId, arrivedAt, departedAt } of visits) {
    const at = told.get(`${shipmentId} ${stopId}`)
    if (at === undefined) continue
    const error = at - Date.parse(event === 'arrival' ? arrivedAt : departedAt)
    errors.push(Math.abs(error))
    if (Math.abs(error) > TOLERANCE_MS && wrong.length < MOST_EXAMPLES)
      wrong.push(`${shipmentId} ${stopId}: ${Math.round(error / MINUTE)} min off`)
  }
  const right = errors.filter(error => error <= TOLERANCE_MS).length
  return {
    ...{ event, truth: visits.length, found: told.size, right },
    medianErrorSeconds: errors.length === 0 ? null : Math.round(quantile(errors, 0.5) / 1_000),
    recall: share(right, visits.length),
    precision: share(right, told.size),
    wrong,
  }
}

function etasOf(visits: readonly Visit[], { etas }: Found): HorizonScore[] {
  const arrivals = new Map(visits.map(each => [`${each.shipmentId} ${each.stopId}`, Date.parse(each.arrivedAt)]))
  const byHorizon = HORIZONS_H.map(() => ({ errors: [] as number[], widths: [] as number[], covered: 0 }))
  for (const { shipmentId, stopId, asOf, p10, p50, p90 } of etas) {
    const arrivedAt = arrivals.get(`${shipmentId} ${stopId}`)
    if (arrivedAt === undefined || arrivedAt <= asOf) continue
    // By what was foretold: who comes late has been near for long, and would make the last hours look wrong.
    const bucket = byHorizon[HORIZONS_H.findIndex(hours => p50 - asOf <= hours * HOUR)]
    bucket?.errors.push(Math.abs(p50 - arrivedAt))
    bucket?.widths.push(p90 - p10)
    if (bucket && p10 <= arrivedAt && arrivedAt <= p90) bucket.covered++
  }
  const name = (i: number) => `${HORIZONS_H[i - 1] ?? 0}–${HORIZONS_H[i] === Infinity ? '' : HORIZONS_H[i]}`
  const scored = [...byHorizon.entries()].map(([i, each]) => scoreOf(name(i), each))
  const all = { errors: byHorizon.flatMap(each => each.errors), widths: byHorizon.flatMap(each => each.widths) }
  const covered = byHorizon.reduce((sum, each) => sum + each.covered, 0)
  return [...scored, scoreOf('all', { ...all, covered })].filter(({ etas: n }) => n > 0)
}

interface Errors {
  readonly errors: readonly number[]
  readonly widths: readonly number[]
  readonly covered: number
}
const scoreOf = (hoursForetold: string, { errors, widths, covered }: Errors): HorizonScore => ({
  hoursForetold,
  etas: errors.length,
  medianAbsoluteErrorMinutes: minutes(quantile(errors, 0.5)),
  meanAbsoluteErrorMinutes: minutes(errors.reduce((a, b) => a + b, 0) / Math.max(1, errors.length)),
  coverage: covered / Math.max(1, errors.length),
  medianWidthMinutes: minutes(quantile(widths, 0.5)),
})
const minutes = (ms: number) => Math.round(ms / 6_000) / 10
const quantile = (of: readonly number[], q: number) =>
  Float64Array.from(of).sort()[Math.floor(q * (of.length - 1))] ?? 0
