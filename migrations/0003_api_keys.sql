-- API keys: the truth. Redis holds a projection of it, so that ingest works while ClickHouse is down.
CREATE TABLE IF NOT EXISTS api_keys {{on_cluster}}
(
    id         String COMMENT 'public part of the key',
    tenant     LowCardinality(String),
    name       String,
    hash       String COMMENT 'SHA-256 of the secret part, hex; the secret has 256 random bits, so no salt is needed',
    roles      Array(LowCardinality(String)),
    system     Bool COMMENT 'may act for every tenant',
    created_by String,
    created_at DateTime64(3, 'UTC'),
    expires_at Nullable(DateTime64(3, 'UTC')),
    revoked_at Nullable(DateTime64(3, 'UTC')),
    version    UInt64
)
ENGINE = {{engine ReplacingMergeTree version}}
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
