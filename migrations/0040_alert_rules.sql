-- Alert rules, every version of them: an alert names the version that raised it. The highest version of a rule is in force.
-- The four default rules are part of the program and stand here only once a tenant has changed them.
CREATE TABLE IF NOT EXISTS alert_rules {{on_cluster}}
(
    tenant     LowCardinality(String),
    id         String,
    version    UInt32,
    rule       String COMMENT 'JSON; ids of people are references' CODEC(ZSTD(3)),
    deleted    Bool,
    changed_by String,
    changed_at DateTime64(3, 'UTC')
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, id, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
