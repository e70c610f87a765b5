-- Writes a comment on an address that is in a pool of the network, or on a pool; no row: there is none.
INSERT INTO rowhouse.comments (network_id, address, pool_id, author, text)
SELECT p.network_id, %(address)s::inet, CASE WHEN %(address)s::inet IS NULL THEN p.id END, %(author)s, %(text)s
  FROM rowhouse.pools p
 WHERE p.id = %(pool)s OR (p.network_id = %(network)s AND p.cidr >>= %(address)s::inet)
 ORDER BY p.id LIMIT 1
RETURNING id
