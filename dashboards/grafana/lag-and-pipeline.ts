import { type Board, chosen, shipmentPage } from './board.ts'
import { COLORS, series, stat, table } from './panels.ts'

const SOURCE = chosen('source', 'source')
/** What each hop says and where that lies: in the order an event travels. */
const SAID = [
  ['take in', 'carrier_events'],
  ['plan-shipments', 'shipment_plans'],
  ['plan-shipments', 'vehicle_assignments'],
  ['plan-shipments', 'reference_links'],
  ['resolve-references', 'shipment_events'],
  ['measure-lag', 'event_lag'],
  ['follow-vehicles', 'vehicle_positions'],
  ['follow-vehicles', 'shipment_sightings'],
  ['detect-milestones', 'shipment_milestones'],
  ['predict-etas', 'shipment_etas'],
  ['raise-cases', 'cases'],
] as const
const unionOf = (select: (hop: string, name: string) => string): string =>
  SAID.map(([hop, name]) => select(hop, name)).join('\nUNION ALL\n')

export const lagAndPipeline: Board = {
  uid: 'milepost-pipeline',
  title: 'Milepost: event lag and pipeline',
  says: 'How late what sources say arrives, how fast it goes through, and what could not be handled.',
  from: 'now-6h',
  refresh: '30s',
  choices: [
    {
      name: 'source',
      label: 'Source',
      sql: 'SELECT DISTINCT source FROM lag_by_source ORDER BY source',
    },
  ],
  rows: [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Positions',
          says: 'Positions a second over the time range.',
          sql: `
            SELECT sum(positions) / greatest(1, dateDiff('second', min(minute), max(minute)) + 60) AS positions
            FROM position_lag WHERE $__timeFilter(minute) AND ${SOURCE}`,
          unit: 'cps',
        }),
        stat({
          title: 'Receipt to query, p99',
          says: 'From the moment a position was received until it could be queried here.',
          sql: `
            SELECT quantilesTDigestMerge(0.5, 0.9, 0.99)(pipeline_ms)[3] AS p99
            FROM position_lag WHERE $__timeFilter(minute) AND ${SOURCE}`,
          unit: 'ms',
          steps: [COLORS.good, [2_000, COLORS.warning], [10_000, COLORS.bad]],
        }),
        stat({
          title: 'Dead letters',
          says: 'Records that a processor or sink could not handle, in the time range: see milepost dead-letters.',
          sql: 'SELECT uniqExact(event_id) AS records FROM dead_letters WHERE $__timeFilter_ms(received_at)',
          steps: [COLORS.good, [1, COLORS.bad]],
        }),
        stat({
          title: 'Refused',
          says: 'What senders were told that it was not understood, in the time range.',
          sql: `SELECT uniqExact(event_id) AS deliveries FROM refused WHERE $__timeFilter_ms(received_at) AND ${SOURCE}`,
          steps: [COLORS.none, [1, COLORS.warning]],
        }),
      ],
    },
    {
      title: 'Positions',
      panels: [
        series({
          title: 'Positions a second',
          says: 'By source, as they were received.',
          sql: `
            SELECT $__timeInterval(minute) AS time, toString(source) AS source, sum(positions) / $__interval_s AS positions
            FROM position_lag WHERE $__timeFilter(minute) AND ${SOURCE}
            GROUP BY time, source ORDER BY time`,
          unit: 'cps',
          stacked: true,
          every: '1m',
        }),
        series({
          title: 'Lag of positions by stage',
          says: 'Source: from happening to being sent. Transfer: from being sent (else happening) to being received; a clock that is behind looks like slow transfer. Pipeline: from being received to being queryable. The p90 of each.',
          sql: `
            SELECT $__timeInterval(minute) AS time,
              if(sum(emitted) = 0, NULL, quantilesTDigestMerge(0.5, 0.9, 0.99)(source_ms)[2]) AS source,
              quantilesTDigestMerge(0.01, 0.5, 0.9, 0.99)(transfer_ms)[3] AS transfer,
              quantilesTDigestMerge(0.5, 0.9, 0.99)(pipeline_ms)[2] AS pipeline
            FROM (SELECT * FROM position_lag WHERE $__timeFilter(minute) AND ${SOURCE})
            GROUP BY time ORDER BY time`,
          unit: 'ms',
          every: '1m',
        }),
      ],
    },
    {
      title: 'Events of shipments',
      panels: [
        series({
          title: 'How late events come, by source',
          says: 'From happening to being received, p90: carriers and what is seen at stops.',
          sql: `
            SELECT $__timeInterval(received_at) AS time, toString(source) AS source,
              quantileTDigest(0.9)(dateDiff('millisecond', occurred_at, received_at)) AS p90
            FROM event_lag WHERE $__timeFilter_ms(received_at) AND ${SOURCE}
            GROUP BY time, source ORDER BY time`,
          unit: 'ms',
          every: '1m',
        }),
        table({
          title: 'Lag by source, kind and stage',
          says: 'Over all that is kept. Clock ahead: the source’s clock is ahead of ours by at least this.',
          sql: `
            SELECT toString(source) AS Source, toString(kind) AS Kind, stage AS Stage, count AS Count, p50_ms AS "p50",
              p90_ms AS "p90", p99_ms AS "p99", clock_ahead_ms AS "Clock ahead"
            FROM lag_by_source WHERE ${SOURCE} ORDER BY Source, Kind, Stage LIMIT 500`,
          width: 12,
          height: 8,
          units: { p50: 'ms', p90: 'ms', p99: 'ms', 'Clock ahead': 'ms' },
        }),
      ],
    },
    {
      title: 'Hops',
      panels: [
        series({
          title: 'Records by hop',
          says: 'What each hop said, when it could be queried: a hop that has stopped falls to nothing.',
          sql: `
            SELECT time, hop, sum(n) AS records FROM (
            ${unionOf(
              (hop, name) =>
                `SELECT $__timeInterval(available_at) AS time, '${hop}' AS hop, count() AS n FROM ${name} WHERE $__timeFilter_ms(available_at) GROUP BY time`,
            )}
            )
            GROUP BY time, hop ORDER BY time`,
          every: '1m',
        }),
        table({
          title: 'What each hop said',
          says: 'In the time range; the p50 and p99 from receipt of what set it off until it could be queried here.',
          sql: `
            SELECT hop AS Hop, said AS "Table", records AS Records, last AS Last, quantiles[1] AS "p50", quantiles[2] AS "p99" FROM (
            ${unionOf(
              (hop, name) =>
                `SELECT '${hop}' AS hop, '${name}' AS said, count() AS records, max(available_at) AS last, quantilesTDigest(0.5, 0.99)(dateDiff('millisecond', received_at, available_at)) AS quantiles FROM ${name} WHERE $__timeFilter_ms(available_at)`,
            )}
            )`,
          width: 12,
          height: 8,
          units: { p50: 'ms', p99: 'ms' },
        }),
      ],
    },
    {
      title: 'What was not handled',
      panels: [
        table({
          title: 'Refused',
          says: 'By adapter and reason, in the time range.',
          sql: `
            SELECT toString(source) AS Source, toString(adapter) AS Adapter, reason AS Reason, at AS "Where",
              uniqExact(event_id) AS Deliveries, max(received_at) AS Last
            FROM refused WHERE $__timeFilter_ms(received_at) AND ${SOURCE}
            GROUP BY Source, Adapter, Reason, "Where" ORDER BY Deliveries DESC LIMIT 200`,
          width: 12,
        }),
        table({
          title: 'Late',
          says: 'What came after its horizon and changed nothing, in the time range.',
          sql: `
            SELECT toString(processor) AS Processor, toString(topic) AS Topic, reason AS Reason, uniqExact(event_id) AS Records,
              max(received_at) AS Last
            FROM late WHERE $__timeFilter_ms(received_at)
            GROUP BY Processor, Topic, Reason ORDER BY Records DESC LIMIT 200`,
          width: 12,
        }),
        table({
          title: 'Dead letters',
          says: 'What could not be handled, in the time range. milepost dead-letters shows one and puts it back.',
          sql: `
            SELECT toString(hop) AS Hop, toString(topic) AS Topic, key AS Key, reason AS Reason, received_at AS Received
            FROM dead_letters WHERE $__timeFilter_ms(received_at) ORDER BY received_at DESC LIMIT 200`,
          links: { Key: shipmentPage },
        }),
      ],
    },
  ],
}
