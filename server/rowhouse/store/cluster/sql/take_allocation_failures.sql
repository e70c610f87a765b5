-- Removes and returns some allocation failures of a cluster.
SELECT cluster, namespace, pod, interface, node, pod_uid, message, times, reason, event_message, held_by
  FROM rowhouse.take_allocation_failures_v1(%(cluster)s, %(limit)s)
