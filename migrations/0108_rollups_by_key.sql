-- What one resource or address was counted on: within a day rows stand by key, so the lowest and highest key of a granule say nearly
-- always that it is not there. It costs nothing to speak of; parts from before get it as they are merged.
ALTER TABLE rollups {{on_cluster}} ADD INDEX IF NOT EXISTS by_key key TYPE minmax GRANULARITY 1;
