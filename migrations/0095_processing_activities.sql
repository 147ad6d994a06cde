-- The record of processing activities, every version of it; the highest version of an activity is in force. Each change is an
-- event as well, but an activity has to be on record for as long as it goes on, which may be longer than events are kept.
CREATE TABLE IF NOT EXISTS processing_activities {{on_cluster}}
(
    tenant     LowCardinality(String),
    id         String,
    version    UInt32,
    declared   String COMMENT 'JSON' CODEC(ZSTD(3)),
    deleted    Bool,
    changed_by String,
    changed_at DateTime64(3, 'UTC')
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
