/** Cases: the list of those that need someone, and what one can do about each. */
import { h } from './dom.js'
import { ago, caseBadge, count, interval, SEVERITIES, shipmentName, time, words } from './format.js'
import { steady, waiting } from './steady.js'

const GROUPS = [
  ['high', 'High'],
  ['medium', 'Medium'],
  ['low', 'Low'],
]
/** Of each severity: more than that nobody works through on one page. */
const SHOWN = 50

const CLOSED = 'closed'

/** What to ask the API for, of what the address says: each severity by itself, and those that are over in one. */
export const caseQueries = ({ filter }) =>
  filter === CLOSED
    ? [{ state: 'resolved,withdrawn', limit: SHOWN }]
    : GROUPS.filter(([severity]) => !filter || filter === severity).map(([severity]) => ({
        ...{ state: 'open,acknowledged', severity },
        limit: SHOWN,
      }))

export function casesView(state, act) {
  const { at, cases, overview } = state
  const isOver = at.filter === CLOSED
  return h(
    'section',
    { class: 'whole', key: 'cases', 'aria-labelledby': 'cases-title' },
    h('h2', { id: 'cases-title' }, isOver ? 'Closed cases' : 'Open cases'),
    h(
      'nav',
      { class: 'chips', 'aria-label': 'Which cases' },
      [['', 'All'], ...GROUPS, [CLOSED, 'Closed']].map(([severity, name]) =>
        h(
          'a',
          {
            class: 'chip',
            href: act.href({ view: at.view, filter: severity }),
            'aria-current': at.filter === severity ? 'true' : null,
          },
          severity in SEVERITIES ? h('span', { class: `dot ${SEVERITIES[severity]}` }) : null,
          name,
          severity === CLOSED
            ? null
            : h('span', { class: 'count' }, overview ? count(howMany(overview, severity)) : ''),
        ),
      ),
    ),
    cases === undefined
      ? h('p', { class: 'quiet', key: 'wait' }, 'Loading…')
      : cases.every(({ cases: some }) => some.length === 0)
        ? h('p', { class: 'quiet', key: 'none' }, isOver ? 'None yet.' : 'Nothing needs you.')
        : h(
            'div',
            { key: 'some' },
            isOver ? null : nameField(act),
            cases.map((page, i) => group(caseQueries(at)[i]?.severity ?? CLOSED, page, state, act)),
          ),
  )
}

const howMany = ({ openCases }, severity) =>
  severity ? openCases[severity] : Object.values(openCases).reduce((sum, n) => sum + n, 0)

function group(severity, page, { now, sending }, act) {
  const id = `cases-${severity}`
  const { items, news, isGone } = steady(id, severity, page.cases, ({ caseId }) => caseId)
  if (items.length === 0) return null
  const title = GROUPS.find(([name]) => name === severity)?.[1]
  return h(
    title ? 'section' : 'div',
    { class: 'part', key: severity, 'aria-labelledby': title ? `${id}-title` : null },
    title ? h('h3', { id: `${id}-title` }, title) : null,
    waiting(news, id, act),
    h(
      'div',
      { class: 'case-grid', id },
      items.map(aCase => caseCard(aCase, { now, sending, inShipment: false, isGone: isGone(aCase) }, act)),
    ),
    page.nextCursor ? h('p', { class: 'quiet' }, 'These are the newest; there are more.') : null,
  )
}

export const nameField = act =>
  h(
    'p',
    { class: 'name', key: 'name' },
    h('label', { for: 'name' }, 'Your name'),
    h('input', {
      id: 'name',
      autocomplete: 'name',
      maxlength: '200',
      value: act.name(),
      oninput: event => act.setName(event.target.value),
    }),
  )

