-- The request of a data subject that an event tells of, as src/registers reads it from the envelope: dashboards may read this column,
-- and the envelope not. Nothing is stored; it costs only those queries that name it.
ALTER TABLE events {{on_cluster}} ADD COLUMN IF NOT EXISTS request_id String
    ALIAS multiIf(JSONExtractString(envelope, 'details', 'requestId') != '', JSONExtractString(envelope, 'details', 'requestId'),
                  resource_type = 'request' AND resource_id != '', resource_id, toString(id));
