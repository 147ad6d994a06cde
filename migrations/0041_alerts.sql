-- Alerts. What is unresolved lives in Redis and comes here with each change, a moment later; the newest revision of an alert
-- is the one in force, and what was resolved long ago is only here. Lists go by opened_at within a tenant; alerts are few
-- beside events, so they are found by scanning a tenant's.
CREATE TABLE IF NOT EXISTS alerts {{on_cluster}}
(
    tenant       LowCardinality(String),
    id           UUID,
    revision     UInt32,
    rule_id      LowCardinality(String),
    severity     Enum8('info' = 1, 'low' = 2, 'medium' = 3, 'high' = 4, 'critical' = 5),
    status       Enum8('open' = 1, 'acknowledged' = 2, 'resolved' = 3),
    group_values Array(String) COMMENT 'what it is about; people are references',
    assignee     String,
    historical   Bool,
    opened_at    DateTime64(3, 'UTC'),
    first_hit_at DateTime64(3, 'UTC'),
    last_hit_at  DateTime64(3, 'UTC'),
    counter      UInt64,
    record       String COMMENT 'JSON: all of it, with its history' CODEC(ZSTD(3))
)
ENGINE = {{engine ReplacingMergeTree revision}}
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
