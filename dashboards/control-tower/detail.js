/** Everything of one shipment. */
import { caseCard, nameField } from './cases.js'
import { deliveries } from './deliveries.js'
import { h } from './dom.js'
import { ago, claimant, interval, lateness, PHASES, shipmentName, time, words } from './format.js'

export function detail({ at, shipment, missing, now, sending }, act) {
  const loaded = shipment?.shipmentId === at.shipment ? shipment : undefined
  return h(
    'section',
    { class: 'detail', key: `detail ${at.shipment}`, 'aria-labelledby': 'detail-title' },
    h(
      'a',
      { class: 'back', href: act.href({ ...at, shipment: '', vehicle: '' }) },
      at.view === '' ? 'All vehicles' : 'Back to the list',
    ),
    h('h2', { id: 'detail-title', tabindex: '-1' }, shipmentName(at.shipment)),
    loaded
      ? parts(loaded, now, sending, act)
      : h(
          'p',
          { class: 'quiet', key: 'wait' },
          missing === at.shipment ? 'There is no such shipment (yet).' : 'Loading…',
        ),
  )
}

function parts(shipment, now, sending, act) {
  const { cases, plan, milestones } = shipment
  const places = Object.fromEntries(plan.stops.map(({ stopId, place }) => [stopId, place.name]))
  const cardOf = aCase => caseCard(aCase, { now, sending, places, inShipment: true }, act)
  const open = cases.filter(({ state }) => state === 'open' || state === 'acknowledged')
  const closed = cases.filter(aCase => !open.includes(aCase))
  const elsewhere = milestones.filter(({ stopId }) => !plan.stops.some(stop => stop.stopId === stopId))
  return h(
    'div',
    { key: 'parts' },
    facts(shipment, now),
    open.length > 0 ? part('Open cases', nameField(act), open.map(cardOf)) : null,
    part(
      'Stops',
      h(
        'ol',
        { class: 'stops' },
        plan.stops.map(stop => stopOf(stop, shipment, now)),
      ),
    ),
    elsewhere.length > 0 ? part('Not of a stop of the plan', milestoneList(elsewhere, now)) : null,
    closed.length > 0 ? part('Closed cases', closed.map(cardOf)) : null,
    part('Evidence', evidence(shipment, now), deliveries(shipment.shipmentId, now, act)),
  )
}

const part = (title, ...content) => h('section', { class: 'part', key: title }, h('h3', null, title), ...content)

function facts(shipment, now) {
  const { phase, references, customerId, carrierId, companyId, vehicleId, loadId, plannedAt, lastPosition } = shipment
  const rows = [
    ['State', PHASES[phase]],
    ['Lateness', shipment.lateness ? lateness(shipment.lateness) : null],
    [
      'References',
      references.length > 0
        ? h(
            'ul',
            { class: 'plain' },
            Object.entries(Object.groupBy(references, ({ scheme }) => scheme)).map(([scheme, some]) =>
              h('li', { key: scheme }, `${scheme} ${some.map(({ value }) => value).join(', ')}`),
            ),
          )
        : null,
    ],
    ['Customer', customerId],
    ['Carrier', carrierId],
    ['Company', companyId],
    ['Vehicle', vehicleId],
    ['Load', loadId],
    ['Planned', time(plannedAt, now)],
    [
      'Last seen',
      lastPosition
        ? [
            `${ago(lastPosition.occurredAt, now)}, at ${lastPosition.latitude.toFixed(4)}, ${lastPosition.longitude.toFixed(4)}`,
            lastPosition.vehicleId === vehicleId ? null : ` (${lastPosition.vehicleId})`,
          ]
        : null,
    ],
  ].filter(([, value]) => value !== null)
  return h(
    'dl',
    { class: 'facts' },
    rows.map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  )
}

function stopOf(stop, { milestones, etas }, now) {
  const { stopId, kind, place, plannedArrival, dueBy, plannedDeparture } = stop
  const here = milestones.filter(milestone => milestone.stopId === stopId)
  const eta = etas.find(one => one.stopId === stopId)
  const reached = here.some(({ classifier, retracted }) => classifier === 'actual' && !retracted)
  return h(
    'li',
    { key: stopId, class: reached ? 'reached' : null },
    h(
      'div',
      { class: 'stop' },
      h('strong', null, place.name),
      h('span', { class: 'quiet' }, ` ${words(kind)} · ${stopId}`),
    ),
    h(
      'div',
      { class: 'quiet' },
      'Planned ',
      time(plannedArrival, now),
      plannedDeparture ? [' to ', time(plannedDeparture, plannedArrival)] : null,
      dueBy ? [' · due by ', time(dueBy, plannedArrival)] : null,
    ),
    eta && !eta.retracted ? h('div', { key: 'eta' }, 'Expected ', interval(eta, now)) : null,
    eta && eta.history.length > 1 ? etaHistory(eta, now) : null,
    here.length > 0 ? milestoneList(here, now) : null,
  )
}

