-- Stored instead of read from the envelope each time: a list of open requests would otherwise decompress the envelopes of every granule
-- that holds one. It is empty, and costs an insert nothing to speak of, for all events that are not about requests. Parts from before
-- have no such column and read the envelope.
ALTER TABLE events {{on_cluster}} MODIFY COLUMN request_id String
    MATERIALIZED if(event_type NOT IN ('GDPR_REQUEST', 'LGPD_REQUEST', 'DATA_SUBJECT_REQUEST_COMPLETED'), '',
        multiIf(JSONExtractString(envelope, 'details', 'requestId') != '', JSONExtractString(envelope, 'details', 'requestId'),
                resource_type = 'request' AND resource_id != '', resource_id, toString(id)));
