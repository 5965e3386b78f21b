ALTER TABLE vehicle_assignments
  MODIFY COLUMN stops Array(Tuple(stop_id String, kind String, place Tuple(name String, latitude Nullable(Float64), longitude Nullable(Float64), radius_m Float64), planned_arrival DateTime64(3, 'UTC'), due_by Nullable(DateTime64(3, 'UTC')), planned_departure Nullable(DateTime64(3, 'UTC')))) COMMENT 'Where the vehicle calls, in order'
