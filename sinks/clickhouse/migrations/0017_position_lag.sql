CREATE TABLE IF NOT EXISTS position_lag (
  source LowCardinality(String) COMMENT 'Who reported the positions',
  minute DateTime('UTC') COMMENT 'Minute in which they were received',
  positions SimpleAggregateFunction(sum, UInt64) COMMENT 'How many; corrections of positions do not count',
  emitted SimpleAggregateFunction(sum, UInt64) COMMENT 'Of how many the source says when it sent them',
  source_ms AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Int64) COMMENT 'From happening to being sent, where the source says',
  transfer_ms AggregateFunction(quantilesTDigest(0.01, 0.5, 0.9, 0.99), Int64) COMMENT 'From being sent (else happening) to being received',
  pipeline_ms AggregateFunction(quantilesTDigest(0.5, 0.9, 0.99), Int64) COMMENT 'From being received to being queryable here'
)
ENGINE = AggregatingMergeTree
ORDER BY (source, minute)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'How late positions came, by source and minute: kept by the view position_lag_of_inserts, for a row a position would be too many.'
