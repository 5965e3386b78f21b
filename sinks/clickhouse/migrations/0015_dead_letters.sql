CREATE TABLE IF NOT EXISTS dead_letters (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  hop LowCardinality(String) COMMENT 'The processor or sink that failed',
  topic LowCardinality(String) COMMENT 'Where the record lies',
  partition Int32 COMMENT 'in which partition',
  offset Int64 COMMENT 'and where in it',
  key String COMMENT 'Key of the record',
  reason String COMMENT 'The error',
  raw String COMMENT 'The record’s value, untouched' CODEC(ZSTD(3)),
  record_cause Nullable(String) COMMENT 'The record’s own cause',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (hop, occurred_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A record that could not be handled, with its raw bytes. Topic dead-letter.v1.'
