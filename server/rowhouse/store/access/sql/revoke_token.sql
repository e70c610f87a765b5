-- Revokes a token; no row if there is no valid token with this name.
UPDATE rowhouse.tokens SET revoked_at = clock_timestamp()
 WHERE name = %(name)s AND revoked_at IS NULL
RETURNING name
