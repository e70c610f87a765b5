-- Remove a batch of nodes that have not reported for some seconds. A node that reports meanwhile stays: its row is
-- read again after the lock on it.
DELETE FROM rowhouse.nodes AS n
 USING (SELECT o.cluster, o.node FROM rowhouse.nodes AS o
         WHERE o.last_seen < clock_timestamp() - %(seconds)s::float8 * interval '1 second'
         ORDER BY o.cluster, o.node LIMIT %(at_most)s FOR UPDATE SKIP LOCKED) AS gone
 WHERE n.cluster = gone.cluster AND n.node = gone.node
RETURNING n.node
