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
/** So long jumps are kept; what was told of older ones stays as it is. */
export const JUMPS_KEPT_MS = days(7)

export interface Bout {
  readonly first: VehicleJump
  /** When there were enough of them within an hour. */
  readonly openedAt: Instant
  readonly last: Instant
  readonly jumps: number
}

/** The last bout with enough jumps within an hour, if any. */
export function lastBout(known: readonly VehicleJump[]): Bout | undefined {
  const jumps = known.filter(({ retracted }) => !retracted).sort(inOrder)
  let found: Bout | undefined
  let bout: VehicleJump[] = []
  let openedAt: Instant | undefined
  for (const jump of jumps) {
    const before = bout.at(-1)
    if (!before || jump.occurredAt - before.occurredAt >= APART_MS) [bout, openedAt] = [[], undefined]
    bout.push(jump)
    const third = bout.at(-ENOUGH)
    if (third && jump.occurredAt - third.occurredAt < APART_MS) openedAt ??= jump.occurredAt
    const [first] = bout
    if (first && openedAt !== undefined) found = { first, openedAt, last: jump.occurredAt, jumps: bout.length }
  }
  return found
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
