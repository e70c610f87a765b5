-- Deletes a pool; no row if a version is given and the pool has another one.
DELETE FROM rowhouse.pools
 WHERE id = %(pool)s AND version = coalesce(%(version)s::integer, version)
RETURNING id
