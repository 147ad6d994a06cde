-- Erasures, begun and done. The id of the person stands nowhere here: only the references, which name nobody once the
-- subject is gone. A row that stays `begun` is finished after a restart.
CREATE TABLE IF NOT EXISTS erasures {{on_cluster}}
(
    tenant       LowCardinality(String),
    id           UUID,
    references   Array(String) COMMENT 'what stands in the events in place of the person',
    reason       String,
    requested_by String COMMENT 'id of the API key',
    state        Enum8('begun' = 1, 'done' = 2),
    summary      String COMMENT 'JSON: what became unreadable, counted before',
    checkpoint   String COMMENT 'newest signed checkpoint before the key was destroyed',
    certificate  String COMMENT 'JSON with its signature; empty until done',
    requested_at DateTime64(3, 'UTC'),
    finished_at  Nullable(DateTime64(3, 'UTC')),
    version      UInt64
)
ENGINE = {{engine ReplacingMergeTree version}}
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Legal holds. Empty fields of the filter match everything; a released hold stays as a record.
CREATE TABLE IF NOT EXISTS legal_holds {{on_cluster}}
(
    tenant        LowCardinality(String),
    id            UUID,
    name          String,
    reason        String,
    references    Array(String) COMMENT 'of the subject held; empty = any',
    event_types   Array(String),
    resource_type String,
    resource_id   String,
    occurred_from Nullable(DateTime64(3, 'UTC')),
    occurred_to   Nullable(DateTime64(3, 'UTC')),
    placed_by     String,
    placed_at     DateTime64(3, 'UTC'),
    released_by   String,
    released_at   Nullable(DateTime64(3, 'UTC')),
    version       UInt64
)
ENGINE = {{engine ReplacingMergeTree version}}
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Retention of stored events where it was changed after they came in: the newest row of a class counts. `days` count from
-- the day after receipt, as retain_until does. Events themselves are never rewritten.
CREATE TABLE IF NOT EXISTS retention_policies {{on_cluster}}
(
    retention  LowCardinality(String),
    days       UInt32,
    applied_by String,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = {{engine ReplacingMergeTree applied_at}}
ORDER BY retention
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What retention removed: written and signed before the rows go, so that a verifier can tell expired from missing.
-- `body` is canonical JSON holding all other facts; signature is Ed25519 over its bytes. Rows of a tenant's leaf ranges may only
-- be absent from `events` if a manifest names them. Permanent.
CREATE TABLE IF NOT EXISTS retention_manifests {{on_cluster}}
(
    tenant        LowCardinality(String),
    id            UUID,
    created_at    DateTime64(3, 'UTC'),
    retention     LowCardinality(String) COMMENT 'class',
    horizon       Date COMMENT 'rows whose retention ended on or before this day',
    leaf_count    UInt64,
    ranges        Array(Tuple(first UInt64, last UInt64)) COMMENT 'leaf indices, both ends included, ascending' CODEC(ZSTD(3)),
    body          String CODEC(ZSTD(3)),
    key_number    UInt32 COMMENT 'checkpoint key',
    public_key    FixedString(32),
    signature     FixedString(64)
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, created_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The engine must not remove what no manifest names, nor what a hold keeps; and a TTL with a WHERE that keeps expired rows
-- rewrites their parts every four hours. So the retention job deletes, by mutation, what its manifests cover.
ALTER TABLE events {{on_cluster}} REMOVE TTL;
