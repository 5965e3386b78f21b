/** How a vehicle stands, of a row as GET /v1/live tells it: the worst of what is known. */

export const ID = 0
export const OCCURRED_AT = 1
export const LATITUDE = 2
export const LONGITUDE = 3
export const SPEED = 4
export const COURSE = 5
export const SHIPMENTS = 6
export const WORST_CASE = 7
export const NEXT = 8

const SILENT_MS = 30 * 60_000
const LATE_S = 15 * 60

/** The worst first. */
export const STANDINGS = [
  ['bad', 'Late or serious'],
  ['warn', 'At risk'],
  ['silent', 'Silent'],
  ['good', 'On time'],
  ['idle', 'No load'],
]
const RANKS = Object.fromEntries(STANDINGS.map(([name], rank) => [name, rank]))
export const rankOf = standing => RANKS[standing]

export function standingOf(row, now) {
  const lateByS = row[NEXT]?.[2] ?? 0
  if (row[WORST_CASE] === 'high' || lateByS >= LATE_S) return 'bad'
  if (row[WORST_CASE] !== null || lateByS >= 60) return 'warn'
  if (now - row[OCCURRED_AT] > SILENT_MS) return 'silent'
  return row[SHIPMENTS].length > 0 ? 'good' : 'idle'
}
