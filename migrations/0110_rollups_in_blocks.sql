-- The rollups once more, coarser, for reads over weeks: users, addresses and resources by blocks of eight days (UTC, from 1970-01-01 on),
-- and counts of all types together by time. With 100,000 resources a day a month is three blocks and seven days, a third of the
-- rows; the trend of a month is 3,000 rows instead of two million.
-- Projections, since they are written within the part that they are made of: what the insert of counts promises (all of a part or nothing
-- of it) holds for them. A merge makes them anew from what it has merged.
ALTER TABLE rollups {{on_cluster}} MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE rollups {{on_cluster}} ADD PROJECTION IF NOT EXISTS by_time
    (SELECT tenant, dimension, at, sum(events), sum(failures) GROUP BY tenant, dimension, at);
ALTER TABLE rollups {{on_cluster}} ADD PROJECTION IF NOT EXISTS by_block
    (SELECT tenant, dimension, toStartOfInterval(at, INTERVAL 691200000 MILLISECOND) AS block, resource_type, key,
            sum(events), sum(failures), min(first_at), max(last_at)
     GROUP BY tenant, dimension, block, resource_type, key);
ALTER TABLE rollups {{on_cluster}} MATERIALIZE PROJECTION by_time;
ALTER TABLE rollups {{on_cluster}} MATERIALIZE PROJECTION by_block;
