-- Events that the events table refused. The envelope is kept as it was, unparsed, so nothing here can be refused.
-- The newest version of a row (by updated_at) is the one in force; (tenant, id) is unique under FINAL.
CREATE TABLE IF NOT EXISTS dead_letters {{on_cluster}}
(
    tenant      LowCardinality(String),
    id          UUID COMMENT 'of the dead letter, not of the event',
    event_id    UUID,
    reason_code LowCardinality(String),
    reason      String,
    envelope    String CODEC(ZSTD(3)),
    checksum    String COMMENT 'SHA-256 of envelope as computed at ingest, hex',
    batch       UInt64,
    leaf_index  Nullable(UInt64) COMMENT 'where the quarantine event stands in its place',
    state       Enum8('waiting' = 1, 'replayed' = 2, 'discarded' = 3),
    created_at  DateTime64(3, 'UTC'),
    updated_at  DateTime64(3, 'UTC')
)
ENGINE = {{engine ReplacingMergeTree updated_at}}
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
