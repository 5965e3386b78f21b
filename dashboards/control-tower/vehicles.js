/** The list beside the map: every vehicle, those first that need somebody. */
import { h } from './dom.js'
import { ago, clockTime, count, shipmentName, span } from './format.js'
import { COURSE, ID, NEXT, OCCURRED_AT, rankOf, SHIPMENTS, SPEED, STANDINGS, standingOf } from './standing.js'
import { steady, waiting } from './steady.js'

const LIST = 'vehicle-list'

export function vehiclesPanel({ at, vehicles, now }, act) {
  const nowMs = Date.parse(now)
  const all = [...vehicles.values()].map(row => {
    const standing = standingOf(row, nowMs)
    return { row, standing, rank: rankOf(standing), lateByS: row[NEXT]?.[2] ?? -Infinity }
  })
  const search = at.search.toLowerCase()
  const wanted = all
    .filter(({ row, standing }) => (!at.filter || standing === at.filter) && fits(row, search))
    .sort((a, b) => a.rank - b.rank || b.lateByS - a.lateByS || (a.row[ID] < b.row[ID] ? -1 : 1))
  const { items, news } = steady(LIST, `${at.filter} ${at.search}`, wanted, ({ row }) => row[ID])
  return h(
    'section',
    { class: 'panel', key: 'vehicles', 'aria-labelledby': 'vehicles-title' },
    h('h2', { id: 'vehicles-title' }, 'Vehicles', h('span', { class: 'count' }, count(all.length))),
    standings(at, all, act),
    h(
      'form',
      { role: 'search', class: 'find', onsubmit: event => event.preventDefault() },
      h('label', { for: 'search', class: 'unseen' }, 'Find'),
      h('input', {
        id: 'search',
        type: 'search',
        placeholder: 'Vehicle, shipment or place',
        autocomplete: 'off',
        spellcheck: 'false',
        value: at.search,
        oninput: event => act.search(event.target.value.trim()),
      }),
    ),
    waiting(news, LIST, act),
    items.length === 0
      ? h('p', { class: 'quiet', key: 'none' }, all.length === 0 ? 'No vehicle has been seen yet.' : 'Nothing fits.')
      : h(
          'ul',
          { class: 'vehicles', id: LIST, key: 'list' },
          items.slice(0, at.shown).map(({ row, standing }) => vehicleItem(row, standing, at, now, act)),
        ),
    items.length > at.shown
      ? h(
          'button',
          { type: 'button', key: 'more', onclick: () => act.go({ shown: at.shown + 100 }, { replace: true }) },
          `Show more (${count(items.length - at.shown)})`,
        )
      : null,
  )
}

const fits = (row, search) =>
  search === '' || [row[ID], ...row[SHIPMENTS], row[NEXT]?.[0] ?? ''].some(text => text.toLowerCase().includes(search))

function standings(at, all, act) {
  const counts = Object.groupBy(all, ({ standing }) => standing)
  return h(
    'nav',
    { class: 'chips', 'aria-label': 'Which vehicles' },
    STANDINGS.map(([standing, name]) => {
      const isOn = at.filter === standing
      return h(
        'a',
        {
          class: 'chip',
          href: act.href({ ...at, shipment: '', vehicle: '', filter: isOn ? '' : standing }),
          'aria-current': isOn ? 'true' : null,
        },
        h('span', { class: `dot ${standing}` }),
        name,
        h('span', { class: 'count' }, count(counts[standing]?.length ?? 0)),
      )
    }),
  )
}

function vehicleItem(row, standing, at, now, act) {
  const shipment = row[SHIPMENTS][0] ?? ''
  const next = row[NEXT]
  return h(
    'li',
    { key: row[ID] },
    h('span', { class: `dot ${standing}`, title: STANDINGS[rankOf(standing)][1] }),
    h(
      'div',
      { class: 'what' },
      h('a', { class: 'cover', href: act.href({ ...at, vehicle: row[ID], shipment }) }, row[ID]),
      h('div', { class: 'quiet' }, load(row)),
    ),
    h(
      'div',
      { class: 'when' },
      next
        ? [h('strong', null, clockTime(next[1], now)), expected(next[2], standing)]
        : h('span', { class: 'quiet' }, ago(new Date(row[OCCURRED_AT]).toISOString(), now)),
    ),
  )
}

/** `Picking 42 and 2 more → Lyon`. */
function load({ [SHIPMENTS]: [first, ...more], [NEXT]: next }) {
  if (first === undefined) return 'carries nothing that is known'
  return `${shipmentName(first)}${more.length > 0 ? ` and ${more.length} more` : ''}${next?.[0] ? ` → ${next[0]}` : ''}`
}

const expected = (lateByS, standing) =>
  lateByS >= 60
    ? h('div', { class: `late ${standing}` }, `${span(lateByS)} late`)
    : h('div', { class: 'quiet' }, 'on time')

/** One of them that carries several shipments, or none. */
export function vehicleCard({ at, vehicles, now }, act) {
  const row = vehicles.get(at.vehicle)
  return h(
    'section',
    { class: 'detail', key: `vehicle ${at.vehicle}`, 'aria-labelledby': 'detail-title' },
    h('a', { class: 'back', href: act.href({ ...at, vehicle: '' }) }, 'All vehicles'),
    h('h2', { id: 'detail-title', tabindex: '-1' }, at.vehicle),
    row
      ? h(
          'div',
          { key: 'facts' },
          h(
            'dl',
            { class: 'facts' },
            fact('Last seen', ago(new Date(row[OCCURRED_AT]).toISOString(), now)),
            fact('Speed', row[SPEED] === null ? 'not told' : `${Math.round(row[SPEED] * 3.6)} km/h`),
            fact('Heading', row[COURSE] === null ? 'not told' : `${row[COURSE]}°`),
          ),
          h('h3', null, 'Carries'),
          row[SHIPMENTS].length === 0
            ? h('p', { class: 'quiet' }, 'Nothing that is known.')
            : h(
                'ul',
                { class: 'plain' },
                row[SHIPMENTS].map(id =>
                  h('li', { key: id }, h('a', { href: act.href({ ...at, shipment: id }) }, shipmentName(id))),
                ),
              ),
        )
      : h('p', { class: 'quiet', key: 'wait' }, 'It has not been seen yet.'),
  )
}

const fact = (name, value) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))
