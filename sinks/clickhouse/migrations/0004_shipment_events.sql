CREATE TABLE IF NOT EXISTS shipment_events (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  shipment_id String COMMENT 'The shipment',
  reference String COMMENT 'scheme|value by which it was found',
  partner LowCardinality(String) COMMENT 'The partner that sent the event',
  partner_event_id String COMMENT 'The partner’s own id of the event',
  code LowCardinality(String) COMMENT 'Milestone code',
  raw_code LowCardinality(Nullable(String)) COMMENT 'The code as the partner wrote it',
  classifier LowCardinality(String) COMMENT 'Whether it happened or is to happen',
  stop_id Nullable(String) COMMENT 'The stop, where the partner names it',
  updated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the partner last changed the event',
  version_id String COMMENT 'eventId of the version of the partner’s event that holds',
  customer_id LowCardinality(Nullable(String)) COMMENT 'Customer, as the plan names it',
  carrier_id LowCardinality(Nullable(String)) COMMENT 'Carrier, as the plan names it',
  company_id LowCardinality(Nullable(String)) COMMENT 'Company of the installation, as the plan names it',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (shipment_id, partner, partner_event_id, reference, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A partner event that reached its shipment by one of its references. Topic shipment.event.v1; every revision.'
