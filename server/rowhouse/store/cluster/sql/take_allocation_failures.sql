-- Removes and returns some allocation failures of a cluster.
SELECT cluster, namespace, pod, interface, node, pod_uid, message, times, reason
  FROM rowhouse.take_allocation_failures_v1(%(cluster)s, %(limit)s)
