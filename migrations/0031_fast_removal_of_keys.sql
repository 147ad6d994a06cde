-- A destroyed key must leave the disk, not only the table. ClickHouse removes replaced parts when its cleanup comes round, and that
-- is once in five minutes for a quiet table, whatever old_parts_lifetime says. For these two small tables it comes every
-- second or two: measured from the erasure of a person to the last old part gone.
ALTER TABLE subjects {{on_cluster}} MODIFY SETTING
    cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0,
    cleanup_thread_preferred_points_per_iteration = 1;

ALTER TABLE keys {{on_cluster}} MODIFY SETTING
    cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0,
    cleanup_thread_preferred_points_per_iteration = 1;
