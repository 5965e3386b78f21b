CREATE TABLE IF NOT EXISTS late (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  processor LowCardinality(String) COMMENT 'Who found it late',
  topic LowCardinality(String) COMMENT 'What it was',
  key String COMMENT 'Of which key',
  of_event_id String COMMENT 'The event',
  reason String COMMENT 'Which horizon',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (processor, occurred_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Something that came after its horizon: recorded, without effect. Topic late.v1.'
