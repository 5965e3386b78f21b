CREATE TABLE IF NOT EXISTS vehicle_assignments (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  vehicle_id String COMMENT 'The vehicle',
  shipment_id String COMMENT 'The shipment on board',
  periods Array(Tuple(from DateTime64(3, 'UTC'), until DateTime64(3, 'UTC'))) COMMENT 'When the vehicle rides for the shipment; in order, apart',
  stops Array(Tuple(stop_id String, kind String, place Tuple(name String, latitude Float64, longitude Float64, radius_m Float64), planned_arrival DateTime64(3, 'UTC'), due_by Nullable(DateTime64(3, 'UTC')), planned_departure Nullable(DateTime64(3, 'UTC')))) COMMENT 'Where the vehicle calls, in order',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (vehicle_id, shipment_id, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Which stops of a shipment a vehicle calls at, and when it rides for it. Topic vehicle.assignment.v1; every revision.'
