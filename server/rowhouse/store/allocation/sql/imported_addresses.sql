-- The addresses of a pool that are unchanged since their import.
SELECT host(r.address), r.owner_namespace, r.owner_name, r.owner_interface
  FROM rowhouse.pools p
  JOIN rowhouse.reservations r
    ON r.network_id = p.network_id AND r.pool_id = p.id
   -- (the address is for the index)
   AND r.address BETWEEN rowhouse.first_address(p.cidr) AND rowhouse.last_address(p.cidr)
  JOIN rowhouse.tenures t ON t.id = r.tenure_id
 WHERE p.network_name = %(network)s AND p.cidr = %(cidr)s AND t.start_reason = 'IMPORT'
   AND (r.owner_cluster = %(cluster)s OR r.owner_kind = 'static')
 ORDER BY r.address
