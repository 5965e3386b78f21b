CREATE TABLE IF NOT EXISTS shipment_milestones (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  shipment_id String COMMENT 'The shipment',
  stop_id Nullable(String) COMMENT 'The stop; absent if it is about the whole shipment',
  code LowCardinality(String) COMMENT 'Milestone code of schemas/milestones.json',
  classifier LowCardinality(String) COMMENT 'Whether it happened or is to happen',
  claimed_by LowCardinality(String) COMMENT 'Who made the claim that won: positions:VEHICLE or carrier:PARTNER',
  claims Array(Tuple(by String, at DateTime64(3, 'UTC'), raw_code Nullable(String), identity String)) COMMENT 'Everything that says so, the winner first',
  customer_id LowCardinality(Nullable(String)) COMMENT 'Customer, as the plan names it',
  carrier_id LowCardinality(Nullable(String)) COMMENT 'Carrier, as the plan names it',
  company_id LowCardinality(Nullable(String)) COMMENT 'Company of the installation, as the plan names it',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (shipment_id, ifNull(stop_id, ''), code, classifier, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'How far a shipment has come: one claim wins, the others stay visible. Topic shipment.milestone.v1; every revision.'
