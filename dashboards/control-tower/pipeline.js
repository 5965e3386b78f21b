/** The pipeline's health, hop by hop. */
import { ask } from './api.js'
import { h } from './dom.js'
import { count, time, words } from './format.js'

const COLUMNS = ['Hop', 'State', 'In', 'A second', 'Out', 'Dropped', 'Waiting', 'Dead letters']
const STATES = { running: 'good', catching_up: 'warn', paused: 'warn', stopped: 'bad' }

/** What the stream tells of hops takes the place of what was asked for before. */
export function withLive(pipeline, { ready, tick, hops }, before) {
  const rows = new Map(hops.map(row => [row[0], row]))
  return {
    ...pipeline,
    ready,
    tick: tick === null ? null : new Date(tick).toISOString(),
    hops: pipeline.hops.map(hop => {
      const row = rows.get(hop.hop)
      if (!row) return hop
      const [, state, read, out, , deadLetters, lag] = row
      const was = before?.rows.get(hop.hop)
      const perSecond = was ? Math.max(0, (read - was[2]) / before.seconds) : undefined
      return { ...hop, state, in: read, out, deadLetters, lag, perSecond }
    }),
  }
}

export function pipelineView({ pipeline, now }, act) {
  if (!pipeline) return h('p', { class: 'quiet', key: 'wait' }, 'Loading…')
  const { hops, tick, ready } = pipeline
  return h(
    'section',
    { class: 'whole', key: 'pipeline', 'aria-labelledby': 'pipeline-title' },
    h('h2', { id: 'pipeline-title' }, 'Pipeline'),
    h(
      'p',
      null,
      h('span', { class: `badge ${ready ? 'good' : 'bad'}` }, ready ? 'ready' : 'not ready'),
      tick ? h('span', { class: 'quiet' }, ' Clock of events: ', time(tick)) : null,
    ),
    h(
      'table',
      { role: 'table', class: 'cards numbers', 'aria-labelledby': 'pipeline-title' },
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          COLUMNS.map(name => h('th', { role: 'columnheader', scope: 'col' }, name)),
        ),
      ),
      h('tbody', { role: 'rowgroup' }, hops.map(row)),
    ),
    troubles('Refused', 'Input that was not understood.', pipeline.refused, now),
    troubles('Late', 'What came after its horizon.', pipeline.late, now),
    troubles('Dead letters', 'What could not be handled.', pipeline.deadLetters, now, letter => putBack(letter, act)),
  )
}

function row({ hop, kind, state, detail, dropped, deadLetters, lag, ...flow }) {
  const reasons = Object.entries(dropped)
  const number = (label, n, ...more) =>
    h('td', { role: 'cell', class: 'number', 'data-label': label }, h('div', null, count(n), ...more))
  return h(
    'tr',
    { role: 'row', key: `${kind} ${hop}` },
    h('th', { role: 'rowheader', scope: 'row' }, hop, h('div', { class: 'quiet' }, kind)),
    h(
      'td',
      { role: 'cell', 'data-label': 'State' },
      h(
        'div',
        null,
        h('span', { class: `badge ${STATES[state]}` }, words(state).toLowerCase()),
        detail ? h('div', { class: 'quiet' }, detail) : null,
      ),
    ),
    number('In', flow.in),
    h(
      'td',
      { role: 'cell', class: 'number', 'data-label': 'A second' },
      h('div', null, flow.perSecond === undefined ? '–' : rate(flow.perSecond)),
    ),
    number('Out', flow.out),
    number(
      'Dropped',
      reasons.reduce((sum, [, n]) => sum + n, 0),
      reasons.map(([reason, n]) => h('div', { class: 'quiet', key: reason }, `${reason}: ${count(n)}`)),
    ),
    number('Waiting', lag),
    h(
      'td',
      { role: 'cell', class: 'number', 'data-label': 'Dead letters' },
      h('div', null, h('span', { class: deadLetters > 0 ? 'badge bad' : null }, count(deadLetters))),
    ),
  )
}

const troubles = (title, meaning, { count: n, last }, now, action = () => null) =>
  h(
    'section',
    { class: 'part', key: title },
    h('h3', null, title, h('span', { class: 'count' }, count(n))),
    h('p', { class: 'quiet' }, n === 0 ? `${meaning} None.` : meaning),
    last.length > 0
      ? h(
          'ul',
          { class: 'plain' },
          last.map(({ eventId, foundBy, occurredAt, reason, at, key }) =>
            h(
              'li',
              { key: eventId },
              time(occurredAt, now),
              ` ${foundBy}: `,
              h('strong', null, reason),
              h('span', { class: 'quiet' }, ` ${at}${key === null ? '' : ` · ${key}`}`),
              action({ eventId, foundBy }),
            ),
          ),
        )
      : null,
  )

/** What became of putting back a letter, by its eventId. */
const told = new Map()

/** Once the cause is gone: the record goes back to where it lay, and is handled again. */
function putBack({ eventId, foundBy }, act) {
  const send = async () => {
    told.set(eventId, 'Sending…')
    act.draw()
    try {
      await ask(`/v1/dead-letters/${eventId}/replay`, { body: {} })
      told.set(eventId, 'Put back. If it still can’t be handled, it comes here again.')
    } catch (error) {
      told.set(
        eventId,
        error.status === 409 ? `Not put back: ${error.message}.` : `That did not work: ${error.message}`,
      )
    }
    act.draw()
  }
  const said = told.get(eventId)
  return said === undefined
    ? h(
        'button',
        { type: 'button', onclick: send, 'aria-label': `Put back what ${foundBy} could not handle` },
        'Put back',
      )
    : h('span', { class: 'quiet', role: 'status' }, ` ${said}`)
}

const rate = n => count(n < 10 ? Math.round(n * 10) / 10 : Math.round(n))
