-- A page of the sandboxes of a cluster that hold addresses for a pod.
SELECT container_id, interface, node, network, host(address), attached_at, extract(epoch FROM age)::float8,
       pod_uid, namespace, pod
  FROM rowhouse.sandboxes_v1(%(cluster)s, %(after_container_id)s, %(after_interface)s, %(limit)s)
