-- The names and aliases of pools, each with the current name of its pool, or else its CIDR.
SELECT n.name, coalesce(p.name, p.cidr::text)
  FROM rowhouse.pool_names n JOIN rowhouse.pools p ON p.id = n.pool_id
