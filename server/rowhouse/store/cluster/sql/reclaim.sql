-- Releases a sandbox's addresses if it has not changed since the controller read it.
SELECT host(address), released
  FROM rowhouse.reclaim_v1(%(actor)s, %(cluster)s, %(container_id)s, %(interface)s, %(node)s, %(pod_uid)s,
                           %(attached_at)s)
