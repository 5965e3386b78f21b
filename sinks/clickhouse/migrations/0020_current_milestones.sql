CREATE OR REPLACE VIEW current_milestones AS
SELECT * EXCEPT (source), claimed_by AS source
FROM (
  SELECT * FROM shipment_milestones
  ORDER BY revision DESC, event_id DESC
  LIMIT 1 BY shipment_id, stop_id, code, classifier
)
WHERE NOT retracted
COMMENT 'How far each shipment has come: the milestones that hold. source is who made the claim that won.'
