-- A page of the addresses of a pool that are in use.
SELECT host(address), own, container_id, namespace, pod, interface
  FROM rowhouse.mirrored_addresses_v1(%(pool)s, %(cluster)s, %(after)s, %(limit)s)
