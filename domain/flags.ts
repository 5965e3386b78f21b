/** Why a position is doubted. A doubted fix is kept and told of, and counts for nothing else. */
import { type Instant, minutes, seconds } from '../streams/time.ts'
import { atMostM, distanceM, type Point } from './geo.ts'

export const FUTURE = 1
export const NULL_ISLAND = 2
export const INACCURATE = 4
export const JUMP = 8
const NAMES = ['future', 'null_island', 'inaccurate', 'jump']

/** The words for a set of flags. */
export const flagNames = (flags: number): readonly string[] => WORDS[flags] ?? []
const WORDS = Array.from({ length: 16 }, (_, flags) => NAMES.filter((_name, i) => flags & (1 << i)))

const AHEAD_MS = minutes(5)
const NULL_ISLAND_DEG = 0.01
const INACCURATE_M = 500
const TOO_FAST_MPS = 70

/** What a fix says against itself, whatever lies around it: all flags but `jump`. */
export function ownFlags(
  fix: Point & { readonly accuracyM: number | null },
  occurredAt: Instant,
  receivedAt: Instant,
): number {
  let flags = 0
  if (occurredAt - receivedAt > AHEAD_MS) flags |= FUTURE
  if (Math.abs(fix.latitude) <= NULL_ISLAND_DEG && Math.abs(fix.longitude) <= NULL_ISLAND_DEG) flags |= NULL_ISLAND
  if (fix.accuracyM !== null && fix.accuracyM > INACCURATE_M) flags |= INACCURATE
  return flags
}

/** Whether nothing on wheels gets from a to b in this time. */
export function isTooFast(a: Point, b: Point, inMs: number): boolean {
  const reachM = (TOO_FAST_MPS * inMs) / seconds(1)
  return atMostM(a, b) > reachM && distanceM(a, b) > reachM
}
