-- The addresses that an interface of a sandbox uses.
SELECT p.network_name, p.cidr::text, host(r.address), masklen(p.cidr)
  FROM rowhouse.attachments a
  JOIN rowhouse.reservations r USING (network_id, address)
  JOIN rowhouse.pools p ON p.id = r.pool_id
 WHERE a.cluster = %(cluster)s AND a.container_id = %(container_id)s
   AND a.interface = %(interface)s AND a.node = coalesce(%(only_node)s, a.node)
 ORDER BY r.address
