-- Stores the answer to the request with an idempotency key.
UPDATE rowhouse.idempotency_keys
   SET status = %(status)s, body = %(body)s, headers = %(headers)s
 WHERE actor = %(actor)s AND key = %(key)s
RETURNING 1
