-- A dead letter keeps the signature that its event came with, so that a replay sends the row as it was and signs nothing; and
-- who decided on it, with the reason of a discard.
ALTER TABLE dead_letters {{on_cluster}}
    ADD COLUMN IF NOT EXISTS key_id UInt32 COMMENT 'signing key of the event, 0 = not signed',
    ADD COLUMN IF NOT EXISTS signature String COMMENT 'HMAC-SHA256 of envelope, hex; empty if not signed',
    ADD COLUMN IF NOT EXISTS decided_by String COMMENT 'id of the API key that replayed or discarded it',
    ADD COLUMN IF NOT EXISTS note String COMMENT 'why it was discarded';
