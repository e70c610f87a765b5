-- The CNI networks whose sandboxes use a pool in a cluster.
SELECT DISTINCT a.cni_network
  FROM rowhouse.pools p
  JOIN rowhouse.attachments a
    ON a.network_id = p.network_id
   AND a.address BETWEEN rowhouse.first_address(p.cidr) AND rowhouse.last_address(p.cidr)
  JOIN rowhouse.reservations r
    ON r.network_id = a.network_id AND r.address = a.address AND r.pool_id = p.id
 WHERE p.id = %(pool)s AND a.cluster = %(cluster)s AND a.cni_network <> ''
