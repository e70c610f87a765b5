-- The pools by each of their names and aliases.
SELECT n.name, p.network_name, p.cidr::text
  FROM rowhouse.pool_names n JOIN rowhouse.pools p ON p.id = n.pool_id
