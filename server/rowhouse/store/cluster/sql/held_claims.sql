-- The addresses of each claim of a cluster, and the pod that attached last ('': none).
SELECT o.namespace, o.name,
       array_agg(host(r.address) || '/' || masklen(p.cidr) ORDER BY family(r.address), r.address),
       coalesce((array_agg(latest.pod_name ORDER BY latest.attached_at DESC NULLS LAST))[1], '')
  FROM rowhouse.owner_objects o
  JOIN rowhouse.reservations r
    ON r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
   AND r.owner_cluster = o.cluster
  JOIN rowhouse.pools p ON p.id = r.pool_id
  LEFT JOIN LATERAL (SELECT a.pod_name, a.attached_at FROM rowhouse.attachments a
                      WHERE a.network_id = r.network_id AND a.address = r.address
                      ORDER BY a.attached_at DESC LIMIT 1) AS latest ON true
 WHERE o.cluster = %(cluster)s AND o.owner_kind = 'claim'
 GROUP BY o.namespace, o.name
