/**
 * Visits of a vehicle to one place, from the sound fixes that count there, in order: its series.
 *
 *     outside  inside … inside  outside  inside … inside  outside
 *              ▲ first          └ under 10 min ┘    last ▲  ▲ next          one visit; a stay if it spans 2 min
 *
 * Inside fixes belong to one visit if nothing lies between them, or less than 10 minutes. Every inside fix is in
 * exactly one visit, so a change in the series concerns only the visits around it: `revisited` looks at no others
 * and ends where `visitsOf` the whole series would.
 */
import { type At, inOrder } from '../streams/evidence.ts'
import { minutes } from '../streams/time.ts'
import type { Point } from './geo.ts'

/** A fix of the series: where and when. */
export interface Seen extends At, Point {}

export interface Visit {
  readonly first: Seen
  /** The last one inside. Of a stay that goes on it is not kept up to date: so long as `next` is null it is the series' end. */
  readonly last: Seen
  /** The fix after the last one, which is outside; null while there is none. */
  readonly next: Seen | null
}

/** Shorter visits are drive-bys: a queue at the gate, a wrong turn. */
const STAY_MS = minutes(2)
/** Whoever is back sooner has not been away. */
export const APART_MS = minutes(10)

export const isStay = ({ first, last }: Visit): boolean => last.at - first.at >= STAY_MS

type Inside = (fix: Seen) => boolean

export function visitsOf(series: Iterable<Seen>, inside: Inside): Visit[] {
  const visits: Visit[] = []
  let before: Seen | undefined
  for (const fix of series) {
    if (before) add(visits, before, fix)
    before = inside(fix) ? fix : undefined
  }
  if (before) add(visits, before, null)
  return visits
}
const add = (visits: Visit[], fix: Seen, next: Seen | null) => join(visits, { first: fix, last: fix, next })

/** What changed in a series, and the fixes around the change. */
export interface Zone {
  /** The nearest fix before all that changed, and after. */
  readonly left: Seen | undefined
  readonly right: Seen | undefined
  /** What the series held between them, and what it holds now; in order, and not both empty. */
  readonly was: readonly Seen[]
  readonly now: readonly Seen[]
  /** The series further on, beginning with `left` going back and with `right` going on; read only as far as needed. */
  readonly back: () => Iterable<Seen>
  readonly on: () => Iterable<Seen>
  /** The last fix that the series held. */
  readonly end: () => Seen | undefined
}

/** The visits after a change of the series; the same array where a stay merely goes on. */
export function revisited(known: readonly Visit[], zone: Zone, inside: Inside): readonly Visit[] {
  if (goesOn(known, zone, inside)) return known
  const { left, right, was, now } = zone
  const visits = upToDate(known, zone)
  const start = earlier(was[0], now[0])
  const end = later(was.at(-1), now.at(-1))
  const before = visits.filter(({ last }) => inOrder(last, start) < 0)
  const after = visits.filter(({ first }) => inOrder(first, end) > 0)
  const [firstCut, lastCut] = [visits[before.length], visits.at(-1 - after.length)]

  const pieces: Visit[] = []
  // What is left of a visit that began before the change, or the visit that lies before it, with its next fix anew.
  if (firstCut && inOrder(firstCut.first, start) < 0) pieces.push(headOf(firstCut, zone, inside))
  else {
    const last = before.pop()
    if (last) pieces.push(isSame(last.last, left) ? { ...last, next: now[0] ?? right ?? null } : last)
  }
  now.forEach((fix, i) => {
    if (inside(fix)) pieces.push({ first: fix, last: fix, next: now[i + 1] ?? right ?? null })
  })
  if (lastCut && inOrder(lastCut.last, end) > 0) pieces.push(tailOf(lastCut, zone, inside))
  else {
    const next = after.shift()
    if (next) pieces.push(next)
  }
  const middle: Visit[] = []
  for (const piece of pieces) join(middle, piece)
  return [...before, ...middle, ...after]
}

/** Whether all that happened is that the vehicle is still there, of which nobody needs to hear. */
const goesOn = (visits: readonly Visit[], { left, right, was, now }: Zone, inside: Inside): boolean => {
  const last = visits.at(-1)
  if (last?.next !== null || !isStay(last) || right || was.length > 0) return false
  return left !== undefined && inside(left) && now.every(inside)
}

/** With the last visit, if it goes on, up to the end of the series. */
function upToDate(visits: readonly Visit[], { left, right, was, end }: Zone): readonly Visit[] {
  const visit = visits.at(-1)
  if (visit?.next !== null) return visits
  const last = right ? end() : (was.at(-1) ?? left)
  return last ? visits.with(-1, { ...visit, last }) : visits
}

/**
 * The visits of a series of which only what lies from `start` on is still there: those scanned in it, with those known
 * from before. Of a visit that lies across the start, its beginning is known, and from there on what was scanned.
 */
export function recalled(
  known: readonly Visit[],
  start: At | undefined,
  series: readonly Seen[],
  scanned: readonly Visit[],
): Visit[] {
  const isGone = (fix: At) => start === undefined || inOrder(fix, start) < 0
  const visits: Visit[] = []
  for (const { first, last, next } of known) {
    if (!isGone(first)) break
    const [after] = scanned
    if (isGone(last)) visits.push({ first, last, next: next && isGone(next) ? next : (series[0] ?? null) })
    else if (after && inOrder(after.first, last) <= 0) visits.push({ first, last: first, next: after.first })
    else visits.push({ first, last: first, next: series[0] ?? null })
  }
  for (const visit of scanned) join(visits, visit)
  return visits
}

/** Add a visit: to the one before, if they are one. */
function join(visits: Visit[], visit: Visit): void {
  const before = visits.at(-1)
  if (before && (isSame(visit.first, before.next) || visit.first.at - before.last.at < APART_MS))
    visits[visits.length - 1] = { first: before.first, last: visit.last, next: visit.next }
  else visits.push(visit)
}

/** A visit up to the change. Its last fix before that is near: else they would not have been one visit. */
function headOf({ first }: Visit, { now, right, back }: Zone, inside: Inside): Visit {
  let next: Seen | null = now[0] ?? right ?? null
  for (const fix of back()) {
    if (inside(fix)) return { first, last: fix, next }
    if (inOrder(fix, first) <= 0) break
    next = fix
  }
  return { first, last: first, next } // the track no longer reaches back that far
}

/** A visit from the change on. */
function tailOf({ last, next }: Visit, { on }: Zone, inside: Inside): Visit {
  for (const fix of on()) if (inside(fix)) return { first: fix, last, next }
  return { first: last, last, next }
}

const isSame = (a: At, b: At | null | undefined): boolean => b != null && a.at === b.at && a.id === b.id
const earlier = (a: Seen | undefined, b: Seen | undefined): Seen => pick(a, b, -1)
const later = (a: Seen | undefined, b: Seen | undefined): Seen => pick(a, b, 1)
function pick(a: Seen | undefined, b: Seen | undefined, direction: -1 | 1): Seen {
  if (a && b) return inOrder(a, b) * direction >= 0 ? a : b
  const only = a ?? b
  if (!only) throw new Error('nothing changed')
  return only
}