/** `places`: the names of the stops of its shipment, where that is known. */
export function caseCard(aCase, { now, sending, inShipment, places = {}, isGone = false }, act) {
  const { caseId, kind, subject, shipmentId, stopId, state, owner, openedAt, closedAt, closedBy, notes } = aCase
  const open = !isGone && (state === 'open' || state === 'acknowledged')
  return h(
    'article',
    {
      class: 'case',
      key: caseId,
      'aria-label': `${words(kind)}, ${shipmentId ? shipmentName(shipmentId) : subject.id}`,
    },
    h(
      'div',
      null,
      caseBadge(aCase),
      inShipment
        ? null
        : shipmentId
          ? [' ', h('a', { href: act.href({ view: '', shipment: shipmentId }) }, shipmentName(shipmentId))]
          : ` ${subject.kind} ${subject.id}`,
      stopId ? h('span', { class: 'quiet' }, ` at ${places[stopId] ?? stopId}`) : null,
    ),
    h(
      'div',
      { class: 'quiet' },
      open
        ? ['since ', time(openedAt, now), ` (${ago(openedAt, now)})`]
        : [
            time(openedAt, now),
            closedAt ? [' to ', time(closedAt, now)] : null,
            isGone ? ' · closed meanwhile' : ` · ${state}`,
          ],
      owner ? ` · ${owner} has it` : null,
      closedBy ? ` · closed by ${closedBy}` : null,
    ),
    evidence(aCase.evidence, now),
    notes.length > 0
      ? h(
          'ul',
          { class: 'plain notes' },
          notes.map(({ by, at, text }) =>
            h(
              'li',
              { key: at + by },
              h('strong', null, by),
              ' ',
              h('span', { class: 'quiet' }, time(at, now)),
              h('div', null, text),
            ),
          ),
        )
      : null,
    open ? actions(aCase, sending[caseId], act) : null,
  )
}

/** `{"silentSince": "2026-03-01T12:00:00.000Z"}` → a name and a time. */
function evidence(found, now) {
  if (typeof found !== 'object' || found === null) return found ? h('p', null, String(found)) : null
  const name = key => words(key.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`))
  const value = said => {
    if (typeof said === 'object' && 'p50' in said) return interval(said, now)
    if (typeof said === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(said)) return time(said, now)
    if (Array.isArray(said) && said.every(one => typeof one !== 'object'))
      return said.map(one => shipmentName(String(one))).join(', ')
    return typeof said === 'object' ? JSON.stringify(said) : String(said)
  }
  const rows = Object.entries(found).filter(([, said]) => said !== null)
  return rows.length > 0
    ? h(
        'dl',
        { class: 'facts' },
        rows.map(([key, said]) => h('div', { key }, h('dt', null, name(key)), h('dd', null, value(said)))),
      )
    : null
}

const BUTTONS = [
  ['acknowledge', 'Acknowledge'],
  ['resolve', 'Resolve'],
  ['comment', 'Comment'],
]

function actions(aCase, sending, act) {
  const { caseId, state, kind } = aCase
  const field = `text-${caseId}`
  const busy = sending?.state === 'busy'
  return h(
    'form',
    { class: 'actions', onsubmit: event => event.preventDefault() },
    h('label', { for: field }, 'Comment'),
    h('textarea', { id: field, rows: '2', maxlength: '4000' }),
    h(
      'div',
      { class: 'buttons' },
      BUTTONS.filter(([action]) => !(action === 'acknowledge' && state === 'acknowledged')).map(([action, name]) =>
        h(
          'button',
          {
            key: action,
            type: 'button',
            // Not `disabled`: that would take the focus away from whoever pressed it.
            'aria-disabled': busy ? 'true' : null,
            'aria-label': `${name} ${words(kind).toLowerCase()}`,
            onclick: () => busy || act.onCase(action, aCase, document.getElementById(field)),
          },
          name,
        ),
      ),
    ),
    sending
      ? h(
          'p',
          {
            class: sending.state === 'failed' ? 'error' : 'quiet',
            role: sending.state === 'failed' ? 'alert' : 'status',
          },
          sending.text,
        )
      : null,
  )
}
