/**
 * How far arrivals lie from what plan and way foretell: learnt from those of late, by circumstances, and laid over the next.
 *
 * What is learnt is the quantiles of (actual − foretold time left) / (foretold time left + 20 min). What few arrivals tell
 * is drawn towards what the coarser circumstances tell, the lane's towards everywhere's, and all of it towards a prior
 * that is wide. A prediction teaches only once its outcome would be known even if it came out badly: else the first to
 * arrive would speak for those that are still under way.
 */
import type { LaneModel, LaneTrip, LearntCell } from '../schemas/generated/events.ts'
import { hours, type Instant, type Millis, minutes } from '../streams/time.ts'
import { isTight, type Outlook } from './outlook.ts'

/** Differences count relative to the time left and this. */
const AT_LEAST_MS = minutes(20)
/** Before anything is learnt: of the time left and 20 min, so much less or more. */
const [PRIOR_LESS, PRIOR_MORE] = [0.3, 0.2]
/** So many arrivals weigh as much as what is known without them. */
const WEIGHT = 20
/** What fewer arrivals tell says next to nothing. */
const ENOUGH_ARRIVALS = 3
/** So long after it was made the outcome of a prediction is known: this many times the time left, and two hours. */
const [KNOWN_TIMES, KNOWN_MS] = [1.5, hours(2)]
const THOUSANDTHS = 1_000

export type Quantiles = readonly [p10: number, p50: number, p90: number]
type Learnt = Pick<LaneModel, 'cells' | 'arrivals'>
const NOTHING: Learnt = { cells: [], arrivals: 0 }

/** What is known of each cell, from trips over one lane; `now`: when it is learnt. A function of the set of trips. */
export function learnt(trips: readonly LaneTrip[], now: Instant): Learnt {
  const cells = new Map<string, { arrivals: Set<Instant>; off: number[] }>()
  // Shipments on one vehicle arrive at one moment: that is one arrival.
  const arrivals = new Set<Instant>()
  for (const { arrivedAt, predictions } of trips.flatMap(({ calls }) => calls))
    for (const { madeAt, leftMs, cell } of predictions) {
      if (madeAt + KNOWN_TIMES * leftMs + KNOWN_MS > now) continue
      arrivals.add(arrivedAt)
      for (const name of beginnings(cell)) {
        const found = cells.get(name) ?? { arrivals: new Set(), off: [] }
        cells.set(name, found)
        found.arrivals.add(arrivedAt)
        found.off.push((arrivedAt - madeAt - leftMs) / (leftMs + AT_LEAST_MS))
      }
    }
  const told = [...cells].filter(
    ([
      ,
      {
        arrivals: { size },
      },
    ]) => size >= ENOUGH_ARRIVALS,
  )
  const inOrder = told.sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    arrivals: arrivals.size,
    cells: inOrder.map(([cell, found]) => cellOfOutcomes(cell, found.arrivals.size, found.off)),
  }
}

/** From the coarsest circumstances that these are part of to themselves. */
const beginnings = (cell: string): string[] => Array.from(cell, (_, i) => cell.slice(0, i + 1))

function cellOfOutcomes(cell: string, arrivals: number, off: readonly number[]): LearntCell {
  const [p10, p50, p90] = quantiles(off).map(each => Math.round(each * THOUSANDTHS) + 0) as unknown as Quantiles
  return { cell, arrivals, p10, p50, p90 }
}

/** As conformal prediction takes them: of n outcomes the one at rank q × (n + 1), outwards. */
export function quantiles(outcomes: readonly number[]): Quantiles {
  const sorted = Float64Array.from(outcomes).sort()
  const at = (rank: number): number => sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? 0
  const n = sorted.length + 1
  return [at(Math.floor(0.1 * n)), at(Math.round(0.5 * n)), at(Math.ceil(0.9 * n))]
}

/**
 * The time left, one in ten, one in two and nine in ten. From everywhere counts what was learnt of ever finer
 * circumstances; from the lane only of these very ones, or few arrivals would count again and again.
 */
export function calibrated(
  outlook: Outlook,
  cell: string,
  everywhere: Learnt | undefined,
  lane: Learnt | undefined,
): readonly [Millis, Millis, Millis] {
  const scaleMs = outlook.leftMs + AT_LEAST_MS
  let off = prior(outlook, scaleMs)
  for (const name of beginnings(cell)) off = drawn(off, everywhere, name)
  off = drawn(off, lane, cell)
  const left = (share: number): Millis => Math.max(0, outlook.leftMs + share * scaleMs)
  return [left(off[0]), left(off[1]), left(off[2])]
}

/** Where the plan leaves no night and the hours at the wheel demand one, either may be. */
function prior(outlook: Outlook, scaleMs: Millis): Quantiles {
  const { wayMs, leftMs } = outlook
  const restsMs = isTight(outlook) ? Math.max(0, wayMs - leftMs) : 0
  return [-PRIOR_LESS, 0, PRIOR_MORE + restsMs / scaleMs]
}

function drawn(from: Quantiles, { cells }: Learnt = NOTHING, name: string): Quantiles {
  const known = cells.find(({ cell }) => cell === name)
  if (!known) return from
  const by = known.arrivals / (known.arrivals + WEIGHT)
  const mixed = (before: number, thousandths: number) => before + by * (thousandths / THOUSANDTHS - before)
  return [mixed(from[0], known.p10), mixed(from[1], known.p50), mixed(from[2], known.p90)]
}
