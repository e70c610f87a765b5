-- Removes a pool; no row if a version is given and the pool has another.
DELETE FROM rowhouse.pools
 WHERE id = %(pool)s AND version = coalesce(%(version)s::integer, version)
RETURNING id
