/** Whether a feed is silent for much longer than it usually is. Minutes are those in which it was heard. */
import { days, hours, type Instant, later, type Millis, minutes, NEVER_YET } from '../streams/time.ts'
import type { Grounds } from './cases.ts'

export const MINUTE_MS = minutes(1)
const MINUTES_AN_HOUR = 60
/** What is usual is learnt from so much of the past of a silence. */
const LEARNT_MS = days(7)
/** A silence that ended longer ago than this, before the source was last heard, stays as it was told. */
const JUDGED_MS = days(1)
/** Of the hours in which a source was heard so many are kept, the newest: however long it is silent, what was usual stays known. */
export const HOURS_KEPT = (LEARNT_MS + JUDGED_MS) / hours(1)
/** Before so many gaps are known, and a day with its night, nobody knows what is usual. */
const ENOUGH_GAPS = 30
const ENOUGH_MS = days(1)
const USUAL = 0.99
const TIMES_USUAL = 3
/** A shorter silence is nobody's business, however regular a feed is. */
const LEAST_MS = minutes(30)

/** The minutes of an hour in which a source was heard, as bits. */
export interface HeardHour {
  readonly hour: Instant
  readonly early: number
  readonly late: number
}
export const hourOf = (at: Instant): Instant => (Math.floor(at / hours(1)) * hours(1)) as Instant

/** The same hour with one more minute; the same value if that was known. */
export function withMinute(known: HeardHour | undefined, at: Instant): HeardHour {
  const before = known ?? { hour: hourOf(at), early: 0, late: 0 }
  const minute = Math.floor((at - before.hour) / MINUTE_MS)
  const half = MINUTES_AN_HOUR / 2
  const early = minute < half ? before.early | (1 << minute) : before.early
  const late = minute < half ? before.late : before.late | (1 << (minute - half))
  return early === before.early && late === before.late ? before : { hour: before.hour, early, late }
}

/** In order; `known` in order of their hours. */
function* minutesOf(known: readonly HeardHour[]): Generator<Instant> {
  const half = MINUTES_AN_HOUR / 2
  for (const { hour, early, late } of known)
    for (let minute = 0; minute < MINUTES_AN_HOUR; minute++)
      if ((minute < half ? early & (1 << minute) : late & (1 << (minute - half))) !== 0)
        yield later(hour, minute * MINUTE_MS)
}

export interface Hush {
  readonly from: Instant
  /** undefined: it lasts, as far as anybody knows. */
  readonly until: Instant | undefined
  readonly tooLongAt: Instant
  readonly usualMs: Millis
}

export interface Judged {
  /** The last silence that was too long. */
  readonly last: Hush | undefined
  /** When the one that may be beginning will be. */
  readonly tooLongAt: Instant | undefined
  /** A silence that ended by then is not judged again. */
  readonly since: Instant
}

/** `passed`: how late it is. `lastsFrom`: when a silence began of which was told that it lasts; it is judged however old. */
export function hushes(known: readonly HeardHour[], passed: Instant, lastsFrom?: Instant): Judged {
  const heard = [...minutesOf(known)]
  const newest = heard.at(-1)
  if (newest === undefined) return { last: undefined, tooLongAt: undefined, since: NEVER_YET }
  const since = Math.min(later(newest, -JUDGED_MS), lastsFrom ?? newest) as Instant
  const now = limitAfter(heard, heard.length - 1)
  if (now && now.tooLongAt <= passed)
    return { last: { from: newest, until: undefined, ...now }, tooLongAt: undefined, since }
  return { last: lastOver(heard, since), tooLongAt: now?.tooLongAt, since }
}

function lastOver(heard: readonly Instant[], since: Instant): Hush | undefined {
  for (let i = heard.length - 1; i > 0; i--) {
    const [from, until] = [heard[i - 1], heard[i]]
    if (from === undefined || until === undefined || until <= since) return undefined
    if (until - from <= LEAST_MS) continue
    const limit = limitAfter(heard, i - 1)
    if (limit && limit.tooLongAt < until) return { from, until, ...limit }
  }
  return undefined
}

/** When a silence after the n-th minute is too long; undefined while too few gaps before it are known. */
function limitAfter(heard: readonly Instant[], n: number): Pick<Hush, 'tooLongAt' | 'usualMs'> | undefined {
  const from = heard[n]
  if (from === undefined || (heard[0] ?? from) > from - ENOUGH_MS) return undefined
  const gaps: number[] = []
  for (let i = n; i > 0; i--) {
    const [before, at] = [heard[i - 1], heard[i]]
    if (before === undefined || at === undefined || before < from - LEARNT_MS) break
    gaps.push(at - before)
  }
  if (gaps.length < ENOUGH_GAPS) return undefined
  const usualMs = Float64Array.from(gaps).sort()[Math.ceil(USUAL * gaps.length) - 1] ?? 0
  return { usualMs, tooLongAt: later(from, Math.max(LEAST_MS, TIMES_USUAL * usualMs)) }
}

export const hushGrounds = ({ from, until, tooLongAt, usualMs }: Hush): Grounds => ({
  kind: 'stale_source',
  stopId: null,
  severity: 'high',
  openedAt: tooLongAt,
  endedAt: until ?? null,
  basis: `silent since ${iso(from)}`,
  evidence: {
    silentSince: iso(from),
    usuallySilentForMinutes: Math.round(usualMs / minutes(1)),
    ...(until === undefined ? {} : { heardAgain: iso(until) }),
  },
})

/** When the silence began and ended that such evidence tells of. */
export function hushTold(evidence: string): Pick<Hush, 'from' | 'until'> {
  const { silentSince, heardAgain } = JSON.parse(evidence) as {
    readonly silentSince: string
    readonly heardAgain?: string
  }
  const at = (text: string) => Date.parse(text) as Instant
  return { from: at(silentSince), until: heardAgain === undefined ? undefined : at(heardAgain) }
}
const iso = (at: Instant): string => new Date(at).toISOString()
