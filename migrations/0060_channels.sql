-- Who is told of alerts, every version of it; the highest version of a group is in force. Groups of the configuration stand here
-- only once a tenant has changed them.
CREATE TABLE IF NOT EXISTS recipient_groups {{on_cluster}}
(
    tenant     LowCardinality(String),
    name       String,
    version    UInt32,
    sealed     String COMMENT 'JSON with addresses and secrets, AES-256-GCM under the tenant key, base64',
    key_number UInt32 COMMENT 'number of that key',
    deleted    Bool,
    changed_by String,
    changed_at DateTime64(3, 'UTC')
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, name, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
-- Every message to a recipient and what became of it. What is on its way lives in Redis and comes here with each change, a moment
-- later; the newest revision is the one in force. Lists go by created_at within a tenant, so it leads the key; it never changes.
CREATE TABLE IF NOT EXISTS notifications {{on_cluster}}
(
    tenant         LowCardinality(String),
    created_at     DateTime64(3, 'UTC'),
    id             UUID,
    revision       UInt32,
    kind           LowCardinality(String),
    alert_id       String,
    rule_id        LowCardinality(String),
    severity       LowCardinality(String),
    recipient      LowCardinality(String) COMMENT 'name of the recipient group',
    channel        LowCardinality(String),
    type           LowCardinality(String),
    destination    String COMMENT 'masked: says which address, not what it is',
    state          LowCardinality(String),
    reason         String,
    attempts       UInt32,
    happened_at    DateTime64(3, 'UTC'),
    updated_at     DateTime64(3, 'UTC'),
    due_at         Nullable(DateTime64(3, 'UTC')),
    sent_at        Nullable(DateTime64(3, 'UTC')),
    digest         String COMMENT 'id of the digest that it goes out with; empty if by itself',
    INDEX by_id id TYPE bloom_filter GRANULARITY 1,
    INDEX by_alert alert_id TYPE bloom_filter GRANULARITY 1
)
ENGINE = {{engine ReplacingMergeTree revision}}
PARTITION BY toYYYYMM(created_at)
ORDER BY (tenant, created_at, id)
TTL toDateTime(created_at) + INTERVAL 2555 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
