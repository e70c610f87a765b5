-- The sandboxes that hold addresses for pods of one name; columns as held_sandboxes.sql.
SELECT container_id, interface, node, network, host(address), attached_at, extract(epoch FROM age)::float8,
       pod_uid, namespace, pod
  FROM rowhouse.sandboxes_v1(%(cluster)s, '', '', 0, %(namespace)s, %(pod)s)
