CREATE TABLE IF NOT EXISTS case_actions (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  case_id String COMMENT 'The case',
  subject_id String COMMENT 'What the case is about',
  subject_kind LowCardinality(String) COMMENT 'What kind of thing that is',
  action LowCardinality(String) COMMENT 'What was done',
  by String COMMENT 'Who did it',
  text Nullable(String) COMMENT 'What they said',
  basis String COMMENT 'What the case rested on when the person saw it',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (case_id, occurred_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What a person did about a case. Topic case.action.v1.'
