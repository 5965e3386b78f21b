import { type Board, chosen, shipmentPage } from './board.ts'
import { bars, COLORS, series, stat, table } from './panels.ts'

const CUSTOMER = chosen('customer_id', 'customer')
const CARRIER = chosen('carrier_id', 'carrier')
const WHOSE = `${CUSTOMER} AND ${CARRIER}`
const LINK = { Shipment: shipmentPage }

/** Every stop of the shipments that are to be carried out, as planned. */
const STOPS = `
  SELECT shipment_id, customer_id, carrier_id, arrayJoin(stops) AS stop, stop.stop_id AS stop_id, stop.place.name AS place,
    stop.kind AS kind, ifNull(stop.due_by, stop.planned_arrival + INTERVAL 15 MINUTE) AS due
  FROM current_shipments
  WHERE status = 'active' AND ${WHOSE}`
/** When a shipment came to a stop. */
const ARRIVALS = `
  SELECT shipment_id, ifNull(stop_id, '') AS stop_id, occurred_at AS arrived_at
  FROM current_milestones
  WHERE classifier = 'actual' AND startsWith(code, 'arrived_at_')`
/** Shipments that have begun, and have not come to their end. */
const UNDER_WAY = `
  status = 'active'
  AND shipment_id IN (SELECT shipment_id FROM current_milestones WHERE classifier = 'actual')
  AND (shipment_id, stops[-1].stop_id) NOT IN (
    SELECT shipment_id, ifNull(stop_id, '') FROM current_milestones
    WHERE classifier = 'actual' AND (code = 'delivered' OR startsWith(code, 'departed_')))`

export const shipmentsAndCases: Board = {
  uid: 'milepost-shipments',
  title: 'Milepost: shipments and cases',
  says: 'What is under way, what is late, what needs a person, and how punctual carriers are.',
  from: 'now-24h',
  refresh: '30s',
  choices: [
    {
      name: 'customer',
      label: 'Customer',
      sql: 'SELECT DISTINCT customer_id FROM current_shipments WHERE customer_id IS NOT NULL ORDER BY customer_id',
    },
    {
      name: 'carrier',
      label: 'Carrier',
      sql: 'SELECT DISTINCT carrier_id FROM current_shipments WHERE carrier_id IS NOT NULL ORDER BY carrier_id',
    },
  ],
  rows: [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Under way',
          says: 'Shipments that have begun and have not come to their end.',
          sql: `SELECT count() AS shipments FROM current_shipments WHERE ${UNDER_WAY} AND ${WHOSE}`,
        }),
        stat({
          title: 'Expected late',
          says: 'Shipments with a stop ahead whose ETA (p50) is after it is due; without a due time, 15 minutes after the plan.',
          sql: `
            SELECT uniqExact(shipment_id) AS shipments
            FROM (${STOPS}) AS planned
            INNER JOIN (SELECT shipment_id, stop_id, p50 FROM current_etas) AS expected USING (shipment_id, stop_id)
            WHERE p50 > due`,
          steps: [COLORS.none, [1, COLORS.warning]],
        }),
        stat({
          title: 'Open cases of high severity',
          says: 'Open or acknowledged.',
          sql: `SELECT countIf(severity = 'high') AS cases FROM open_cases WHERE ${WHOSE}`,
          steps: [COLORS.good, [1, COLORS.bad]],
        }),
        stat({
          title: 'On time',
          says: 'Of the arrivals at deliveries in the time range: those no later than due.',
          sql: `
            SELECT countIf(arrived_at <= due) / count() AS punctual
            FROM (${STOPS}) AS planned INNER JOIN (${ARRIVALS}) AS seen USING (shipment_id, stop_id)
            WHERE kind = 'delivery' AND $__timeFilter_ms(arrived_at)`,
          unit: 'percentunit',
          steps: [COLORS.bad, [0.8, COLORS.warning], [0.95, COLORS.good]],
        }),
      ],
    },
    {
      title: 'Cases',
      panels: [
        series({
          title: 'Cases opened',
          says: 'By kind, at the time that they are about.',
          sql: `
            SELECT $__timeInterval(opened_at) AS time, toString(kind) AS kind, uniqExact(case_id) AS cases
            FROM cases
            WHERE $__timeFilter_ms(opened_at) AND ${WHOSE}
            GROUP BY time, kind ORDER BY time`,
          stacked: true,
          every: '1m',
        }),
        bars({
          title: 'Open cases by carrier',
          says: 'Open or acknowledged, by severity.',
          sql: `
            SELECT ifNull(carrier_id, 'none') AS carrier, countIf(severity = 'high') AS high,
              countIf(severity = 'medium') AS medium, countIf(severity = 'low') AS low
            FROM open_cases WHERE ${WHOSE}
            GROUP BY carrier ORDER BY count() DESC LIMIT 20`,
          across: true,
        }),
        table({
          title: 'Open cases',
          says: 'The worst first, then the oldest.',
          sql: `
            SELECT toString(severity) AS Severity, toString(kind) AS Kind, ifNull(shipment_id, '') AS Shipment,
              subject_id AS Subject, ifNull(stop_id, '') AS Stop, toString(state) AS State, ifNull(owner, '') AS Owner,
              opened_at AS Opened
            FROM open_cases WHERE ${WHOSE}
            ORDER BY indexOf(['high', 'medium', 'low'], toString(severity)), opened_at LIMIT 500`,
          links: LINK,
        }),
      ],
    },
    {
      title: 'Shipments',
      panels: [
        table({
          title: 'Next stops',
          says: 'When each stop ahead will be reached: one in ten comes before p10, one in ten after p90. Late: p50 after due.',
          sql: `
            SELECT shipment_id AS Shipment, place AS Stop, p10 AS "p10", p50 AS "p50", p90 AS "p90", due AS Due,
              dateDiff('minute', due, p50) AS "Late"
            FROM (${STOPS}) AS planned
            INNER JOIN (SELECT shipment_id, stop_id, p10, p50, p90 FROM current_etas) AS expected USING (shipment_id, stop_id)
            ORDER BY "Late" DESC LIMIT 500`,
          units: { Late: 'm' },
          links: LINK,
        }),
        table({
          title: 'Carriers',
          says: 'Arrivals at deliveries in the time range against when they were due.',
          sql: `
            SELECT ifNull(carrier_id, 'none') AS Carrier, count() AS Arrivals, countIf(arrived_at <= due) / count() AS "On time",
              quantileExact(0.5)(dateDiff('minute', due, arrived_at)) AS "Median after due",
              quantileExact(0.9)(dateDiff('minute', due, arrived_at)) AS "p90 after due"
            FROM (${STOPS}) AS planned INNER JOIN (${ARRIVALS}) AS seen USING (shipment_id, stop_id)
            WHERE kind = 'delivery' AND $__timeFilter_ms(arrived_at)
            GROUP BY Carrier ORDER BY Arrivals DESC LIMIT 200`,
          units: { 'On time': 'percentunit', 'Median after due': 'm', 'p90 after due': 'm' },
        }),
      ],
    },
  ],
}
