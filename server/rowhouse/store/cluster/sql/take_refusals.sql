-- Takes some refused ADDs of a cluster out of the table.
SELECT cluster, namespace, pod, interface, node, pod_uid, message, times, reason
  FROM rowhouse.take_refusals_v1(%(cluster)s, %(limit)s)
