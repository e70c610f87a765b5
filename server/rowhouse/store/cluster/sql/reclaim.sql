-- Ends what a sandbox held, if it is as the controller saw it.
SELECT host(address), released
  FROM rowhouse.reclaim_v1(%(actor)s, %(cluster)s, %(container_id)s, %(interface)s, %(node)s, %(pod_uid)s,
                           %(attached_at)s)
