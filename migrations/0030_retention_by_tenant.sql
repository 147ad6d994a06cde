-- A tenant decides how long its own events are kept, so a policy belongs to a tenant. The table before had none and was never used.
DROP TABLE IF EXISTS retention_policies {{on_cluster}} SYNC;

-- How long events are kept where a tenant does not keep to the configuration. `days` is for events that come in; `applied_days`
-- for those received before `applied_before`, by an explicit command. Both count full days after receipt, as retain_until does.
-- Events themselves are never rewritten.
CREATE TABLE IF NOT EXISTS tenant_retention {{on_cluster}}
(
    tenant         LowCardinality(String),
    retention      LowCardinality(String) COMMENT 'class',
    days           UInt32,
    applied_days   Nullable(UInt32),
    applied_before Nullable(DateTime64(3, 'UTC')),
    changed_by     String COMMENT 'id of the API key',
    changed_at     DateTime64(3, 'UTC'),
    version        UInt64
)
ENGINE = {{engine ReplacingMergeTree version}}
ORDER BY (tenant, retention)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Looking for what is due must not read what is not: one part holds few dates.
ALTER TABLE events {{on_cluster}} ADD INDEX IF NOT EXISTS by_retain_until retain_until TYPE minmax;
