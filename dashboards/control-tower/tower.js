/** The control tower: what the address says is shown, and asked anew when the stream says that it has changed. */
import { ask, query } from './api.js'
import { caseQueries, casesView } from './cases.js'
import { detail } from './detail.js'
import { h, render } from './dom.js'
import { count, shipmentName } from './format.js'
import { createLive } from './live.js'
import { howToLogIn } from './login.js'
import { pipelineView, withLive } from './pipeline.js'
import { listQuery, shipmentsView } from './shipments.js'
import { createStage } from './stage.js'
import { ID, SHIPMENTS } from './standing.js'
import { vehicleCard, vehiclesPanel } from './vehicles.js'

/** What is shown is asked for at most so often, however much changes, */
const AT_MOST_EVERY_MS = 1_500
/** and at least so often, however little: counts and times move on without anything being told. */
const EVERY_MS = 15_000
const EVERY_MS_AT_FAULT = 5_000
/** To put many vehicles in order takes a while. */
const DRAW_EVERY_MS = { few: 1_000, many: 3_000 }
const MANY = 1_000
const SHOWN = 100

const live = createLive({
  state: told => {
    if (state.live === told) return
    state.live = told
    drawSoon()
  },
  vehicles(rows, now, all) {
    stage.put(rows, now, all)
    if (state.hasVehicles || rows.length === 0) return drawSoon()
    state.hasVehicles = true
    draw()
  },
  changes: ({ shipments, cases }) => void (shipments.length + cases.length > 0 && pollSoon()),
  everything: () => pollSoon(),
  hops(hops) {
    const at = performance.now()
    const seconds = state.hops ? (at - state.hops.at) / 1_000 : undefined
    state.before = state.hops && { rows: new Map(state.hops.hops.map(row => [row[0], row])), seconds }
    state.hops = { ...hops, at }
    if (state.pipeline) state.pipeline = withLive(state.pipeline, state.hops, state.before)
    drawSoon()
  },
})
const state = {
  ...{ at: whereWeAre(), now: new Date().toISOString(), sending: {}, updated: undefined, fault: undefined },
  ...{ vehicles: live.vehicles, live: 'connecting', hops: undefined, before: undefined },
}
const stage = createStage(live.vehicles, row => {
  if (!row) return act.go({ vehicle: '', shipment: '' })
  act.go({ vehicle: row[ID], shipment: row[SHIPMENTS].length === 1 ? row[SHIPMENTS][0] : '' })
})

/** The view, the filter, the search and what is chosen are in the address: Back and a copied link work. */
function whereWeAre() {
  const params = new URLSearchParams(location.search)
  const { view = '', filter = '', search = '', vehicle = '', shipment = '', login = '' } = Object.fromEntries(params)
  return { view, filter, search, vehicle, shipment, login, shown: Math.min(500, Number(params.get('shown')) || SHOWN) }
}
const href = ({ view, filter, search, vehicle, shipment, shown }) =>
  `/?${query({ view, filter, search, vehicle, shipment, shown: shown === SHOWN ? '' : shown })}`.replace(/\?$/, '')

const act = {
  href,
  draw: () => draw(),
  go(change, { replace = false } = {}) {
    const address = href({ ...state.at, ...change })
    if (replace) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    arrive()
  },
  search: debounced(300, text => act.go({ search: text, shown: SHOWN }, { replace: true })),
  name: () => localStorage.getItem('name') ?? '',
  setName: name => localStorage.setItem('name', name.trim()),
  async onCase(action, { caseId, basis }, field) {
    if (state.sending[caseId]?.state === 'busy') return undefined
    const text = field.value.trim()
    const tell = (how, text) => {
      state.sending = { ...state.sending, [caseId]: { state: how, text } }
      draw()
    }
    if (action === 'comment' && text === '') {
      tell('failed', 'Write a comment first.')
      return field.focus()
    }
    tell('busy', 'Sending…')
    try {
      await ask(`/v1/cases/${encodeURIComponent(caseId)}/${action}`, {
        body: { basis, by: act.name() || undefined, text: text || undefined },
      })
      field.value = ''
      tell('done', 'Done. It shows here in a moment.')
    } catch (error) {
      tell(
        'failed',
        error.status === 409
          ? 'The case has changed since: look again, then decide.'
          : `That did not work: ${error.message}`,
      )
    }
    return poll()
  },
}

/** Another place: show what is known of it, ask for the rest, and say so to whoever cannot see it. */
function arrive() {
  const before = state.at
  state.at = whereWeAre()
  const chosen = ({ shipment, vehicle }) => shipment || vehicle
  if (before.view !== state.at.view || before.filter !== state.at.filter || before.search !== state.at.search)
    Object.assign(state, { list: undefined, cases: undefined })
  if (before.shipment !== state.at.shipment || before.view !== state.at.view) state.sending = {}
  draw()
  if (before.view !== state.at.view) document.getElementById('main').focus({ preventScroll: true })
  if (chosen(state.at) && chosen(before) !== chosen(state.at))
    document.getElementById('detail-title')?.focus({ preventScroll: state.at.view === '' })
  if (!chosen(state.at) && chosen(before)) linkTo(before)?.focus({ preventScroll: true })
  void poll()
}
const linkTo = ({ view, shipment, vehicle }) =>
  [...document.querySelectorAll('a.cover')].find(
    link => link.textContent === (view === '' ? vehicle : shipmentName(shipment)),
  )

let polling
let timer
let polledAt = -Infinity

const pollSoon = () => {
  if (document.hidden || polling) return void (state.isStale = true)
  pollAfter(Math.max(0, polledAt + AT_MOST_EVERY_MS - performance.now()))
}
const pollAfter = ms => {
  clearTimeout(timer)
  timer = setTimeout(poll, ms)
}

