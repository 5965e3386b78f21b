/** Times, spans and codes as people read them. Times are the reader's own; their UTC is in the tooltip. */
import { h } from './dom.js'

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const number = new Intl.NumberFormat()

export const count = n => number.format(n)

/** The day is left out where it is that of `near`. */
export function time(iso, near) {
  const text = (near && sameDay(iso, near) ? clock : dayAndClock).format(new Date(iso))
  return h('time', { datetime: iso, title: iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC') }, text)
}

const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString()
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' })

/** Hours and minutes of milliseconds, with the weekday where it is not that of `near`. */
export const clockTime = (ms, near) =>
  sameDay(ms, near) ? clock.format(ms) : `${weekday.format(ms)} ${clock.format(ms)}`

/** `3 min`, `2 h 05`, `4 days`. */
export function span(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60)
  if (minutes < 1) return 'under 1 min'
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')}` : `${Math.round(hours / 24)} days`
}

export const ago = (iso, now) => `${span((Date.parse(now) - Date.parse(iso)) / 1000)} ago`

/** `arrived_at_pickup` → `Arrived at pickup`. */
export function words(code) {
  const text = code.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `odoo-acme-picking-38` → `Picking 38`; others keep their name. */
export const shipmentName = id => id.replace(/^odoo-.+-picking-(\d+)$/, 'Picking $1')

/** `p50 (p10–p90)`. */
export const interval = (eta, now) => [
  h('strong', null, time(eta.p50, now)),
  ' ',
  h('span', { class: 'quiet together' }, '(', time(eta.p10, now), '–', time(eta.p90, eta.p10), ')'),
]

const EARLY_S = 15 * 60
const VERY_LATE_S = 15 * 60

export function lateness({ lateByS, by }) {
  const expected = by === 'eta' ? h('span', { class: 'quiet' }, ' expected') : null
  if (lateByS >= 60)
    return [h('span', { class: `badge ${lateByS >= VERY_LATE_S ? 'bad' : 'warn'}` }, `${span(lateByS)} late`), expected]
  if (lateByS <= -EARLY_S) return [h('span', { class: 'badge good' }, `${span(lateByS)} early`), expected]
  return [h('span', { class: 'badge good' }, 'on time'), expected]
}

export const PHASES = { planned: 'Planned', under_way: 'Under way', delivered: 'Delivered', cancelled: 'Cancelled' }
export const SEVERITIES = { low: 'plain', medium: 'warn', high: 'bad' }

export const caseBadge = aCase =>
  h(
    'span',
    {
      class: `badge ${aCase.state === 'open' || aCase.state === 'acknowledged' ? SEVERITIES[aCase.severity] : 'plain'}`,
      key: aCase.caseId,
    },
    words(aCase.kind),
    aCase.state === 'acknowledged' ? ' · taken' : '',
  )

export const claimant = by => by.replace(/^positions:/, 'vehicle ').replace(/^carrier:/, 'carrier ')
