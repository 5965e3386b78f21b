CREATE TABLE IF NOT EXISTS vehicle_positions (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so' CODEC(Delta, ZSTD(1)),
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from' CODEC(Delta, ZSTD(1)),
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it' CODEC(Delta, ZSTD(1)),
  position_id String COMMENT 'eventId of the position as it was reported' CODEC(ZSTD(1)),
  vehicle_id String COMMENT 'The vehicle that was seen',
  latitude Float64 COMMENT 'Degrees north, WGS 84' CODEC(ZSTD(1)),
  longitude Float64 COMMENT 'Degrees east, WGS 84' CODEC(ZSTD(1)),
  speed_mps Nullable(Float64) COMMENT 'Speed over ground, metres per second',
  course_deg Nullable(Float64) COMMENT 'Course over ground, degrees from north',
  altitude_m Nullable(Float64) COMMENT 'Altitude, metres',
  accuracy_m Nullable(Float64) COMMENT 'Radius of uncertainty, metres',
  ignition Nullable(Bool) COMMENT 'Whether the ignition was on',
  odometer_m Nullable(Float64) COMMENT 'Odometer, metres',
  attributes Nullable(String) COMMENT 'What else the device said, as JSON' CODEC(ZSTD(1)),
  flags Array(LowCardinality(String)) COMMENT 'Why the position is doubted: future, null_island, inaccurate, jump; empty if it is not',
  revision Int32 COMMENT 'Rises each time this fact is said again: the highest one holds',
  retracted Bool COMMENT 'The fact was taken back',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (vehicle_id, occurred_at, position_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'A position after cleaning: flagged by its neighbours in time, never deleted. Topic vehicle.position.v1; the last revision of each position.'
