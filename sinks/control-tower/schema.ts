/**
 * The tables of `views.sqlite`: what the control tower and the HTTP reads show. Everything in it can be made again from
 * the log, so there are no migrations: raise VERSION with any change here and the file is filled anew.
 *
 * Every row is kept or replaced by comparing (revision, event_id), never by the order in which records came. What is
 * bounded is bounded by an order that a row never changes (its revision, its bucket), so that replays end in the same rows.
 */
import { isDeparture, MILESTONE_CODES } from '../../schemas/milestones.ts'

export const VERSION = 5

/** How many rows are kept of what would otherwise grow. */
export const KEPT = {
  /** Revisions of one milestone. */
  milestoneRevisions: 50,
  /** ETAs of one stop. */
  etas: 200,
  /** Five-minute buckets of progress of one shipment. */
  positions: 12,
  /** Refusals, late records and dead letters: each. */
  troubles: 1_000,
  /** Batches that are remembered as counted, by sink. */
  batches: 100,
} as const

export const TABLES = `
CREATE TABLE shipments (
  shipment_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, event_id TEXT NOT NULL, retracted INTEGER NOT NULL,
  status TEXT NOT NULL, customer_id TEXT, carrier_id TEXT, company_id TEXT, last_stop_id TEXT,
  phase TEXT NOT NULL, open_cases INTEGER NOT NULL, worst INTEGER NOT NULL, next_place TEXT, next_p50 INTEGER, next_due INTEGER,
  plan TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shipments_by_phase ON shipments (phase, shipment_id, retracted);
CREATE INDEX shipments_with_cases ON shipments (shipment_id, open_cases, retracted) WHERE open_cases > 0;
CREATE INDEX shipments_by_customer ON shipments (customer_id, shipment_id);
CREATE INDEX shipments_by_carrier ON shipments (carrier_id, shipment_id);
CREATE INDEX shipments_by_company ON shipments (company_id, shipment_id);
CREATE INDEX shipments_by_id ON shipments (shipment_id COLLATE NOCASE);

CREATE TABLE shipment_references (
  shipment_id TEXT NOT NULL, scheme TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (shipment_id, scheme, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX references_by_value ON shipment_references (value COLLATE NOCASE, shipment_id);

CREATE TABLE requests (
  shipment_id TEXT PRIMARY KEY, planned_at INTEGER NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE odoo_readings (
  shipment_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL, source TEXT NOT NULL, row TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE milestones (
  shipment_id TEXT NOT NULL, stop_id TEXT NOT NULL, code TEXT NOT NULL, classifier TEXT NOT NULL,
  revision INTEGER NOT NULL, event_id TEXT NOT NULL, retracted INTEGER NOT NULL, occurred_at INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (shipment_id, stop_id, code, classifier)
) STRICT, WITHOUT ROWID;
CREATE TABLE milestone_revisions (
  shipment_id TEXT NOT NULL, stop_id TEXT NOT NULL, code TEXT NOT NULL, classifier TEXT NOT NULL, revision INTEGER NOT NULL,
  event_id TEXT NOT NULL, retracted INTEGER NOT NULL, occurred_at INTEGER NOT NULL, claimed_by TEXT NOT NULL, received_at INTEGER NOT NULL,
  PRIMARY KEY (shipment_id, stop_id, code, classifier, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE etas (
  shipment_id TEXT NOT NULL, stop_id TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL, retracted INTEGER NOT NULL,
  p50 INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (shipment_id, stop_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE eta_history (
  shipment_id TEXT NOT NULL, stop_id TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL, retracted INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL, p10 INTEGER NOT NULL, p50 INTEGER NOT NULL, p90 INTEGER NOT NULL,
  PRIMARY KEY (shipment_id, stop_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE cases (
  case_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, event_id TEXT NOT NULL, shipment_id TEXT, kind TEXT NOT NULL,
  severity TEXT NOT NULL, state TEXT NOT NULL, opened_at INTEGER NOT NULL, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cases_by_shipment ON cases (shipment_id, opened_at);
CREATE INDEX cases_by_state ON cases (state, opened_at, case_id);
CREATE INDEX cases_by_age ON cases (opened_at, case_id);

CREATE TABLE carrier_events (
  shipment_id TEXT NOT NULL, identity TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (shipment_id, identity)
) STRICT, WITHOUT ROWID;
CREATE TABLE assignments (
  shipment_id TEXT NOT NULL, identity TEXT NOT NULL, vehicle_id TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL,
  retracted INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (shipment_id, identity)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignments_by_vehicle ON assignments (vehicle_id, shipment_id) WHERE NOT retracted;
CREATE TABLE sightings (
  shipment_id TEXT NOT NULL, identity TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (shipment_id, identity)
) STRICT, WITHOUT ROWID;
CREATE TABLE positions (
  shipment_id TEXT NOT NULL, bucket INTEGER NOT NULL, vehicle_id TEXT NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL,
  retracted INTEGER NOT NULL, occurred_at INTEGER NOT NULL, latitude REAL NOT NULL, longitude REAL NOT NULL,
  PRIMARY KEY (shipment_id, bucket, vehicle_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE vehicles (
  vehicle_id TEXT PRIMARY KEY, occurred_at INTEGER NOT NULL, revision INTEGER NOT NULL, event_id TEXT NOT NULL, received_at INTEGER NOT NULL,
  latitude REAL NOT NULL, longitude REAL NOT NULL, speed_mps REAL, course_deg REAL, source TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What has changed and when, by a number that only rises: of each thing its last change. Whoever has seen all up to a number
-- asks for what is above it, and gets how things stand, not how they came to.
CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (what, id)) STRICT;

CREATE TABLE troubles (
  topic TEXT NOT NULL, received_at INTEGER NOT NULL, event_id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (topic, received_at, event_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE trouble_counts (topic TEXT NOT NULL, found_by TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (topic, found_by)) STRICT, WITHOUT ROWID;
CREATE TABLE counted_batches (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, token TEXT NOT NULL, UNIQUE (sink, token)) STRICT;
`

