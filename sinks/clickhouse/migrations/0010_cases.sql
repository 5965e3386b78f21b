CREATE TABLE IF NOT EXISTS cases (
  event_id FixedString(32) COMMENT '128 bits of SHA-256 over what was said and who said it' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Who said it: the telematics token, the partner, or the processor that derived it',
  emitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the source sent it, by its own clock, where it says so',
  received_at DateTime64(3, 'UTC') COMMENT 'When Milepost received it, or the delivery that it was derived from',
  occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the one who saw it',
  case_id String COMMENT 'Hash of kind, subject and stop',
  kind LowCardinality(String) COMMENT 'What is wrong',
  subject_kind LowCardinality(String) COMMENT 'What it is about',
  subject_id String COMMENT 'Which one',
  shipment_id Nullable(String) COMMENT 'The shipment, where there is one',
  stop_id Nullable(String) COMMENT 'The stop, where there is one',
  severity LowCardinality(String) COMMENT 'How bad',
  state LowCardinality(String) COMMENT 'Where it stands',
  owner Nullable(String) COMMENT 'Who took it',
  opened_at DateTime64(3, 'UTC') COMMENT 'Since when',
  closed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when',
  closed_by Nullable(String) COMMENT 'Who closed it, if a person did',
  basis String COMMENT 'What the case rests on: a person’s close holds until it differs',
  evidence String COMMENT 'What led to it, as JSON' CODEC(ZSTD(3)),
  notes Array(Tuple(by String, at DateTime64(3, 'UTC'), text String)) COMMENT 'What people said',
  customer_id LowCardinality(Nullable(String)) COMMENT 'Customer, as the plan names it',
  carrier_id LowCardinality(Nullable(String)) COMMENT 'Carrier, as the plan names it',
  company_id LowCardinality(Nullable(String)) COMMENT 'Company of the installation, as the plan names it',
  revision Int32 COMMENT 'Rises each time this case is said again: the highest one holds',
  retracted Bool COMMENT 'Its grounds turned out not to be: the state is withdrawn',
  available_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row could be queried'
)
ENGINE = ReplacingMergeTree
ORDER BY (case_id, revision, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Something that needs a person; occurredAt is when it last changed. Topic case.v1; every revision.'
