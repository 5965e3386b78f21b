/** The bytes in which what is known of a shipment came: asked for only when somebody wants to see them. */
import { ask } from './api.js'
import { h } from './dom.js'
import { count, time, words } from './format.js'

const WHATS = { request: 'The plan, as it was requested', odoo: 'The picking, as Odoo has it' }
/** Of one shipment: what was answered last, or why nothing was. */
let told = {}

async function askFor(shipmentId, draw) {
  told = { shipmentId }
  try {
    const { heard } = await ask(`/v1/shipments/${encodeURIComponent(shipmentId)}/deliveries`)
    told = { shipmentId, heard }
  } catch (error) {
    told = { shipmentId, fault: error.message }
  }
  draw()
}

export const deliveries = (shipmentId, now, act) =>
  h(
    'details',
    {
      key: `deliveries ${shipmentId}`,
      ontoggle: event => event.target.open && void askFor(shipmentId, act.draw),
    },
    h('summary', null, 'As it was sent'),
    told.shipmentId === shipmentId ? answer(told, now) : null,
  )

function answer({ heard, fault }, now) {
  if (fault) return h('p', { class: 'quiet', role: 'status' }, `That did not work: ${fault}`)
  if (!heard) return h('p', { class: 'quiet' }, 'Loading…')
  if (heard.length === 0) return h('p', { class: 'quiet' }, 'Nothing of it was sent here.')
  return h(
    'ul',
    { class: 'plain sent' },
    heard.map(one => item(one, now)),
  )
}

function item({ what, code, stopId, occurredAt, delivery }, now) {
  const title = WHATS[what] ?? `${words(code)}${stopId ? ` · ${stopId}` : ''}`
  return h(
    'li',
    { key: `${what} ${code ?? ''} ${stopId ?? ''} ${occurredAt}` },
    title,
    what in WHATS ? null : [', ', time(occurredAt, now)],
    delivery
      ? bytes(delivery, `${title}, ${occurredAt}`, now)
      : h('div', { class: 'quiet' }, 'Its delivery is no longer kept.'),
  )
}

const bytes = ({ source, receivedAt, sizeBytes, index, record, text, deliveryId }, what, now) =>
  h(
    'div',
    null,
    h('div', { class: 'quiet' }, `From ${source}, received `, time(receivedAt, now)),
    code(JSON.stringify(record, null, 2), `What was sent of it: ${what}`),
    text !== null && text.trim() !== JSON.stringify(record)
      ? h(
          'details',
          { key: deliveryId },
          h('summary', null, `The whole delivery (${count(sizeBytes)} bytes; this is record ${index + 1})`),
          code(text, `The whole delivery: ${what}`),
        )
      : h(
          'div',
          { class: 'quiet' },
          text === null ? `Record ${index + 1} of a delivery of ${count(sizeBytes)} bytes` : '',
        ),
  )

/** What is wider than its place can be scrolled by keyboard, too. */
const code = (text, label) => h('pre', { tabindex: '0', role: 'region', 'aria-label': label }, text)
