-- As src/registers does, take a number for the name of a request too.
ALTER TABLE events {{on_cluster}} MODIFY COLUMN request_id String
    MATERIALIZED if(event_type NOT IN ('GDPR_REQUEST', 'LGPD_REQUEST', 'DATA_SUBJECT_REQUEST_COMPLETED'), '',
        multiIf(JSONType(envelope, 'details', 'requestId') IN ('Int64', 'UInt64'), JSONExtractRaw(envelope, 'details', 'requestId'),
                JSONExtractString(envelope, 'details', 'requestId') != '', JSONExtractString(envelope, 'details', 'requestId'),
                resource_type = 'request' AND resource_id != '', resource_id, toString(id)));