const CLOSING = ['delivered', ...MILESTONE_CODES.filter(isDeparture)].map(code => `'${code}'`).join(', ')

const WORST = `max(CASE severity WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END)`
const NEXT_ETA = `
  SELECT stop.value ->> '$.place.name', e.p50, coalesce(stop.value ->> '$.dueBy', stop.value ->> '$.plannedArrival')
  FROM json_each(s.plan, '$.stops') stop JOIN etas e ON e.shipment_id = s.shipment_id AND e.stop_id = stop.value ->> '$.stopId'
  WHERE NOT e.retracted ORDER BY stop.key LIMIT 1`

/**
 * How a shipment stands: of its plan, its actual milestones, its ETAs and its open cases. Run for each shipment that a
 * batch changed. `worst` is 0 without an open case, else 1 to 3.
 */
export const REFRESH = `
UPDATE shipments AS s SET
  (next_place, next_p50, next_due) = (${NEXT_ETA}),
  worst = (SELECT coalesce(${WORST}, 0) FROM cases c WHERE c.shipment_id = s.shipment_id AND c.state IN ('open', 'acknowledged')),
  phase = CASE
    WHEN s.status = 'cancelled' THEN 'cancelled'
    WHEN EXISTS (SELECT 1 FROM milestones m WHERE m.shipment_id = s.shipment_id AND m.stop_id = s.last_stop_id
      AND m.code IN (${CLOSING}) AND m.classifier = 'actual' AND NOT m.retracted) THEN 'delivered'
    WHEN EXISTS (SELECT 1 FROM milestones m WHERE m.shipment_id = s.shipment_id AND m.classifier = 'actual' AND NOT m.retracted
      AND m.code NOT IN ('shipment_accepted', 'pickup_appointment', 'delivery_appointment')) THEN 'under_way'
    ELSE 'planned' END,
  open_cases = (SELECT count(*) FROM cases c WHERE c.shipment_id = s.shipment_id AND c.state IN ('open', 'acknowledged'))
WHERE s.shipment_id = ?`

/** It takes the place of the thing's former change, at the end. */
export const CHANGED = 'INSERT OR REPLACE INTO changes (what, id) VALUES (?, ?)'
