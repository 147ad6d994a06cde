-- Schedules of reports, every version of each; the highest version of a name is in force. Runs need no table: the report of a run has
-- an id that follows from the schedule and the time it was due.
CREATE TABLE IF NOT EXISTS report_schedules {{on_cluster}}
(
    tenant     LowCardinality(String),
    name       String,
    version    UInt32,
    sealed     String COMMENT 'JSON with the addresses of recipients, AES-256-GCM under the tenant key, base64',
    key_number UInt32 COMMENT 'number of that key',
    deleted    Bool,
    changed_by String,
    changed_at DateTime64(3, 'UTC')
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, name, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
