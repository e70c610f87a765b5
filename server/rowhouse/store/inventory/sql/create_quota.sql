-- Limits the addresses of a namespace; no row: there is no such pool.
INSERT INTO rowhouse.quotas (namespace, pool_id, addresses)
SELECT %(namespace)s, %(pool)s, %(addresses)s
 WHERE %(pool)s::integer IS NULL OR EXISTS (SELECT FROM rowhouse.pools WHERE id = %(pool)s)
RETURNING id