/** Ask for what this place shows. A newer call takes the place of one under way. */
async function poll() {
  clearTimeout(timer)
  polling?.abort()
  const mine = (polling = new AbortController())
  state.isStale = false
  polledAt = performance.now()
  try {
    const found = await fetchAll(state.at, mine.signal)
    if (mine.signal.aborted) return
    Object.assign(state, found, { fault: undefined, updated: new Date(), now: found.overview.now })
    if (found.pipeline && state.hops) state.pipeline = withLive(found.pipeline, state.hops, state.before)
    stage.age(Date.parse(state.now))
  } catch (error) {
    if (mine.signal.aborted) return
    state.fault = error
  }
  polling = undefined
  draw()
  if (document.hidden || state.fault?.status === 401) return
  pollAfter(state.fault ? EVERY_MS_AT_FAULT : state.isStale ? AT_MOST_EVERY_MS : EVERY_MS)
}

async function fetchAll({ view, shipment, ...at }, signal) {
  const get = path => ask(path, { signal })
  const found = { overview: get('/v1/overview') }
  if (view === 'cases') found.cases = Promise.all(caseQueries(at).map(one => get(`/v1/cases?${query(one)}`)))
  else if (view === 'pipeline') found.pipeline = get('/v1/health/pipeline')
  else {
    if (view === 'shipments') found.list = get(`/v1/shipments?${query(listQuery(at))}`)
    if (shipment) found.shipment = get(`/v1/shipments/${encodeURIComponent(shipment)}`).catch(missingUnlessFault)
  }
  const answers = await Promise.all(Object.values(found))
  const all = Object.fromEntries(Object.keys(found).map((name, i) => [name, answers[i]]))
  return { ...all, missing: shipment && all.shipment === undefined ? shipment : undefined }
}

function missingUnlessFault(error) {
  if (error.status !== 404) throw error
  return undefined
}

const VIEWS = [
  ['', 'Live'],
  ['shipments', 'Shipments'],
  ['cases', 'Cases'],
  ['pipeline', 'Pipeline'],
]

let drawing
const drawSoon = () => {
  drawing ??= setTimeout(draw, DRAW_EVERY_MS[live.vehicles.size > MANY ? 'many' : 'few'])
}

function draw() {
  clearTimeout(drawing)
  drawing = undefined
  const focused = document.activeElement
  const { at, overview, fault } = state
  const openCases = overview ? Object.values(overview.openCases).reduce((sum, n) => sum + n, 0) : 0
  const title = VIEWS.find(([view]) => view === at.view)?.[1] ?? 'Live'
  document.title = `${openCases > 0 ? `(${openCases}) ` : ''}${shipmentName(at.shipment) || at.vehicle || title} · Milepost`
  render(document.getElementById('top'), [
    h('h1', null, h('a', { href: '/' }, 'Milepost')),
    h(
      'nav',
      { 'aria-label': 'Views' },
      VIEWS.map(([view, name]) =>
        h(
          'a',
          { href: href({ view }), 'aria-current': at.view === view ? 'page' : null },
          name,
          view === 'cases' && openCases > 0 ? h('span', { class: 'count' }, count(openCases)) : null,
        ),
      ),
    ),
    h(
      'p',
      { class: fault && fault.status !== 401 ? 'state error' : 'state quiet', role: 'status' },
      fault
        ? faultText(fault)
        : h(
            'span',
            { key: state.live },
            h('span', { class: `pulse ${state.live}` }),
            state.live === 'live' ? 'Live' : 'Connecting…',
          ),
    ),
  ])
  const isOut = fault?.status === 401
  document.body.dataset.view = isOut ? 'out' : at.view
  document.body.dataset.chosen = at.shipment || at.vehicle ? 'yes' : 'no'
  stage.show(isOut ? { at: { view: 'out' } } : state)
  render(document.getElementById('content'), [isOut ? howToLogIn(at) : viewOf(at)])
  keepFocus(focused)
}

/** What had the focus may be gone (a case that was closed): go on from its heading, not from the top of the page. */
function keepFocus(focused) {
  if (!focused || focused.isConnected) return
  const next = document.getElementById('detail-title') ?? document.getElementById('main')
  next.focus({ preventScroll: true })
}

const viewOf = ({ view, shipment, vehicle }) => {
  if (view === 'cases') return casesView(state, act)
  if (view === 'pipeline') return pipelineView(state, act)
  if (view === 'shipments') return shipmentsView(state, act)
  return shipment ? detail(state, act) : vehicle ? vehicleCard(state, act) : vehiclesPanel(state, act)
}

const faultText = fault =>
  fault.status === 401
    ? ''
    : `${fault.message} What you see is ${state.updated ? `of ${state.updated.toLocaleTimeString()}` : 'not loaded'}; trying again.`

function debounced(ms, work) {
  let waiting
  return (...args) => {
    clearTimeout(waiting)
    waiting = setTimeout(work, ms, ...args)
  }
}

document.addEventListener('click', event => {
  const link = event.target.closest('a[href^="/"]')
  if (
    !link ||
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return
  if (new URL(link.href).pathname !== '/') return
  event.preventDefault()
  history.pushState(null, '', link.href)
  arrive()
})
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && (state.at.shipment || state.at.vehicle) && !event.target.matches('input, textarea'))
    act.go({ shipment: '', vehicle: '' })
})
/** Nobody looks: nothing is asked for, and another tab may have the connection. */
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer)
    live.close()
  } else {
    live.open()
    void poll()
  }
})
addEventListener('popstate', arrive)
draw()
live.open()
void poll()
