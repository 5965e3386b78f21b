CREATE TABLE IF NOT EXISTS reference_links (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  scheme LowCardinality(String) COMMENT 'Scheme of the reference',
  value String COMMENT 'Value of the reference',
  shipment_id String COMMENT 'The shipment that lists it',
  until DateTime64(3, 'UTC') COMMENT 'End of the window of the shipment',
  customer_id LowCardinality(Nullable(String)) COMMENT 'Customer, as the plan names it',
  carrier_id LowCardinality(Nullable(String)) COMMENT 'Carrier, as the plan names it',
  company_id LowCardinality(Nullable(String)) COMMENT 'Company of the installation, as the plan names it',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (scheme, value, shipment_id, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A reference belongs to a shipment. Topic reference.link.v1; every revision.'
