/** The control tower: what the address says is shown, asked anew every few seconds. */
import { ask, query } from './api.js'
import { casesView } from './cases.js'
import { h, render } from './dom.js'
import { count } from './format.js'
import { pipelineView } from './pipeline.js'
import { listQuery, shipmentsView } from './shipments.js'

const EVERY_MS = 2_500
const EVERY_MS_AT_FAULT = 10_000

const state = { at: whereWeAre(), now: new Date().toISOString(), sending: {}, updated: undefined, fault: undefined }

/** The view, the filter, the search and the shipment are in the address: Back and a copied link work. */
function whereWeAre() {
  const params = new URLSearchParams(location.search)
  const { view = '', filter = '', search = '', shipment = '', login = '' } = Object.fromEntries(params)
  return { view, filter, search, shipment, login, shown: Math.min(500, Number(params.get('shown')) || 100) }
}
const href = ({ view, filter, search, shipment, shown }) =>
  `/?${query({ view, filter, search, shipment, shown: shown === 100 ? '' : shown })}`.replace(/\?$/, '')

const act = {
  href,
  go(change, { replace = false } = {}) {
    const address = href({ ...state.at, ...change })
    if (replace) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    arrive()
  },
  search: debounced(300, text => act.go({ search: text, shown: 100 }, { replace: true })),
  name: () => localStorage.getItem('name') ?? '',
  setName: name => localStorage.setItem('name', name.trim()),
  async onCase(action, { caseId, basis }, field) {
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
  if (before.filter !== state.at.filter || before.search !== state.at.search) state.list = undefined
  if (before.shipment !== state.at.shipment || before.view !== state.at.view) state.sending = {}
  draw()
  if (before.view !== state.at.view) document.getElementById('main').focus({ preventScroll: true })
  if (state.at.shipment && before.shipment !== state.at.shipment) document.getElementById('detail-title')?.focus()
  if (!state.at.shipment && before.shipment) rowLink(before.shipment)?.focus()
  void poll()
}
const rowLink = shipment => [...document.querySelectorAll('a.cover')].find(link => link.textContent === shipment)

let polling
let timer

/** Ask for what this place shows. A newer call takes the place of one under way. */
async function poll() {
  clearTimeout(timer)
  polling?.abort()
  const { signal } = (polling = new AbortController())
  try {
    const found = await fetchAll(state.at, signal)
    if (signal.aborted) return
    Object.assign(state, found, { fault: undefined, updated: new Date(), now: found.overview.now })
  } catch (error) {
    if (signal.aborted) return
    state.fault = error
  }
  draw()
  if (!document.hidden && state.fault?.status !== 401)
    timer = setTimeout(poll, state.fault ? EVERY_MS_AT_FAULT : EVERY_MS)
}

async function fetchAll({ view, shipment, ...at }, signal) {
  const get = path => ask(path, { signal })
  const found = { overview: get('/v1/overview') }
  if (view === 'cases') found.cases = get('/v1/cases?state=open,acknowledged&limit=200')
  else if (view === 'pipeline') found.pipeline = get('/v1/health/pipeline')
  else {
    found.list = get(`/v1/shipments?${query(listQuery(at))}`)
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
  ['', 'Shipments'],
  ['cases', 'Cases'],
  ['pipeline', 'Pipeline'],
]

function draw() {
  const focused = document.activeElement
  const { at, overview, fault } = state
  const openCases = overview ? Object.values(overview.openCases).reduce((sum, n) => sum + n, 0) : 0
  const title = VIEWS.find(([view]) => view === at.view)?.[1] ?? 'Shipments'
  document.title = `${openCases > 0 ? `(${openCases}) ` : ''}${at.shipment || title} · Milepost`
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
    h('p', { class: fault && fault.status !== 401 ? 'error' : 'quiet', role: 'status' }, faultText(fault)),
  ])
  render(document.getElementById('main'), [fault?.status === 401 ? howToLogIn(at) : viewOf(at)])
  keepFocus(focused)
}

/** What had the focus may be gone (a case that was closed): go on from its heading, not from the top of the page. */
function keepFocus(focused) {
  if (!focused || focused.isConnected) return
  const next = document.getElementById('detail-title') ?? document.getElementById('main')
  next.focus({ preventScroll: true })
}

const viewOf = ({ view }) =>
  view === 'cases' ? casesView(state, act) : view === 'pipeline' ? pipelineView(state) : shipmentsView(state, act)

const faultText = fault =>
  !fault || fault.status === 401
    ? ''
    : `${fault.message} What you see is ${state.updated ? `of ${state.updated.toLocaleTimeString()}` : 'not loaded'}; trying again.`

const howToLogIn = ({ login }) =>
  h(
    'section',
    { class: 'notice', key: 'login' },
    h('h2', null, login === 'failed' ? 'This link does not work any more' : 'Open the link that Milepost printed'),
    h(
      'p',
      null,
      'Milepost prints a link when it starts: look in the terminal, or the log, of the process that serves this page. The link works once, and lets this browser in for 12 hours.',
    ),
    h(
      'p',
      null,
      'Used it up, or lost it? Restart that process: it prints a new one. Programs use a token instead: ',
      h('code', null, 'milepost token create --role read'),
      '.',
    ),
  )

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
  if (event.key === 'Escape' && state.at.shipment && !event.target.matches('input, textarea')) act.go({ shipment: '' })
})
document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : void poll()))
addEventListener('popstate', arrive)
draw()
void poll()
