CREATE MATERIALIZED VIEW IF NOT EXISTS position_lag_of_inserts TO position_lag AS
SELECT
  source,
  toStartOfMinute(received_at) AS minute,
  count() AS positions,
  count(emitted_at) AS emitted,
  quantilesTDigestStateIf(0.5, 0.9, 0.99)(assumeNotNull(dateDiff('millisecond', occurred_at, emitted_at)), isNotNull(emitted_at)) AS source_ms,
  quantilesTDigestState(0.01, 0.5, 0.9, 0.99)(dateDiff('millisecond', ifNull(emitted_at, occurred_at), received_at)) AS transfer_ms,
  quantilesTDigestState(0.5, 0.9, 0.99)(dateDiff('millisecond', received_at, available_at)) AS pipeline_ms
FROM vehicle_positions
WHERE revision = 1
GROUP BY source, minute
COMMENT 'Feeds position_lag from what is inserted into vehicle_positions.'
