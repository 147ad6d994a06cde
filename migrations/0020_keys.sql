-- Keys, each wrapped by the root key, which is never stored here. Redis holds a projection of both tables, so that ingest
-- works while ClickHouse is down; keys and subjects that are born at ingest come here before the first event that uses them.
-- The newest version of a row is the one in force. Old versions of a re-wrapped key are merged away at once.
CREATE TABLE IF NOT EXISTS keys {{on_cluster}}
(
    kind       LowCardinality(String) COMMENT 'tenant | lookup | signing | checkpoint',
    tenant     LowCardinality(String) COMMENT 'empty for keys of the whole system',
    number     UInt32 COMMENT 'from 1; the highest of a kind and tenant is the active one',
    wrapped    String COMMENT 'base64: AES-256-GCM under the root key',
    public_key String COMMENT 'base64: raw Ed25519 public key of a checkpoint key',
    root_id    LowCardinality(String) COMMENT 'which root key wrapped it',
    state      Enum8('active' = 1, 'retired' = 2),
    created_at DateTime64(3, 'UTC'),
    retired_at Nullable(DateTime64(3, 'UTC')),
    version    UInt64
)
ENGINE = {{engine ReplacingMergeTree version}}
ORDER BY (kind, tenant, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 1, merge_tree_clear_old_parts_interval_seconds = 1;

-- Data subjects and actors: what stands behind a reference (sub_…) in an event. Reads come by reference (a page of events is
-- revealed) or by the keyed hash of one id, for which the index is enough. An erasure deletes the row; the parts that held it
-- leave the disk a second later instead of after eight minutes.
CREATE TABLE IF NOT EXISTS subjects {{on_cluster}}
(
    tenant     LowCardinality(String),
    reference  String COMMENT 'sub_ and 128 random bits: says nothing about the person',
    lookup     String COMMENT 'first 128 bits of HMAC-SHA256 of the id under the lookup key of the tenant, base64url',
    key_number UInt32 COMMENT 'tenant key that wraps the data key',
    wrapped    String COMMENT 'base64: data key of the subject under the tenant key',
    sealed_id  String COMMENT 'base64: the id under the data key',
    created_at DateTime64(3, 'UTC'),
    version    UInt64,

    INDEX by_lookup lookup TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{engine ReplacingMergeTree version}}
ORDER BY (tenant, reference)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 1, merge_tree_clear_old_parts_interval_seconds = 1;
