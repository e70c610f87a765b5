-- The reservations that prevent a change of a pool: addresses that it would no longer assign, and pods that use the new
-- gateway's address.
SELECT host(r.address), r.owner_namespace, r.owner_name, count(*) OVER ()
  FROM rowhouse.pools p
  JOIN rowhouse.reservations r
    ON r.network_id = p.network_id
   AND r.address BETWEEN rowhouse.first_address(p.cidr) AND rowhouse.last_address(p.cidr)
 WHERE p.id = %(pool)s
   AND (r.pool_id = p.id
        AND r.address BETWEEN coalesce(p.window_first, rowhouse.first_usable(p.cidr))
                      AND coalesce(p.window_last, rowhouse.last_usable(p.cidr))
        AND r.address NOT BETWEEN coalesce(%(window_first)s::inet, rowhouse.first_usable(p.cidr))
                              AND coalesce(%(window_last)s::inet, rowhouse.last_usable(p.cidr))
        OR r.owner_kind = 'pod' AND r.address = %(gateway)s::inet
           AND host(p.gateway) IS DISTINCT FROM host(%(gateway)s::inet))
 ORDER BY r.address
 LIMIT 10
