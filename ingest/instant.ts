import type { Instant } from '../streams/time.ts'

/** What `parseInstant` demands, for people. */
export const INSTANT_EXPECTED = 'expected an ISO 8601 time with Z or an offset, of the years 1970 to 2199'

const FIRST = 0
const END = Date.UTC(2200, 0, 1)
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const [DASH, COLON, DOT, PLUS, COMMA] = [0x2d, 0x3a, 0x2e, 0x2b, 0x2c]

/**
 * `2026-03-01T12:00:00.123456+01:00` as milliseconds since the epoch; undefined if it is not such a time. Seconds may be
 * absent (Java leaves them out at zero), so may the colon of the offset; digits beyond the millisecond are cut off. A
 * time without an offset is ambiguous, hence not one. Written by hand because each of the flood's records has one.
 */
export function parseInstant(text: string): Instant | undefined {
  const year = two(text, 0) * 100 + two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  const hour = two(text, 11)
  const minute = two(text, 14)
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59)) return undefined
  if (day > (DAYS[month - 1] ?? 0) && !(month === 2 && day === 29 && isLeap(year))) return undefined
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(13) !== COLON) return undefined
  if ((text.charCodeAt(10) | 0x20) !== 0x74) return undefined

  let second = 0
  let ms = 0
  let i = 16
  if (text.charCodeAt(i) === COLON) {
    second = two(text, 17)
    if (!(second <= 59)) return undefined
    i = 19
    const mark = text.charCodeAt(i)
    if (mark === DOT || mark === COMMA) {
      const start = ++i
      for (let digit = 100; isDigit(text, i) && i < start + 9; i++, digit /= 10) {
        if (digit >= 1) ms += digit * (text.charCodeAt(i) - 0x30)
      }
      if (i === start) return undefined
    }
  }
  const offset = offsetMinutes(text, i)
  const at = Date.UTC(year, month - 1, day, hour, minute - offset, second, ms)
  return at >= FIRST && at < END ? (at as Instant) : undefined
}

const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** Of the rest of the text; NaN if it is no offset. */
function offsetMinutes(text: string, i: number): number {
  const sign = text.charCodeAt(i)
  if ((sign | 0x20) === 0x7a) return text.length === i + 1 ? 0 : NaN
  if (sign !== PLUS && sign !== DASH) return NaN
  const colon = text.charCodeAt(i + 3) === COLON ? 1 : 0
  const hours = two(text, i + 1)
  const minutes = two(text, i + 3 + colon)
  if (text.length !== i + 5 + colon || !(hours <= 23 && minutes <= 59)) return NaN
  return (sign === PLUS ? 1 : -1) * (hours * 60 + minutes)
}

const isDigit = (text: string, i: number) => (text.charCodeAt(i) - 0x30) >>> 0 <= 9

/** Two decimal digits; NaN if they are not. */
const two = (text: string, i: number): number =>
  isDigit(text, i) && isDigit(text, i + 1) ? (text.charCodeAt(i) - 0x30) * 10 + text.charCodeAt(i + 1) - 0x30 : NaN
