CREATE TABLE IF NOT EXISTS refused (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  adapter LowCardinality(String) COMMENT 'The adapter that refused it',
  reason String COMMENT 'Why',
  at String COMMENT 'Where in the payload, as a JSON path',
  content_type LowCardinality(Nullable(String)) COMMENT 'As the sender named it',
  raw String COMMENT 'What came, untouched' CODEC(ZSTD(3)),
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (adapter, occurred_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Input that was not understood, with its raw bytes. Topic refused.v1.'
