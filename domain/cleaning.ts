/**
 * What hearing a fix does to the flags along the track. A fix jumps if it can't be reached from the fix before it,
 * nor the fix after it from there; the newest one, if it can't be reached from the fix before. Before and after are
 * the fixes that have nothing against themselves, whether they jump or not: so a fix concerns itself and two others.
 */
import { type At, type Evidence, inOrder } from '../streams/evidence.ts'
import { isTooFast, JUMP } from './flags.ts'
import type { Instant } from '../streams/time.ts'
import { type FixRow, isSound, soundBefore, track, TRACK_MS } from './track.ts'

/** A fix of the track as it was (undefined: not there) and as it is. */
export interface Change {
  readonly before: FixRow | undefined
  readonly after: FixRow
}

/** Whether the track's sound fixes are now others. */
export const counts = ({ before, after }: Change): boolean =>
  (before !== undefined && isSound(before)) !== isSound(after)

/** Where the newest fix lies that has nothing against itself, and where the newest sound one. */
export interface Newest {
  readonly clean: At | null
  readonly sound: At | null
}

/** What is older comes too late. */
export const horizonOf = ({ sound }: Newest): Instant => ((sound?.at ?? 0) - TRACK_MS) as Instant

const isClean = ({ value }: FixRow): boolean => (value.flags & ~JUMP) === 0

/** The changes, in order, that come of a fix that is not yet in the track. */
export function judge(kept: Evidence, fix: FixRow, { clean }: Newest): Change[] {
  if (!isClean(fix)) return [{ before: undefined, after: fix }]
  const isNewest = clean === null || inOrder(clean, fix) < 0
  const last = isNewest
    ? clean === null
      ? undefined
      : kept.get(track, clean.id, clean.at)
    : nearestClean(kept, fix, -1)
  const next = isNewest ? undefined : nearestClean(kept, fix, 1)

  const here = last !== undefined && leaps(last, fix)
  const on = next !== undefined && leaps(fix, next)
  const changes: Change[] = [{ before: undefined, after: flagged(fix, here && (on || next === undefined)) }]
  if (last) {
    const changed = again(last, here && reached(kept, last, -1))
    if (changed) changes.unshift(changed)
  }
  if (next) {
    const changed = again(next, on && reached(kept, next, 1))
    if (changed) changes.push(changed)
  }
  return changes
}

/**
 * The fixes of which it is news that they jump, or that they do not any more. Of the newest one nothing is said before
 * the next is known: whoever comes after a fix that jumps seems to jump too, until somebody comes after him.
 */
export function jumpsAmong(kept: Evidence, fix: FixRow, { clean }: Newest, changes: readonly Change[]): FixRow[] {
  if (!isClean(fix)) return []
  if (clean === null) return []
  if (inOrder(clean, fix) < 0) {
    const next = changes.find(({ after }) => inOrder(after, clean) === 0)?.after ?? kept.get(track, clean.id, clean.at)
    return next && isJump(next) ? [next] : []
  }
  return changes.flatMap(({ before, after }) =>
    inOrder(after, clean) !== 0 && isJump(after) !== (before !== undefined && isJump(before)) ? after : [],
  )
}
export const isJump = ({ value }: FixRow): boolean => value.flags === JUMP

const leaps = (a: FixRow, b: FixRow): boolean => isTooFast(a.value, b.value, b.at - a.at)

/** Whether it takes a leap to get to a fix (-1), or on from it (1; from the newest too: it is judged by the way there alone). */
function reached(kept: Evidence, fix: FixRow, direction: -1 | 1): boolean {
  const other = nearestClean(kept, fix, direction)
  if (!other) return direction === 1
  return direction === -1 ? leaps(other, fix) : leaps(fix, other)
}

function nearestClean(kept: Evidence, from: At, direction: -1 | 1): FixRow | undefined {
  for (const row of direction === -1 ? kept.backward(track, from) : kept.forward(track, from))
    if (isClean(row)) return row
  return undefined
}

const flagged = (row: FixRow, jumps: boolean): FixRow =>
  jumps ? { ...row, value: { ...row.value, flags: JUMP } } : row

/** A fix told of again with its new flags; undefined if they are as before. */
function again(row: FixRow, jumps: boolean): Change | undefined {
  const flags = jumps ? JUMP : 0
  if (row.value.flags === flags) return undefined
  return { before: row, after: { ...row, value: { ...row.value, flags, revision: row.value.revision + 1 } } }
}

/** Where they lie after the changes. */
export function newestAfter(kept: Evidence, newest: Newest, changes: readonly Change[]): Newest {
  let { clean, sound } = newest
  const lost = (place: At) => changes.some(({ after }) => inOrder(after, place) === 0 && !isSound(after))
  if (sound && lost(sound)) sound = firstOf(soundBefore(kept, sound), row => !lost(row))
  for (const { after } of changes) {
    if (isClean(after) && isAfter(after, clean)) clean = placeOf(after)
    if (isSound(after) && isAfter(after, sound)) sound = placeOf(after)
  }
  return { clean: clean && placeOf(clean), sound: sound && placeOf(sound) }
}
const isAfter = (a: At, b: At | null): boolean => b === null || inOrder(a, b) > 0
const placeOf = ({ at, id }: At): At => ({ at, id })
function firstOf(rows: Iterable<FixRow>, is: (row: FixRow) => boolean): At | null {
  for (const row of rows) if (is(row)) return placeOf(row)
  return null
}
