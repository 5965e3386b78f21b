CREATE TABLE IF NOT EXISTS shipment_sightings (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  shipment_id String COMMENT 'The shipment',
  vehicle_id String COMMENT 'The vehicle that was seen',
  kind LowCardinality(String) COMMENT 'What was seen',
  stop_id Nullable(String) COMMENT 'The stop; absent for progress',
  latitude Float64 COMMENT 'Degrees north, WGS 84',
  longitude Float64 COMMENT 'Degrees east, WGS 84',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (shipment_id, vehicle_id, kind, ifNull(stop_id, ''), revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A shipment’s vehicle was seen to arrive, leave, or be on its way. Topic shipment.sighting.v1; every revision.'
