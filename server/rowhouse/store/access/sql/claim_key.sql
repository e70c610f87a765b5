-- Claims an idempotency key that is new, or whose request was interrupted: abandoned, or a minute without an answer.
-- "body" has the progress that the interrupted request stored. No row: another request has just claimed the key.
WITH claimed AS (
    INSERT INTO rowhouse.idempotency_keys AS k (actor, key, request) VALUES (%(actor)s, %(key)s, %(request)s)
        ON CONFLICT (actor, key) DO UPDATE SET created_at = clock_timestamp()
         WHERE k.status IS NULL AND k.request = %(request)s
           AND k.created_at < clock_timestamp() - interval '60 seconds'
    RETURNING true AS claimed, true AS same, status, body, headers)
SELECT claimed, same, status, body, headers FROM claimed
UNION ALL
SELECT false, request = %(request)s, status, body, headers FROM rowhouse.idempotency_keys
 WHERE actor = %(actor)s AND key = %(key)s AND NOT EXISTS (SELECT FROM claimed)
