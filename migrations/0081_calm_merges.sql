-- Batches come every second, and merging two or three young parts at a time writes each row again and again: ten times over for
-- the ledger's leaves, five times for events. Waiting for more parts costs readers a few more small parts.
ALTER TABLE events {{on_cluster}} MODIFY SETTING min_parts_to_merge_at_once = 8;
ALTER TABLE ledger_leaves {{on_cluster}} MODIFY SETTING min_parts_to_merge_at_once = 16;
ALTER TABLE ledger_tiles {{on_cluster}} MODIFY SETTING min_parts_to_merge_at_once = 16;
ALTER TABLE checkpoints {{on_cluster}} MODIFY SETTING min_parts_to_merge_at_once = 16;
