CREATE OR REPLACE VIEW lag_by_source AS
SELECT
  source,
  kind,
  step.1 AS stage,
  step.2 AS count,
  step.3[1] AS p50_ms,
  step.3[2] AS p90_ms,
  step.3[3] AS p99_ms,
  clock_ahead_ms
FROM (
  SELECT
    source,
    kind,
    greatest(0, -round(arrayElement(transfer, 1))) AS clock_ahead_ms,
    arrayJoin(arrayFilter(one -> one.2 > 0, [
      ('source', emitted, arrayMap(ms -> round(ms), source_quantiles)),
      ('transfer', events, arrayMap(ms -> round(ms), arraySlice(transfer, 2))),
      ('pipeline', events, arrayMap(ms -> round(ms), pipeline))
    ])) AS step
  FROM (
    SELECT
      source,
      kind,
      count() AS events,
      count(source_ms) AS emitted,
      quantilesTDigestIf(0.5, 0.9, 0.99)(assumeNotNull(source_ms), isNotNull(source_ms)) AS source_quantiles,
      quantilesTDigestIf(0.01, 0.5, 0.9, 0.99)(assumeNotNull(transfer_ms), isNotNull(transfer_ms)) AS transfer,
      quantilesTDigest(0.5, 0.9, 0.99)(pipeline_ms) AS pipeline
    FROM event_lag
    GROUP BY source, kind
    UNION ALL
    SELECT
      source,
      'position' AS kind,
      sum(positions) AS events,
      sum(emitted) AS emitted,
      quantilesTDigestMerge(0.5, 0.9, 0.99)(source_ms) AS source_quantiles,
      quantilesTDigestMerge(0.01, 0.5, 0.9, 0.99)(transfer_ms) AS transfer,
      quantilesTDigestMerge(0.5, 0.9, 0.99)(pipeline_ms) AS pipeline
    FROM position_lag
    GROUP BY source
  )
)
COMMENT 'How late each source is, by kind of event and stage, milliseconds. clock_ahead_ms: its clock is ahead of ours by at least this (1st percentile of what arrived before it was sent); a clock that is behind looks like slow transfer.'
