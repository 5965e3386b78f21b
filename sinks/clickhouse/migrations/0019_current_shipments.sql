CREATE OR REPLACE VIEW current_shipments AS
SELECT *
FROM (
  SELECT * FROM shipment_plans
  ORDER BY revision DESC, event_id DESC
  LIMIT 1 BY shipment_id
)
WHERE NOT retracted
COMMENT 'The plan of each shipment that holds: the highest revision that was not taken back. Cancelled shipments are in it: see status.'
