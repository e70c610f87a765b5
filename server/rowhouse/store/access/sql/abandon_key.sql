-- Lets the next request claim an idempotency key whose request failed.
UPDATE rowhouse.idempotency_keys SET created_at = clock_timestamp() - interval '61 seconds'
 WHERE actor = %(actor)s AND key = %(key)s AND status IS NULL
RETURNING 1
