CREATE TABLE IF NOT EXISTS shipment_plans (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  shipment_id String COMMENT 'The shipment',
  status LowCardinality(String) COMMENT 'Whether it is to be carried out',
  references Array(Tuple(scheme String, value String)) COMMENT 'What others call it',
  customer_id LowCardinality(Nullable(String)) COMMENT 'Customer, as the plan names it',
  carrier_id LowCardinality(Nullable(String)) COMMENT 'Carrier, as the plan names it',
  company_id LowCardinality(Nullable(String)) COMMENT 'Company of the installation, as the plan names it',
  vehicle_id Nullable(String) COMMENT 'The vehicle that carries it',
  load_id Nullable(String) COMMENT 'The vehicle run that it is part of',
  stops Array(Tuple(stop_id String, kind String, place Tuple(name String, latitude Float64, longitude Float64, radius_m Float64), planned_arrival DateTime64(3, 'UTC'), due_by Nullable(DateTime64(3, 'UTC')), planned_departure Nullable(DateTime64(3, 'UTC')))) COMMENT 'Where the vehicle calls, in order',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (shipment_id, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The plan that holds; occurredAt is its plannedAt. Topic shipment.plan.v1; every revision.'
