-- Removes some idempotency keys that are older than a day. Called with every new key, so few remain.
DELETE FROM rowhouse.idempotency_keys k
 USING (SELECT actor, key FROM rowhouse.idempotency_keys
         WHERE created_at < (SELECT clock_timestamp()) - interval '24 hours'
         ORDER BY created_at LIMIT 20 FOR UPDATE SKIP LOCKED) AS old
 WHERE k.actor = old.actor AND k.key = old.key
RETURNING 1
