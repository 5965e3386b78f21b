CREATE TABLE IF NOT EXISTS carrier_events (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  partner LowCardinality(String) COMMENT 'The partner that sent it',
  partner_event_id String COMMENT 'The partner’s own id of the event',
  references Array(Tuple(scheme String, value String)) COMMENT 'What the partner calls the shipment, consignment or equipment',
  code LowCardinality(String) COMMENT 'Milestone code of schemas/milestones.json',
  raw_code LowCardinality(Nullable(String)) COMMENT 'The code as the partner wrote it',
  classifier LowCardinality(String) COMMENT 'Whether it happened or is to happen',
  stop_id Nullable(String) COMMENT 'The stop, where the partner names it',
  updated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the partner last changed the event',
  retracted Bool COMMENT 'The partner took the event back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (partner, partner_event_id, occurred_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A version of an event as a partner sent it. Topic carrier.event.v1.'
