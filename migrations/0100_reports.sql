-- Compliance reports. `reports` holds every state of a report; the newest revision is in force. What names people (recipients) or
-- says who asked is sealed. Lists go by created_at within a tenant, so it leads the key; it never changes. The files of a report come
-- in one insert, hence all of them or none; `attempt` tells those of the report from what a worker left that died behind them.
-- Both leave when their retention (class compliance, as it was when the report was asked for) ends.
CREATE TABLE IF NOT EXISTS reports {{on_cluster}}
(
    tenant       LowCardinality(String),
    created_at   DateTime64(3, 'UTC'),
    id           UUID,
    revision     UInt32,
    regulation   LowCardinality(String),
    state        LowCardinality(String),
    pending      Bool COMMENT 'something is still to be done: made, or mailed',
    schedule     LowCardinality(String) COMMENT 'name of the schedule; empty if somebody asked',
    sealed       String COMMENT 'JSON of the whole record, AES-256-GCM under the tenant key, base64',
    key_number   UInt32 COMMENT 'number of that key',
    retain_until Date,
    INDEX by_id id TYPE bloom_filter GRANULARITY 1
)
ENGINE = {{engine ReplacingMergeTree revision}}
ORDER BY (tenant, created_at, id)
TTL retain_until DELETE
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS report_files {{on_cluster}}
(
    tenant       LowCardinality(String),
    report       UUID,
    attempt      UInt32,
    format       LowCardinality(String),
    sha256       FixedString(64) COMMENT 'of the file, hex',
    content      String COMMENT 'the file, base64' CODEC(ZSTD(1)),
    retain_until Date
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, report, attempt, format)
TTL retain_until DELETE
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
