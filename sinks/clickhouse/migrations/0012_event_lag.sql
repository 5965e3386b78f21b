CREATE TABLE IF NOT EXISTS event_lag (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  measured_by LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  source LowCardinality(String) COMMENT 'Who reported the event',
  kind LowCardinality(String) COMMENT 'What was reported: the milestone code or the sighting',
  shipment_id String COMMENT 'The shipment',
  of_event_id String COMMENT 'The event',
  source_ms Nullable(Int64) COMMENT 'From happening to being sent, by the source’s clock',
  transfer_ms Nullable(Int64) COMMENT 'From being sent (else happening) to being received',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried',
  pipeline_ms Int64 DEFAULT dateDiff('millisecond', received_at, available_at) COMMENT 'From being received to being queryable here'
)
ENGINE = ReplacingMergeTree
ORDER BY (source, kind, occurred_at, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'How late a shipment event came, by stage. Topic event.lag.v1.'
