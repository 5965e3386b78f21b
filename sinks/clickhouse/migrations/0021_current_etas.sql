CREATE OR REPLACE VIEW current_etas AS
SELECT *, occurred_at AS as_of
FROM (
  SELECT * FROM shipment_etas
  ORDER BY revision DESC, event_id DESC
  LIMIT 1 BY shipment_id, stop_id
)
WHERE NOT retracted
COMMENT 'When each shipment will reach the stops that it has not reached yet; as_of is the time of the newest evidence.'
