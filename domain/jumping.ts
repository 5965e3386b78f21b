/**
 * Positions that cannot be true, again and again: a receiver that is broken, or two devices under one name.
 *
 *     jump  jump  jump        jump                                     a bout: none is an hour from the next
 *     └──── 1 h ────┘ opened  last ├──── an hour without ────┤ ended
 */
import type { VehicleJump } from '../schemas/generated/events.ts'
import { days, hours, type Instant, later } from '../streams/time.ts'
import type { Grounds } from './cases.ts'

const ENOUGH = 3
export const APART_MS = hours(1)
/** So long jumps are kept; what they came to is remembered, and what was told of them stays as it is. */
export const JUMPS_KEPT_MS = days(7)

export interface Bout {
  readonly first: VehicleJump
  /** When there were enough of them within an hour. */
  readonly openedAt: Instant
  readonly last: Instant
  readonly jumps: number
}

/** What some jumps came to: all of them that what is said after later ones depends on. */
export interface Jumping {
  /** The last bout with enough jumps within an hour. */
  readonly bout: Bout | null
  /** Those of which none is an hour from the next, up to the last; they may be too few for a bout. */
  readonly run: Run | null
}
interface Run {
  readonly first: VehicleJump
  readonly openedAt: Instant | null
  /** When the last of them were, as many as make a bout. */
  readonly recent: readonly Instant[]
  readonly jumps: number
}
export const NO_JUMPS: Jumping = { bout: null, run: null }

/** What it comes to with these; any order. Jumps from before the last one that was counted are too late. */
export function jumpingAfter(before: Jumping, news: readonly VehicleJump[]): Jumping {
  let { bout, run } = before
  for (const jump of news.filter(({ retracted }) => !retracted).sort(inOrder)) {
    const last = run?.recent.at(-1)
    if (last !== undefined && jump.occurredAt < last) continue
    run = onwards(last !== undefined && jump.occurredAt - last < APART_MS ? run : null, jump)
    const { first, openedAt, jumps } = run
    if (openedAt !== null) bout = { first, openedAt, last: jump.occurredAt, jumps }
  }
  return { bout, run }
}

function onwards(run: Run | null, jump: VehicleJump): Run {
  const { first, openedAt, recent, jumps } = run ?? { first: jump, openedAt: null, recent: [], jumps: 0 }
  const now = [...recent, jump.occurredAt].slice(-ENOUGH)
  const [third = jump.occurredAt] = now
  const isEnough = now.length === ENOUGH && jump.occurredAt - third < APART_MS
  return { first, openedAt: openedAt ?? (isEnough ? jump.occurredAt : null), recent: now, jumps: jumps + 1 }
}
const inOrder = (a: VehicleJump, b: VehicleJump): number =>
  a.occurredAt - b.occurredAt || (a.positionId < b.positionId ? -1 : a.positionId > b.positionId ? 1 : 0)

/** `passed`: how late it is. While it lasts the jumps are not counted: not each of them is worth a word. */
export function jumpingGrounds({ first, openedAt, last, jumps }: Bout, passed: Instant): Grounds {
  const over = later(last, APART_MS)
  const endedAt = passed >= over ? over : null
  const { occurredAt, latitude, longitude } = first
  return {
    kind: 'impossible_movement',
    stopId: null,
    severity: 'low',
    openedAt,
    endedAt,
    basis: `jumping since ${iso(occurredAt)}`,
    evidence: {
      jumpingSince: iso(occurredAt),
      firstJumpTo: { latitude, longitude },
      ...(endedAt === null ? {} : { lastJump: iso(last), jumps }),
    },
  }
}
const iso = (at: Instant): string => new Date(at).toISOString()