const SHOWN = 20

const etaHistory = ({ history, basis, modelId }, now) =>
  h(
    'details',
    { key: 'etas' },
    h('summary', null, `How the estimate changed (${history.length})`),
    h('p', { class: 'quiet' }, `${basis} · ${modelId}`),
    h(
      'ul',
      { class: 'plain' },
      history
        .toReversed()
        .slice(0, SHOWN)
        .map(told =>
          h(
            'li',
            { key: told.revision },
            time(told.asOf, now),
            ': ',
            told.retracted ? 'none any more' : interval(told, now),
          ),
        ),
    ),
  )

const milestoneList = (milestones, now) =>
  h(
    'ul',
    { class: 'milestones' },
    milestones.map(milestone => milestoneOf(milestone, now)),
  )

function milestoneOf({ stopId, code, classifier, occurredAt, claimedBy, retracted, claims, revisions }, now) {
  const said = retracted ? h('s', null, words(code)) : words(code)
  const others = claims.filter(claim => claim.by !== claimedBy || claim.occurredAt !== occurredAt)
  return h(
    'li',
    { key: `${stopId} ${code} ${classifier}` },
    said,
    classifier === 'actual' ? null : ` (${classifier})`,
    ' ',
    time(occurredAt, now),
    retracted ? h('span', { class: 'badge plain' }, 'taken back') : null,
    h('span', { class: 'quiet' }, ` · ${claimant(claimedBy)}`),
    others.length > 0
      ? h(
          'ul',
          { class: 'plain quiet', key: 'claims' },
          others.map(claim =>
            h(
              'li',
              { key: claim.identity },
              `${claimant(claim.by)} says `,
              time(claim.occurredAt, occurredAt),
              claim.rawCode ? ` (${claim.rawCode})` : null,
            ),
          ),
        )
      : null,
    revisions.length > 1 ? corrections(revisions, occurredAt) : null,
  )
}

const corrections = (revisions, near) =>
  h(
    'details',
    { key: 'corrections' },
    h('summary', null, revisions.length === 2 ? 'Corrected once' : `Corrected ${revisions.length - 1} times`),
    h(
      'ol',
      { class: 'plain' },
      revisions.map(({ revision, occurredAt, claimedBy, retracted, receivedAt }) =>
        h(
          'li',
          { key: revision },
          retracted ? 'Taken back' : [time(occurredAt, near), ` by ${claimant(claimedBy)}`],
          h('span', { class: 'quiet' }, ', known since ', time(receivedAt, near)),
        ),
      ),
    ),
  )

function evidence({ evidence: { assignments, sightings, carrierEvents, positions } }, now) {
  const period = ({ from, until }) => [
    from ? time(from, now) : 'the beginning',
    ' to ',
    until ? time(until, now) : 'the end',
  ]
  const held = ({ retracted }) => (retracted ? ' (taken back)' : null)
  const lists = [
    ['Vehicles', assignments.map(one => [one.vehicleId, held(one), one.periods.map(each => [' · ', period(each)])])],
    [
      'Seen by positions',
      sightings.map(one => [
        `${words(one.kind)} ${one.stopId ?? ''} `,
        time(one.occurredAt, now),
        ` · ${one.vehicleId}`,
        held(one),
      ]),
    ],
    [
      'Told by carriers',
      carrierEvents.map(one => [
        `${words(one.code)}${one.classifier === 'actual' ? '' : ` (${one.classifier})`} `,
        time(one.occurredAt, now),
        ` · ${one.partner} ${one.partnerEventId}`,
        held(one),
      ]),
    ],
    [
      'On the way',
      positions
        .toReversed()
        .map(one => [
          time(one.occurredAt, now),
          ` · ${one.latitude.toFixed(4)}, ${one.longitude.toFixed(4)} · ${one.vehicleId}`,
        ]),
    ],
  ]
  return lists
    .filter(([, items]) => items.length > 0)
    .map(([title, items]) =>
      h(
        'details',
        { key: title },
        h('summary', null, `${title} (${items.length})`),
        h(
          'ul',
          { class: 'plain' },
          items.map(item => h('li', null, item)),
        ),
      ),
    )
}
