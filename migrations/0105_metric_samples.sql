-- What the processes counted, all together, every half minute: how Grafana sees the pipeline, whose state is in Redis, without a
-- second data source. Every worker writes the sample of the same moment; they are merged into one.
-- Reads are one metric over a time, so the metric leads the key; values repeat, so a sample of 150 values takes some 200 bytes.
CREATE TABLE IF NOT EXISTS metric_samples {{on_cluster}}
(
    name   LowCardinality(String) COMMENT 'as at /metrics; histograms are name_bucket, name_sum and name_count',
    labels LowCardinality(String) COMMENT 'JSON, sorted, without le',
    le     Float64 COMMENT 'upper bound of the bucket; 0 if the metric is none, inf for the last' CODEC(ZSTD(1)),
    at     DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    value  Float64 CODEC(Gorilla, ZSTD(1))
)
ENGINE = {{engine ReplacingMergeTree}}
ORDER BY (name, labels, le, at)
TTL at + INTERVAL 40 DAY;
