-- The slices of all nodes.
SELECT pool_id, node, slice::text, cluster = %(cluster)s
  FROM rowhouse.node_slices ORDER BY pool_id, slice
