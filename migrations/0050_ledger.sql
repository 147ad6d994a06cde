-- The ledger: what proves the events, kept for ever, also when retention has removed an event. All rows are functions of
-- the events, so writing one twice is harmless; two different hashes for one place are an alarm.

-- Leaf hashes, SHA-256(0x00 || envelope), which are the tiles of level 0 as well. Reads are ranges of one tenant: a tile
-- (256 leaves) or a scan; hashes do not compress. 2048 rows a granule: a tile costs one read of 64 KiB.
CREATE TABLE IF NOT EXISTS ledger_leaves {{on_cluster}}
(
    tenant     LowCardinality(String),
    leaf_index UInt64 CODEC(Delta, ZSTD(1)),
    leaf_hash  FixedString(32) CODEC(NONE)
)
ENGINE = {{engine ReplacingMergeTree}}
ORDER BY (tenant, leaf_index)
SETTINGS index_granularity = 2048, fsync_after_insert = 1, fsync_part_directory = 1;

-- Hashes of the tiles above: at level L, place i is the root over leaves i * 256^L to (i + 1) * 256^L - 1. One row a hash and
-- not one row a tile, so that a tile can be read while it fills up. One row for 255 leaves.
CREATE TABLE IF NOT EXISTS ledger_tiles {{on_cluster}}
(
    tenant LowCardinality(String),
    level  UInt8,
    place  UInt64 CODEC(Delta, ZSTD(1)),
    hash   FixedString(32) CODEC(NONE)
)
ENGINE = {{engine ReplacingMergeTree}}
ORDER BY (tenant, level, place)
SETTINGS index_granularity = 2048, fsync_after_insert = 1, fsync_part_directory = 1;

-- Signed checkpoints, all that ever were. size, root and signed_at repeat what the note says; the note is what counts.
CREATE TABLE IF NOT EXISTS checkpoints {{on_cluster}}
(
    tenant     LowCardinality(String),
    size       UInt64,
    root       FixedString(32),
    note       String COMMENT 'C2SP tlog-checkpoint, a signed note' CODEC(ZSTD(3)),
    key_number UInt32,
    signed_at  DateTime64(3, 'UTC')
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, size, signed_at)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Results of verifications, scheduled or asked for.
CREATE TABLE IF NOT EXISTS verifications {{on_cluster}}
(
    tenant      LowCardinality(String),
    id          UUID,
    kind        Enum8('incremental' = 1, 'full' = 2),
    first_leaf  UInt64,
    size        UInt64 COMMENT 'size of the tree that was verified',
    events      UInt64 COMMENT 'events whose bytes were hashed again',
    faults      UInt64,
    report      String COMMENT 'JSON, with the first thousand faults' CODEC(ZSTD(3)),
    started_at  DateTime64(3, 'UTC'),
    finished_at DateTime64(3, 'UTC')
)
ENGINE = {{engine MergeTree}}
ORDER BY (tenant, started_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
