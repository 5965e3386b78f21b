/** The list of shipments, and one of them beside it. */
import { detail } from './detail.js'
import { h } from './dom.js'
import { ago, caseBadge, count, interval, lateness, PHASES, shipmentName, time, words } from './format.js'
import { steady, waiting } from './steady.js'

const LIST = 'shipment-list'

const FILTERS = [['', 'All'], ['cases', 'With open cases'], ...Object.entries(PHASES)]

/** What to ask the API for, of what the address says. */
export const listQuery = ({ filter, search, shown }) => ({
  limit: shown,
  search,
  ...(filter === 'cases' ? { openCase: 'true' } : { phase: filter }),
})

export function shipmentsView(state, act) {
  const { at, list, overview, now } = state
  return h(
    'div',
    { class: at.shipment ? 'split' : 'whole', key: 'shipments' },
    h(
      'section',
      { class: 'list', 'aria-labelledby': 'list-title' },
      h('h2', { id: 'list-title' }, 'Shipments'),
      filters(at, overview, act),
      list ? listOf(list, at, now, act) : h('p', { class: 'quiet' }, 'Loading…'),
    ),
    at.shipment ? detail(state, act) : null,
  )
}

function filters(at, overview, act) {
  const howMany = filter => {
    if (!overview) return null
    if (filter === 'cases') return overview.shipmentsWithOpenCases
    const { shipments } = overview
    return filter ? shipments[filter] : Object.values(shipments).reduce((sum, n) => sum + n, 0)
  }
  return h(
    'div',
    { class: 'filters' },
    h(
      'form',
      { role: 'search', onsubmit: event => event.preventDefault() },
      h('label', { for: 'search' }, 'Find'),
      h('input', {
        id: 'search',
        type: 'search',
        placeholder: 'Shipment or reference',
        autocomplete: 'off',
        spellcheck: 'false',
        value: at.search ?? '',
        oninput: event => act.search(event.target.value.trim()),
      }),
    ),
    h(
      'nav',
      { 'aria-label': 'Which shipments' },
      FILTERS.map(([filter, name]) =>
        h(
          'a',
          {
            class: 'chip',
            href: act.href({ ...at, filter, shipment: '' }),
            'aria-current': (at.filter ?? '') === filter ? 'true' : null,
          },
          name,
          h('span', { class: 'count' }, howMany(filter) === null ? '' : count(howMany(filter))),
        ),
      ),
    ),
  )
}

const COLUMNS = ['Shipment', 'Last milestone', 'Next arrival', 'Lateness', 'Open cases', 'Last seen']

function listOf({ shipments: found, nextCursor }, at, now, act) {
  const { items: shipments, news } = steady(LIST, `${at.filter} ${at.search} ${at.shown}`, found, one => one.shipmentId)
  if (shipments.length === 0)
    return h(
      'p',
      { class: 'quiet', key: 'none' },
      at.search || at.filter ? 'Nothing fits.' : 'There are no shipments yet.',
    )
  // The roles are those that a table has anyway; on a phone its parts are laid out otherwise, and would lose them.
  return h(
    'div',
    { key: 'some' },
    waiting(news, LIST, act),
    h(
      'table',
      { id: LIST, role: 'table', class: 'cards', 'aria-labelledby': 'list-title' },
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          COLUMNS.map(name => h('th', { role: 'columnheader', scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        { role: 'rowgroup' },
        shipments.map(shipment => row(shipment, at, now, act)),
      ),
    ),
    nextCursor ? more(at, act) : null,
  )
}

const more = (at, act) =>
  at.shown < 500
    ? h('button', { type: 'button', onclick: () => act.go({ shown: at.shown + 100 }, { replace: true }) }, 'Show more')
    : h('p', { class: 'quiet' }, 'There are more: search, or choose which.')

function row(shipment, at, now, act) {
  const { shipmentId, from, to, lastMilestone, nextEta, openCases, lastPosition, phase } = shipment
  const selected = at.shipment === shipmentId
  const none = h('span', { class: 'quiet' }, '–')
  const cell = (i, ...content) =>
    h(
      'td',
      { role: 'cell', 'data-label': COLUMNS[i], class: content[0] === none ? 'empty' : null },
      h('div', null, ...content),
    )
  return h(
    'tr',
    { role: 'row', key: shipmentId, class: selected ? 'selected' : null },
    h(
      'th',
      { role: 'rowheader', scope: 'row' },
      h(
        'a',
        { class: 'cover', href: act.href({ ...at, shipment: shipmentId }), 'aria-current': selected ? 'true' : null },
        shipmentName(shipmentId),
      ),
      h('div', { class: 'quiet' }, `${from ?? '?'} → ${to ?? '?'}`),
    ),
    cell(
      1,
      lastMilestone
        ? [
            words(lastMilestone.code),
            h(
              'div',
              { class: 'quiet' },
              lastMilestone.place ? `${lastMilestone.place}, ` : '',
              time(lastMilestone.occurredAt, now),
            ),
          ]
        : h('span', { class: 'quiet' }, PHASES[phase]),
    ),
    cell(2, nextEta ? [interval(nextEta, now), h('div', { class: 'quiet' }, nextEta.place)] : none),
    cell(3, shipment.lateness ? lateness(shipment.lateness) : none),
    cell(4, openCases.length > 0 ? h('span', { class: 'badges' }, openCases.map(caseBadge)) : none),
    cell(5, lastPosition ? h('span', { title: lastPosition.vehicleId }, ago(lastPosition.occurredAt, now)) : none),
  )
}
