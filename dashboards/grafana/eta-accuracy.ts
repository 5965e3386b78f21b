import { type Board, chosen, shipmentPage } from './board.ts'
import { bars, COLORS, series, stat, table } from './panels.ts'

/** The model; what follows the plus are versions of what it has learnt, of which there are many. */
const MODEL = `splitByChar('+', toString(model_id))[1]`
const CHOSEN = `${chosen('carrier_id', 'carrier')} AND ${chosen('model_id', 'model')}`

/** How long before the arrival one looks, minutes: a stop counts once at each, however often its ETA was said anew. */
const HORIZONS_MIN = [15, 30, 60, 120, 240, 480, 1440]

/**
 * A row for each arrival in the time range and each horizon: the ETA that was held so long before. An ETA that was taken
 * back is none. It is as the evidence had it then; what came late is counted as if it had been there.
 */
const SCORES = `
  SELECT shipment_id, stop_id, carrier_id, model_id, arrived_at, horizon_min, p10, p50, p90,
    arrived_at BETWEEN p10 AND p90 AS inside, dateDiff('second', p50, arrived_at) AS after_s
  FROM (
    SELECT shipment_id, ifNull(stop_id, '') AS stop_id, carrier_id, occurred_at AS arrived_at,
      arrayJoin([${HORIZONS_MIN.join(', ')}]) AS horizon_min, occurred_at - toIntervalMinute(horizon_min) AS looked_at
    FROM current_milestones
    WHERE classifier = 'actual' AND startsWith(code, 'arrived_at_') AND $__timeFilter_ms(occurred_at)
  ) AS arrival
  ASOF INNER JOIN (
    SELECT shipment_id, stop_id, occurred_at AS as_of, p10, p50, p90, ${MODEL} AS model_id, retracted
    FROM shipment_etas
  ) AS eta ON arrival.shipment_id = eta.shipment_id AND arrival.stop_id = eta.stop_id AND arrival.looked_at >= eta.as_of
  WHERE NOT retracted AND ${CHOSEN}`

const HORIZON = `multiIf(${HORIZONS_MIN.map(min => `horizon_min = ${min}, '${min < 60 ? `${min} min` : `${min / 60} h`}'`).join(', ')}, '?')`
/** 80 % is right; far from it in either direction is not. */
const COVERAGE = [
  COLORS.bad,
  [0.7, COLORS.warning],
  [0.77, COLORS.good],
  [0.83, COLORS.warning],
  [0.9, COLORS.bad],
] as const

export const etaAccuracy: Board = {
  uid: 'milepost-eta-accuracy',
  title: 'Milepost: ETA accuracy',
  says: 'ETAs against the arrivals that came, by how long before. Each stop counts once at each horizon.',
  from: 'now-7d',
  refresh: '5m',
  choices: [
    {
      name: 'carrier',
      label: 'Carrier',
      sql: 'SELECT DISTINCT carrier_id FROM current_shipments WHERE carrier_id IS NOT NULL ORDER BY carrier_id',
    },
    { name: 'model', label: 'Model', sql: `SELECT DISTINCT ${MODEL} FROM shipment_etas ORDER BY 1` },
  ],
  rows: [
    {
      title: 'In all',
      panels: [
        stat({
          title: 'Inside p10–p90',
          says: 'Of all stops and horizons: how often the arrival was in the interval. 80 % is what it promises.',
          sql: `SELECT avg(inside) AS coverage FROM (${SCORES})`,
          unit: 'percentunit',
          steps: COVERAGE,
        }),
        stat({
          title: 'Median error',
          says: 'Half of the ETAs (p50) were off by less.',
          sql: `SELECT quantileExact(0.5)(abs(after_s)) AS error FROM (${SCORES})`,
          unit: 's',
        }),
        stat({
          title: 'Bias',
          says: 'The median of arrival less ETA: above zero, arrivals come later than was said.',
          sql: `SELECT quantileExact(0.5)(after_s) AS bias FROM (${SCORES})`,
          unit: 's',
        }),
        stat({
          title: 'Judged',
          says: 'Arrivals in the time range that had an ETA, and ETAs that were judged by them.',
          sql: `SELECT uniqExact(shipment_id, stop_id) AS arrivals, count() AS etas FROM (${SCORES})`,
        }),
      ],
    },
    {
      title: 'By how long before the arrival',
      panels: [
        bars({
          title: 'Inside p10–p90',
          says: '80 % is right at every horizon: less, and intervals are too narrow; more, and they say too little.',
          sql: `
            SELECT ${HORIZON} AS horizon, avg(inside) AS coverage
            FROM (${SCORES}) GROUP BY horizon_min ORDER BY horizon_min`,
          unit: 'percentunit',
          width: 8,
        }),
        bars({
          title: 'Error',
          says: 'How far the p50 was off: the median, and what nine in ten stay under.',
          sql: `
            SELECT ${HORIZON} AS horizon, quantileExact(0.5)(abs(after_s)) AS median, quantileExact(0.9)(abs(after_s)) AS p90
            FROM (${SCORES}) GROUP BY horizon_min ORDER BY horizon_min`,
          unit: 's',
          width: 8,
        }),
        bars({
          title: 'Width of the interval',
          says: 'From p10 to p90, the median: narrow is worth something only where the share inside is right.',
          sql: `
            SELECT ${HORIZON} AS horizon, quantileExact(0.5)(dateDiff('second', p10, p90)) AS width
            FROM (${SCORES}) GROUP BY horizon_min ORDER BY horizon_min`,
          unit: 's',
          width: 8,
        }),
      ],
    },
    {
      title: 'Over time, and who',
      panels: [
        series({
          title: 'Inside p10–p90',
          says: 'By the time of the arrival.',
          sql: `
            SELECT $__timeInterval(arrived_at) AS time, avg(inside) AS coverage
            FROM (${SCORES}) GROUP BY time ORDER BY time`,
          unit: 'percentunit',
          every: '1h',
        }),
        table({
          title: 'Carriers and models',
          says: 'All horizons together.',
          sql: `
            SELECT ifNull(carrier_id, 'none') AS Carrier, model_id AS Model, uniqExact(shipment_id, stop_id) AS Arrivals,
              avg(inside) AS "Inside", quantileExact(0.5)(abs(after_s)) AS "Median error", quantileExact(0.5)(after_s) AS Bias
            FROM (${SCORES}) GROUP BY Carrier, Model ORDER BY Arrivals DESC LIMIT 200`,
          width: 12,
          height: 8,
          units: { Inside: 'percentunit', 'Median error': 's', Bias: 's' },
        }),
        table({
          title: 'Farthest off',
          says: 'Stops whose ETA an hour before was the worst.',
          sql: `
            SELECT shipment_id AS Shipment, stop_id AS Stop, ifNull(carrier_id, '') AS Carrier, p10 AS "p10", p50 AS "p50",
              p90 AS "p90", arrived_at AS Arrived, after_s AS "After p50"
            FROM (${SCORES}) WHERE horizon_min = 60 ORDER BY abs(after_s) DESC LIMIT 100`,
          units: { 'After p50': 's' },
          links: { Shipment: shipmentPage },
        }),
      ],
    },
  ],
}
