-- What adopt_sandbox.sql would complete; changes nothing.
SELECT p.network_name, p.cidr::text, host(i.address), masklen(p.cidr)
  FROM rowhouse.imported_sandbox_v1(%(cluster)s, %(container_id)s, %(interface)s, %(node)s, %(only_node)s,
                                    %(is_verified)s, %(namespace)s, %(name)s, %(uid)s, %(networks)s::text[],
                                    %(cidrs)s::cidr[]) AS i
  JOIN rowhouse.reservations r ON r.network_id = i.network_id AND r.address = i.address
  JOIN rowhouse.pools p ON p.id = r.pool_id
 ORDER BY i.address
