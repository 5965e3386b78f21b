CREATE OR REPLACE VIEW open_cases AS
SELECT *
FROM (
  SELECT * FROM cases
  ORDER BY revision DESC, event_id DESC
  LIMIT 1 BY case_id
)
WHERE NOT retracted AND state IN ('open', 'acknowledged')
COMMENT 'What needs a person now: open and acknowledged cases.'
