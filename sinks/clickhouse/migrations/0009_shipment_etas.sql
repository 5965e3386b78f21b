CREATE TABLE IF NOT EXISTS shipment_etas (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  shipment_id String COMMENT 'The shipment',
  stop_id String COMMENT 'The stop not yet reached',
  p10 DateTime64(3, 'UTC') COMMENT 'One in ten arrives before',
  p50 DateTime64(3, 'UTC') COMMENT 'As likely before as after',
  p90 DateTime64(3, 'UTC') COMMENT 'One in ten arrives after',
  basis String COMMENT 'What the estimate rests on',
  model_id LowCardinality(String) COMMENT 'The model and its version',
  remaining_m Float64 COMMENT 'Remaining way, metres',
  speed_mps Float64 COMMENT 'Speed assumed, metres per second',
  customer_id LowCardinality(Nullable(String)) COMMENT 'Customer, as the plan names it',
  carrier_id LowCardinality(Nullable(String)) COMMENT 'Carrier, as the plan names it',
  company_id LowCardinality(Nullable(String)) COMMENT 'Company of the installation, as the plan names it',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (shipment_id, stop_id, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'When a shipment will reach a stop; occurredAt is the evidence’s time. Topic shipment.eta.v1; every revision.'
