-- The sandboxes of a node in one CNI network, for a GC.
SELECT DISTINCT a.container_id, a.interface
  FROM rowhouse.attachments a
 WHERE a.cluster = %(cluster)s AND a.node = %(node)s AND a.cni_network = %(cni_network)s
   AND a.attached_at < clock_timestamp()
